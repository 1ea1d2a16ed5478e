"""Commands on single files: their JSON, their order, failed files, and stdout that holds nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from animeflow.cli import terminal
from animeflow.cli.each_file import each_file
from animeflow.cli.files import colour_words, show_shots, shown_words
from animeflow.defs.layer_work import WORKS
from animeflow.defs.progress import listeners
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.settings.load import load
from animeflow.settings.rules import rules_of
from animeflow.tables.schemas.catalog import MEASURE_COLUMNS
from animeflow_tests.cli.conftest import Call

CONTENT = ("--set", "shots.detector={kind: content}")
NO_TEXT = ("--set", "shots.text.enabled=false")


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "not a video.mkv"
    path.write_bytes(b"nothing")
    return path


def test_shots_gives_frames_cuts_transitions_and_shots(animeflow: Call, clip: Path) -> None:
    called = animeflow("shots", clip, *CONTENT, "--json")
    (line,) = called.out.splitlines()
    found = json.loads(line)
    assert called.code == 0
    assert found == {
        "file": str(clip),
        "frames": 48,
        "fps": 24.0,
        "cuts": [24],
        "transitions": [],
        "shots": [{"start": 0, "end": 24}, {"start": 24, "end": 48}],
    }


def test_people_read_where_the_fades_of_a_video_end() -> None:
    shot = {"start": 0, "end": 48}
    words = show_shots(
        {
            "file": "a.mkv", "frames": 48, "fps": 24.0, "cuts": [], "shots": [shot],
            "transitions": [{"start": 0, "end": 12, "kind": "fade_in"}],
        }
    )  # fmt: skip
    assert "begins with a fade in frames 0 to 12" in words
    assert "ends with a fade" not in words


def test_lines_come_in_the_order_of_the_arguments_and_a_failed_file_is_one_of_them(
    animeflow: Call, clip: Path, broken: Path
) -> None:
    called = animeflow("probe", broken, clip, "nowhere.mkv", "--json")
    lines = [json.loads(line) for line in called.out.splitlines()]
    assert [line["file"] for line in lines] == [str(broken), str(clip), "nowhere.mkv"]
    assert ["error" in line for line in lines] == [True, False, True]
    assert set(lines[0]) == {"file", "error"}
    assert called.code == 3, "some files failed"


def test_the_exit_code_is_1_when_every_file_failed_and_2_without_any(animeflow: Call, broken: Path) -> None:
    assert animeflow("shots", broken, "--json").code == 1
    assert animeflow("shots", "--json").code == 2


def test_an_hdr_source_has_no_broadcast_flashes_and_says_why(animeflow: Call, tmp_path: Path) -> None:
    path = tmp_path / "pq.mkv"
    source = ("-f", "lavfi", "-i", "testsrc2=size=160x96:rate=24:duration=1", "-pix_fmt", "yuv420p10le")
    coded = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:transfer=smpte2084")
    subprocess.run([str(ffmpeg_path()), "-v", "error", *source, *coded, str(path)], check=True)
    called = animeflow("measures", path, *CONTENT, *NO_TEXT, "--json")
    (found,) = json.loads(called.out)["clips"]
    assert found["measures"]["broadcast_flashes"] is None
    assert "HDR source (PQ)" in found["reasons"]["broadcast_flashes"]
    assert found["measures"]["general_flashes"] is not None


def test_measures_gives_every_measure_of_every_clip_and_why_one_is_null(animeflow: Call, clip: Path) -> None:
    called = animeflow("measures", clip, *CONTENT, *NO_TEXT, "--json")
    (line,) = called.out.splitlines()
    clips = json.loads(line)["clips"]
    assert [(found["start"], found["end"]) for found in clips] == [(0, 24), (24, 48)]
    names = {name for columns in MEASURE_COLUMNS.values() for name in columns}
    for found in clips:
        assert set(found["measures"]) == names
        null = {name for name, value in found["measures"].items() if value is None}
        assert null == set(found["reasons"]) and all(found["reasons"].values())
        assert {"quality", "aesthetics", "text_area_max"} <= null
        assert found["measures"]["general_flashes"] is not None


def test_people_get_a_table(animeflow: Call, clip: Path, broken: Path) -> None:
    called = animeflow("shots", clip, broken, *CONTENT)
    assert "2 shots" in called.out and "not a video.mkv" in called.err and called.code == 3
    assert "matroska" in animeflow("probe", clip).out
    assert "sharpness" in animeflow("measures", clip, *CONTENT, *NO_TEXT).out


def test_layers_writes_what_is_published(
    animeflow: Call, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "PLAIN_EVERY_S", 0.0)
    small = ("--set", "models.matte.short_side_px=64", "--set", "layers.segmentation.net_drawings=1")
    called = animeflow("layers", clip, "--out", tmp_path / "layers", *CONTENT, *small, "--json")
    found = json.loads(called.out)
    assert called.code == 0 and len(found["clips"]) == 2
    stages = {line.split()[0]: line for line in called.err.splitlines()}
    assert list(stages) == ["file", "frame_signals", *WORKS], "on stderr alone"
    assert stages["frame_signals"].endswith("frames/s  48 rows"), "when it has ended"
    going = {line.split()[0] for line in called.err.splitlines() if "1/1" in line and "%" in line}
    assert going == {"frame_signals", *WORKS}, "and while it works"
    assert not listeners
    folder = Path(found["out"])
    rows = [json.loads(line) for line in (folder / "smoothed_layers.jsonl").read_text().splitlines()]
    assert rows
    for row in rows:
        for name in ("character", "background", "hole", "instances"):
            assert (folder / row[f"{name}_path"]).is_file()
    assert [path.name for path in (tmp_path / "layers").iterdir()] == [folder.name], (
        "nothing else stays behind"
    )


def test_layers_of_a_video_without_clips(animeflow: Call, clip: Path, tmp_path: Path) -> None:
    long = ("--set", "shots.clips.min_s=60", "--set", "shots.clips.max_s=200")
    called = animeflow("layers", clip, "--out", tmp_path / "layers", *CONTENT, *long)
    assert called.code == 0 and "no clips" in called.out
    (folder,) = (tmp_path / "layers").iterdir()
    assert [path.read_bytes() for path in sorted(folder.iterdir())] == [b"", b""]


def test_the_folder_of_the_layers_is_checked_once_before_the_first_file(
    animeflow: Call, broken: Path, clip: Path
) -> None:
    called = animeflow("layers", broken, clip, "--out", broken / "inside", "--json")
    assert (called.code, called.out) == (2, "")
    assert called.err.count(str(broken / "inside")) == 1
    assert "Not a directory" in called.err and "--out" in called.err


@pytest.fixture
def odd(tmp_path: Path, clip: Path) -> Path:
    """A good video whose name is no UTF-8, neither in its stem nor in its extension."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.mp\xfe"))
    path.write_bytes(clip.read_bytes())
    return path


