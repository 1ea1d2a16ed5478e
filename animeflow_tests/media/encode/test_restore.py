from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from animeflow.errors import DiskFull, EncodeError, ProbeError
from animeflow.media.command import run_command
from animeflow.media.decode.reader import counting_decodes, open_video
from animeflow.media.encode import restore as restoring
from animeflow.media.encode.restore import Restored, filters_for, restore
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe.file import probe
from animeflow.media.probe.scan import Scan, scan
from animeflow_tests.media.fields import (
    BFF,
    FIELDS,
    FILM,
    LACED,
    TELECINE,
    TELECINE_BOTTOM,
    TFF,
    drawn,
    write_fields,
)
from animeflow_tests.media.numbered import ffmpeg

COUNT = 96


def restored(path: Path, target: Path, **options: bool) -> Restored | None:
    facts = probe(path)
    return restore(path, facts, scan(path, facts), target, **options)


def lumas(path: Path) -> np.ndarray:
    with open_video(path, purpose="test") as reader:
        return np.stack([frame.gray() for frame in reader])


@pytest.mark.parametrize(("filters", "flags"), [(TELECINE, TFF), (TELECINE_BOTTOM, BFF)])
def test_240_frames_of_telecined_film_become_its_192(
    tmp_path: Path, filters: str, flags: tuple[str, ...]
) -> None:
    film = drawn(192)
    path = write_fields(tmp_path / "t.mkv", film, rate=FILM, filters=filters, codec=flags)
    with counting_decodes() as counter:
        done = restored(path, tmp_path / "film.mkv")
    assert done is not None
    assert "send_frame" in done.filters
    assert (done.from_frames, counter["restore"]) == (240, 240)
    video = probe(tmp_path / "film.mkv").video
    assert (video.frames, video.average_rate) == (192, Fraction(24000, 1001))
    assert (video.interlaced, video.times.variable_rate) == (False, False)
    plain = lumas(write_fields(tmp_path / "plain.mkv", film, rate=FILM))
    apart = np.abs(lumas(tmp_path / "film.mkv").astype(int) - plain).mean(axis=(1, 2))
    assert np.quantile(apart, 0.95) < 1.5, "the pictures are those of the film, in its order"
    assert not [p for p in tmp_path.iterdir() if p.name.endswith(".part")]


def test_interlaced_video_keeps_its_frames_and_loses_its_combs(tmp_path: Path) -> None:
    path = write_fields(tmp_path / "i.mkv", drawn(2 * COUNT, speed=2), rate=FIELDS, filters=LACED, codec=TFF)
    done = restored(path, tmp_path / "p.mkv")
    assert done is not None
    before, after = probe(path).video, probe(tmp_path / "p.mkv").video
    assert (after.frames, after.average_rate) == (before.frames, Fraction(30000, 1001))
    assert not after.interlaced

    def combs(pictures: np.ndarray) -> float:
        rows = pictures.astype(int)
        return float(np.abs(2 * rows[:, 1:-1] - rows[:, :-2] - rows[:, 2:]).mean())

    assert combs(lumas(tmp_path / "p.mkv")) < 0.5 * combs(lumas(path))


def test_the_intermediate_holds_exactly_what_the_filters_give(tmp_path: Path) -> None:
    path = write_fields(tmp_path / "t.mkv", drawn(COUNT), rate=FILM, filters=TELECINE, codec=TFF)
    done = restored(path, tmp_path / "a.mkv")
    assert done is not None

    def hashes(file: Path, *filters: str) -> list[bytes]:
        args = [
            ffmpeg_path(),
            "-v",
            "error",
            "-i",
            file,
            *filters,
            "-fps_mode",
            "passthrough",
            "-f",
            "framemd5",
            "-",
        ]
        lines = run_command(args, timeout_s=60).stdout.splitlines()
        return [line.split(b",")[-1] for line in lines if not line.startswith(b"#")]

    assert hashes(tmp_path / "a.mkv") == hashes(path, "-vf", done.filters)
    restored(path, tmp_path / "b.mkv")
    assert (tmp_path / "a.mkv").read_bytes() == (tmp_path / "b.mkv").read_bytes()


def test_every_other_stream_shape_and_tag_is_kept(tmp_path: Path, rich_mkv: Path) -> None:
    shape = "setsar=4/3,setparams=color_primaries=smpte170m:color_trc=smpte170m:colorspace=smpte170m"
    film = write_fields(tmp_path / "f.mkv", drawn(48), rate=FILM, filters=f"{TELECINE},{shape}", codec=TFF)
    path = tmp_path / "rich.mkv"
    ffmpeg("-i", film, "-i", rich_mkv, "-map", "0:v", "-map", "1:a", "-map", "1:s", "-map", "1:t", "-map_metadata", "1",
           "-map_chapters", "1", "-c", "copy", path)  # fmt: skip
    assert restored(path, tmp_path / "out.mkv") is not None
    before, after = probe(path), probe(tmp_path / "out.mkv")
    assert after.video.sample_aspect_ratio == Fraction(4, 3)
    assert (after.video.color_primaries, after.video.color_space) == (6, 6)
    assert after.metadata["title"] == before.metadata["title"]
    assert after.chapters == before.chapters
    for old, new in zip(before.audio, after.audio, strict=True):
        assert (old.codec, old.language, old.title, old.dispositions) == (
            new.codec, new.language, new.title, new.dispositions,
        )  # fmt: skip
    assert [t.codec for t in after.subtitles] == [t.codec for t in before.subtitles]
    assert [(a.name, a.sha256) for a in after.attachments] == [(a.name, a.sha256) for a in before.attachments]


@pytest.mark.parametrize("kind", ["progressive", "telecine_soft", "unknown"])
def test_what_is_film_already_is_left_alone(tmp_path: Path, plain_mkv: Path, kind: str) -> None:
    assert restore(plain_mkv, probe(plain_mkv), Scan(kind), tmp_path / "x.mkv") is None  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_mixed_content_is_refused_unless_it_is_forced() -> None:
    with pytest.raises(ProbeError, match=r"source\.restore_mixed=true") as caught:
        filters_for(Scan("mixed", "bottom"))
    assert caught.value.reason == "not_restorable"
    assert "order=bff" in str(filters_for(Scan("mixed", "bottom"), mixed=True))


def test_a_result_that_lost_frames_is_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_fields(tmp_path / "t.mkv", drawn(COUNT), rate=FILM, filters=TELECINE, codec=TFF)
    monkeypatch.setattr(restoring, "filters_for", lambda *_, **__: "select=lt(n\\,60),decimate")
    with pytest.raises(EncodeError, match="48 frames, 96 are wanted"):
        restored(path, tmp_path / "x.mkv")
    assert [p.name for p in tmp_path.iterdir()] == ["t.mkv"]


def test_a_full_disk_is_told_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_fields(tmp_path / "t.mkv", drawn(48), rate=FILM, filters=TELECINE, codec=TFF)
    monkeypatch.setattr(restoring, "_SHARE_OF_RAW", 1e9)
    with pytest.raises(DiskFull, match=r"source\.restore=never"):
        restored(path, tmp_path / "x.mkv")
