import json

import pyarrow.parquet as pq
import pytest

from animeflow.delivery.export_files import ExportFiles
from animeflow.delivery.folder_export import export_folder, windows
from animeflow.settings.delivery import ExportSettings
from animeflow.tables.staging import Staged, Staging, finalise
from animeflow.tables.status import Reason, State, Status
from animeflow_tests.fixtures.shards import BASE, CLIP, FILMS, STEP, ShardWriter, tree

ALL = (
    "shard_files", "clips", "kept_clips", "clip_videos", "flash", "statistics", "text", "quality", "aesthetics",
    "motion",
    "annotations", "captions", "transcripts",
)  # fmt: skip


@pytest.fixture
def export(shard, tmp_path):
    def run(name: str = "staging", assets=ALL, writer: ShardWriter = shard, **settings):
        staging = Staging.begin("dataset_export", writer.shard, tmp_path / name)
        files = ExportFiles("folder", staging)
        summary = export_folder(writer.handles(*assets), files, ExportSettings(**settings))
        root = staging.folder / "media/folder/data" / writer.shard
        lines = [json.loads(line) for line in (root / "metadata.jsonl").read_text().splitlines()]
        return lines, summary, files, root

    return run


def test_kept_clips_have_files_and_dropped_ones_a_reason(export):
    lines, _, _, root = export()
    assert len(lines) == 6
    for line in lines:
        if line["keep"]:
            assert (root / line["file_name"]).read_bytes() == f"clip {line['clip_id']}".encode()
            assert line["reason"] == "kept"
        else:
            assert (line["file_name"], line["reason"], line["failed"]) == (
                None,
                "max_text_area",
                "max_text_area",
            )
    assert {path.name for path in (root / "videos").iterdir()} == {
        f"{line['clip_id']}.mkv" for line in lines if line["keep"]
    }


def test_every_line_has_the_same_fields_of_the_same_kind_nulls_included(export):
    lines, _, _, _ = export()
    assert len({tuple(line) for line in lines}) == 1
    assert len({tuple(line["scores"]) for line in lines}) == 1
    for line in lines:
        assert line["scores"]["quality"] is None
        assert line["score_reasons"]["quality"] == "no model is chosen"
        assert not any(isinstance(value, list) for value in line.values())


def test_times_count_from_the_first_frame_and_are_not_frame_over_rate(export):
    lines, _, _, _ = export()
    assert (lines[1]["t0"], lines[1]["t1"]) == (CLIP * STEP / BASE, 2 * CLIP * STEP / BASE)
    assert lines[1]["fps"] == pytest.approx(24000 / 1001)
    assert (lines[0]["width"], lines[0]["height"]) == (64, 36)


def test_what_is_said_and_labelled_is_joined_by_clip(export):
    lines, _, _, _ = export()
    by_clip = {line["clip_id"]: line for line in lines}
    assert by_clip[FILMS[0].clip(0)]["transcript"] == "やあ"
    assert by_clip[FILMS[0].clip(1)]["transcript"] is None
    assert by_clip[FILMS[0].clip(1)]["palette"] == "#405060:1.000"
    assert by_clip[FILMS[0].clip(2)]["hold_pattern"] is None


def test_the_summary_reconciles_and_lists_what_is_missing(export):
    _, summary, _, _ = export()
    assert summary["clips"] == summary["kept"] + sum(summary["dropped"].values()) == 6
    assert summary["kept"] == summary["exported"] + len(summary["kept_without_file"]) == 4
    assert summary["missing"] == [
        {"asset": "shard_files", "path": "Show/broken.mkv", "state": "failed", "reason": "not_media"}
    ]


def test_a_video_that_failed_after_its_probe_is_failed_in_the_summary(export, fresh):
    assert export(writer=fresh)[1]["files"] == {"ok": 2, "failed": 1, "skipped": 0}
    film = FILMS[1]
    late = Status(film.path, film.id, State.FAILED, Reason.UNDECODABLE)
    staged = Staged(fresh.staging("frame_signals"), [Status(FILMS[0].path, FILMS[0].id), late], "in", {})
    finalise(staged, fresh.workspace.asset_dir(fresh.shard, "frame_signals"))
    _, summary, _, _ = export("late", assets=(*ALL, "frame_signals"), writer=fresh)
    assert summary["files"] == {"ok": 1, "failed": 2, "skipped": 0}


def test_dropped_clips_can_be_left_out(export):
    lines, _, _, _ = export(rejected=False)
    assert all(line["keep"] for line in lines)


def test_a_kept_clip_without_file_says_so(export):
    assets = [
        asset for asset in ALL if asset not in ("clip_videos", "annotations", "captions", "transcripts")
    ]
    lines, summary, _, _ = export(assets=assets)
    kept = [line for line in lines if line["keep"]]
    assert {line["missing_file"] for line in kept} == {"kept, but its clip file was not made"}
    assert len(summary["kept_without_file"]) == 4


def test_the_same_bytes_twice_and_no_place_of_this_machine(export, tmp_path):
    *_, one = export("one")
    *_, two = export("two")
    assert tree(one) == tree(two)
    assert all(str(tmp_path).encode() not in data for data in tree(one).values())


def test_files_are_linked_not_copied_and_every_file_has_a_row(export, shard):
    _, _, files, root = export()
    source = shard.handle("clip_videos").media(shard.handle("clip_videos").rows()[0]["media_path"])
    assert (root / "videos" / source.name).stat().st_ino == source.stat().st_ino
    assert {row["path"] for row in files.rows} == {f"data/{shard.shard}/{name}" for name in tree(root)}


def test_windows_are_ranges_with_inclusive_ends_as_text():
    assert windows({"windows": [0, 60], "window_frames": 121}) == {
        "num_windows": 2,
        "windows": "0-120 60-180",
    }
    assert windows({"windows": [], "window_frames": 121}) == {"num_windows": 0, "windows": ""}
    assert windows({"windows": None, "window_frames": None}) == {"num_windows": None, "windows": None}


def test_a_line_lists_the_windows_of_its_clip_and_null_where_its_table_lists_none(export):
    lines, _, _, _ = export()
    listed = {line["clip_id"]: (line["num_windows"], line["windows"]) for line in lines}
    assert listed[FILMS[0].clip(0)] == (2, f"0-{CLIP - 2} 1-{CLIP - 1}")
    assert listed[FILMS[0].clip(1)] == (None, None)


def test_files_without_sound_stand_beside_the_videos_and_are_named(export, fresh):
    for path in fresh.workspace.asset_dir(fresh.shard, "clip_videos").glob("tables/clip_videos/*.parquet"):
        table = pq.read_table(path)
        for column in ("media_path", "sha256"):
            place = table.schema.get_field_index(f"mute_{column}")
            table = table.set_column(place, table.schema.field(place), table[column])
        pq.write_table(table, path)
    lines, _, files, root = export(writer=fresh)
    kept = [line for line in lines if line["keep"]]
    assert kept
    for line in lines:
        wanted = f"mute/{line['clip_id']}.mkv" if line["keep"] else None
        assert line["mute_file_name"] == wanted
        assert wanted is None or (root / wanted).is_file()
    assert sum(row["role"] == "mute_video" for row in files.rows) == len(kept)