def test_a_name_that_is_no_utf_8_costs_no_file_its_line(animeflow: Call, odd: Path, clip: Path) -> None:
    called = animeflow("probe", odd, "nowhere.mkv", clip)
    assert called.code == 3
    assert called.out.count("48 frames") == 2 and "bad\\xff.mp\\xfe" in called.out


def test_layers_of_a_name_that_is_no_utf_8(animeflow: Call, odd: Path, broken: Path, tmp_path: Path) -> None:
    small = ("--set", "models.matte.short_side_px=64", "--set", "layers.segmentation.net_drawings=1")
    called = animeflow("layers", odd, broken, "--out", tmp_path / "layers", *CONTENT, *small, "--json")
    lines = [json.loads(line) for line in called.out.splitlines()]
    assert ["error" in line for line in lines] == [False, True], lines
    assert lines[0]["file"].endswith("/bad\\xff.mp\\xfe")
    assert Path(lines[0]["out"]).name.startswith("bad-") and Path(lines[0]["out"]).is_dir()


def test_an_error_that_nobody_foresaw_is_a_line_and_the_next_file_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def work(path: Path) -> dict[str, int]:
        return {"half": 1 // int(path.name)}

    assert each_file([Path("0"), Path("1")], work, str, as_json=True) == 3
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert "ZeroDivisionError: " in first["error"] and second == {"file": "1", "half": 1}


def test_an_interruption_ends_all_files() -> None:
    def work(path: Path) -> dict[str, int]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        each_file([Path("0"), Path("1")], work, str, as_json=True)


@pytest.mark.parametrize("command", ["probe", "shots", "measures", "layers"])
def test_an_interrupted_file_promises_no_going_on(
    animeflow: Call, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def stopped(*_: object, **__: object) -> int:
        raise KeyboardInterrupt

    module = "layers" if command == "layers" else "files"
    monkeypatch.setattr(f"animeflow.cli.{module}.each_file", stopped)
    out = ("--out", tmp_path / "layers") if command == "layers" else ()
    called = animeflow(command, clip, *out)
    assert called.code == 130 and "go on" not in called.err
    assert called.err == "interrupted; files that were answered stand, the same command begins anew\n"


def test_the_line_of_a_failed_file_names_it_once(animeflow: Call, tmp_path: Path) -> None:
    (tmp_path / "empty.mkv").touch()
    called = animeflow("shots", "empty.mkv")
    assert called.err.splitlines() == ["empty.mkv: is an empty file"]


def test_what_is_measured_is_what_the_rules_ask_for() -> None:
    columns = {name for found in MEASURE_COLUMNS.values() for name in found} | {"duration_s"}
    assert {rule.column for rule in rules_of(load(environment={}).curation)} <= columns


@pytest.mark.parametrize("command", ["probe", "shots", "measures"])
def test_a_pipe_is_an_error_and_never_waited_for(animeflow: Call, command: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mkv")
    called = animeflow(command, "pipe.mkv", "--json")
    assert called.code == 1 and "not a regular file" in json.loads(called.out)["error"]


def test_probe_says_that_a_file_ends_before_its_header_does(
    animeflow: Call, clip: Path, tmp_path: Path
) -> None:
    whole = clip.read_bytes()
    (tmp_path / "half.mkv").write_bytes(whole[: len(whole) // 4])
    assert "TRUNCATED" in animeflow("probe", "half.mkv").out
    assert "TRUNCATED" not in animeflow("probe", clip).out
    assert json.loads(animeflow("probe", "half.mkv", "--json").out)["truncated"] is True


def test_probe_says_that_a_file_is_hdr(animeflow: Call, clip: Path, tmp_path: Path) -> None:
    """A real stream: PQ on BT.2020 with 10 bit, and the light of its mastering display."""
    path = tmp_path / "hdr.mkv"
    source = ("-f", "lavfi", "-i", "testsrc2=size=160x96:rate=24:duration=0.5", "-pix_fmt", "yuv420p10le")
    tags = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:range=limited"
    light = (
        "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400"
    )
    coded = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", f"log-level=none:{tags}:{light}")
    subprocess.run([str(ffmpeg_path()), "-v", "error", *source, *coded, str(path)], check=True)
    lines = animeflow("probe", path).out.splitlines()
    assert "yuv420p10le" in lines[1]
    words = "primaries BT.2020, transfer PQ, limited range, HDR metadata"
    assert lines[2].partition("colour")[2].strip() == words
    found = json.loads(animeflow("probe", path, "--json").out)
    codes = {name: found[f"color_{name}"] for name in ("primaries", "transfer", "space", "range")}
    assert codes == {"primaries": 9, "transfer": 16, "space": 9, "range": 1} and found["bit_depth"] == 10
    assert found["hdr"]["max_cll"] == 1000
    assert "PQ" not in animeflow("probe", clip).out


def test_probe_refuses_what_the_settings_refuse(animeflow: Call, clip: Path) -> None:
    called = animeflow("probe", clip, "--set", "shots.decode.max_pixels=4096")
    assert called.code != 0 and "more than 4096 pixels" in called.out + called.err


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({}, ""),
        (
            {"color_primaries": 9, "color_transfer": 16, "color_range": 1},
            "primaries BT.2020, transfer PQ, limited range",
        ),
        ({"color_primaries": 1, "color_transfer": 17, "hdr": {}}, "primaries BT.709, transfer code 17"),
        ({"color_range": 2, "hdr": {"max_cll": 1000}}, "full range, HDR metadata"),
    ],
)
def test_probe_says_colours_in_words(tags: dict[str, object], words: str) -> None:
    untagged = {"color_primaries": 2, "color_transfer": 2, "color_range": 0, "hdr": None}
    assert colour_words({**untagged, **tags}) == words


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, ""),
        ({"interlaced": True}, "interlaced"),
        ({"interlaced": True, "field_order": "tt"}, "interlaced (tt)"),
        ({"sar_num": 32, "sar_den": 27, "rotation": 90}, "pixels 32:27, rotated by 90 degrees"),
        ({"mirrored": True}, "mirrored"),
    ],
)
def test_probe_says_how_pictures_are_to_be_shown(facts: dict[str, object], words: str) -> None:
    plain = {"interlaced": False, "field_order": "unknown", "sar_num": 1, "sar_den": 1, "rotation": 0}
    plain["mirrored"] = False
    assert shown_words({**plain, **facts}) == words


def test_damaged_frames_are_counted_on_stderr(animeflow: Call, clip: Path, tmp_path: Path) -> None:
    data = bytearray(clip.read_bytes())
    for at in range(len(data) // 3, len(data) * 2 // 3, 500):
        data[at] ^= 0xFF
    path = tmp_path / "damaged.mkv"
    path.write_bytes(bytes(data))
    called = animeflow("shots", path, *CONTENT, "--json", "--set", "shots.decode.max_corrupt_share=1")
    frames = json.loads(called.out)["frames"]
    assert called.code == 0
    assert re.search(rf"[1-9]\d* of {frames} frames are damaged; they are taken as they decode", called.err)
    assert "damaged" not in animeflow("shots", clip, *CONTENT).err


@pytest.mark.parametrize("words", [("shots",), ("measures",), ("layers", "--out", "layers")])
def test_a_restoration_which_only_a_run_makes_is_refused(
    animeflow: Call, clip: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    called = animeflow(*words, clip, "--set", "source.restore=film")
    assert called.code == 2 and not called.out and not (tmp_path / "layers").exists()
    assert "look at the file as it is; `animeflow run` restores" in called.err
