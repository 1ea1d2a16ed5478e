"""Checks recount from the files: an intact shard passes, and each kind of damage is found."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from animeflow.defs.checks import SHARD_CHECKS, Check, recount, result
from animeflow.defs.resources.settings import resolve
from animeflow.media.decode.reader import open_video
from animeflow.media.images import read_image, write_webp
from animeflow.media.probe.file import probe
from animeflow.tables.stages import STAGES
from animeflow.tables.workspace import Workspace
from animeflow_tests.defs.conftest import WHOLE
from animeflow_tests.media.empty_vops import with_empty_packets
from animeflow_tests.media.numbered import write_numbered

CHECKS = {f"{check.asset}.{check.name}": check for check in SHARD_CHECKS}


def run(check: Check, workspace: Workspace) -> recount.Verdict:
    return check.recount(workspace, WHOLE, resolve(workspace))


@pytest.fixture
def damaged(whole: Workspace, tmp_path: Path) -> Workspace:
    """A copy that may be damaged."""
    shutil.copytree(whole.root, tmp_path / "copy")
    return Workspace(tmp_path / "copy")


@pytest.mark.parametrize("name", CHECKS)
def test_an_intact_shard_passes_and_the_check_counted_something(whole: Workspace, name: str) -> None:
    verdict = run(CHECKS[name], whole)
    assert not verdict.faults
    assert sum(verdict.numbers.values()) > 0, "a check that counts nothing proves nothing"


def cut_encode(workspace: Workspace) -> None:
    """The encode loses its last third."""
    (path,) = workspace.asset_dir(WHOLE, "av1_videos").glob("media/*.mkv")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])


def move_a_frame(workspace: Workspace) -> None:
    """A frame of the source is shown 5 ms later than in the encode."""
    for path in workspace.asset_dir(WHOLE, "frame_signals").glob("tables/frame_signals/*.parquet"):
        table = pq.read_table(path)
        times = np.asarray(table["pts"]).copy()
        times[7] += max(1, table["time_base_den"][0].as_py() // 200)
        place = table.schema.get_field_index("pts")
        pq.write_table(table.set_column(place, table.schema.field("pts"), [times]), path)


def spoil_a_muted_file(workspace: Workspace) -> None:
    """The file without sound has another byte in a picture."""
    for path in workspace.asset_dir(WHOLE, "clip_videos").glob("tables/clip_videos/*.parquet"):
        table = pq.read_table(path)
        names = []
        for name in table["media_path"].to_pylist():
            data = bytearray((workspace.asset_dir(WHOLE, "clip_videos") / name).read_bytes())
            data[len(data) // 2] ^= 0xFF
            names.append(name.replace(".mkv", ".mute.mkv"))
            (workspace.asset_dir(WHOLE, "clip_videos") / names[-1]).write_bytes(data)
        place = table.schema.get_field_index("mute_media_path")
        column = pa.array(names, pa.string())
        pq.write_table(table.set_column(place, table.schema.field(place), column), path)


def drop_clip_file(workspace: Workspace) -> None:
    """The table of clip files loses a row."""
    for path in workspace.asset_dir(WHOLE, "clip_videos").glob("tables/clip_videos/*.parquet"):
        table = pq.read_table(path)
        pq.write_table(table.slice(1), path)


def drop_decision(workspace: Workspace) -> None:
    """A clip is neither kept nor dropped."""
    for path in workspace.asset_dir(WHOLE, "kept_clips").glob("tables/kept_clips/*.parquet"):
        pq.write_table(pq.read_table(path).slice(1), path)


def lose_a_frame(workspace: Workspace) -> None:
    """A frame is missing in the signals."""
    for path in workspace.asset_dir(WHOLE, "frame_signals").glob("tables/frame_signals/*.parquet"):
        table = pq.read_table(path)
        pq.write_table(table.filter(np.asarray(table["frame"]) != 5), path)


def shorten_a_shot(workspace: Workspace) -> None:
    """The last frame belongs to no shot."""
    for path in workspace.asset_dir(WHOLE, "shots").glob("tables/shots/*.parquet"):
        table = pq.read_table(path)
        ends = np.asarray(table["end"]).copy()
        ends[-1] -= 1
        place = table.schema.get_field_index("end")
        pq.write_table(table.set_column(place, table.schema.field("end"), [ends]), path)


def paint_over_a_background(workspace: Workspace) -> None:
    """A background shows something else."""
    (folder,) = [workspace.asset_dir(WHOLE, "smoothed_layers")]
    handle = workspace.handle(WHOLE, "smoothed_layers")
    for row in handle.rows():
        path = folder / row["background_path"]
        write_webp(path, 255 - read_image(path, mode="RGB"), lossless=True)


def flip_a_byte_of_the_archive(workspace: Workspace) -> None:
    """A picture in the archive changes."""
    (path,) = workspace.asset_dir(WHOLE, "image_archives").glob("media/*.tar.gz")
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


def telecine(workspace: Workspace) -> None:
    """A source turns out to be film on fields."""
    for path in workspace.asset_dir(WHOLE, "shard_files").glob("tables/shard_files/*.parquet"):
        table = pq.read_table(path)
        place = table.schema.get_field_index("scan")
        kinds = [["telecine_hard"] * table.num_rows]
        pq.write_table(table.set_column(place, table.schema.field("scan"), kinds), path)


def delete_what_was_published(workspace: Workspace) -> None:
    """Somebody empties the target."""
    shutil.rmtree(workspace.root / "published")


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("shard_files.film_is_whole", telecine),
        ("frame_signals.every_frame_was_read", lose_a_frame),
        ("shots.shots_cover_every_frame", shorten_a_shot),
        ("kept_clips.every_clip_is_decided", drop_decision),
        ("av1_videos.encodes_hold_every_frame", cut_encode),
        ("av1_videos.encodes_hold_every_frame", move_a_frame),
        ("clip_videos.every_kept_clip_is_a_file", drop_clip_file),
        ("clip_videos.every_kept_clip_is_a_file", spoil_a_muted_file),
        ("smoothed_layers.layers_give_the_frame", paint_over_a_background),
        ("image_archives.archives_read_back", flip_a_byte_of_the_archive),
        ("published_videos.publication_is_intact", delete_what_was_published),
        ("published_archives.publication_is_intact", delete_what_was_published),
        ("published_dataset.publication_is_intact", delete_what_was_published),
    ],
)
def test_damage_is_found(damaged: Workspace, name: str, damage: Callable[[Workspace], None]) -> None:
    damage(damaged)
    assert run(CHECKS[name], damaged).faults


def test_every_check_of_a_shard_has_a_damage_that_it_finds() -> None:
    marks = test_damage_is_found.pytestmark[0].args[1]  # type: ignore[attr-defined]
    assert {name for name, _ in marks} == set(CHECKS)


def test_the_dataset_counts_shards_that_are_not_whole(damaged: Workspace) -> None:
    assert not recount.every_shard_is_whole(damaged).faults
    (damaged.asset_dir(WHOLE, "motion") / "manifest.json").unlink()
    verdict = recount.every_shard_is_whole(damaged)
    assert verdict.numbers["incomplete"] == 1 and "motion" in verdict.faults[0]


def test_a_check_says_how_many_names_it_leaves_out(damaged: Workspace) -> None:
    left = [name for name, spec in STAGES.items() if spec.partitioned and name != "shard_files"]
    for name in left:
        (damaged.asset_dir(WHOLE, name) / "manifest.json").unlink(missing_ok=True)
    (fault,) = recount.every_shard_is_whole(damaged).faults
    assert fault.endswith(f"not finished: {', '.join(left[:5])} and {len(left) - 5} more")
    shown = result(recount.Verdict(faults=[f"fault {n}" for n in range(12)]), None)
    assert str(shown.metadata["first"].value).endswith("; fault 9 and 2 more")


def test_a_check_shows_its_numbers_and_its_first_faults() -> None:
    shown = result(recount.Verdict({"files": 3}, ["a is missing"]), "shard-1")
    assert not shown.passed and shown.severity is dg.AssetCheckSeverity.ERROR
    assert shown.metadata["files"].value == 3 and shown.metadata["first"].value == "a is missing"


class OneVideo:
    """Stands for the two handles of `every_frame_was_read`: a file, and the times of its frames that were read."""

    def __init__(self, path: Path, pts: list[int]) -> None:
        self.path, self.pts = path, pts

    def ok_videos(self) -> set[str]:
        return {"video"}

    def rows(self) -> list[dict[str, object]]:
        return [{"video_id": "video", "usable": True, "media_path": self.path.name}]

    def media(self, name: str) -> Path:
        return self.path.with_name(name)

    def table(self, *, video_id: str, columns: list[str]) -> pa.Table:
        assert video_id == "video"
        return pa.table({"frame": list(range(len(self.pts))), "pts": self.pts}).select(columns)


def verdict_of(path: Path, pts: list[int], monkeypatch: pytest.MonkeyPatch) -> recount.Verdict:
    """What `every_frame_was_read` says of a file of which frames of these times were read."""
    video = OneVideo(path, pts)
    monkeypatch.setattr(recount, "_handles", lambda *_: (video, video))
    workspace = Workspace(path.parent)
    return CHECKS["frame_signals.every_frame_was_read"].recount(workspace, WHOLE, resolve(workspace))


def test_packets_before_the_first_key_frame_of_a_recording_are_no_missing_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    h264 = ("-pix_fmt", "yuv420p", "-c:v", "libx264", "-g", "24", "-f", "mpegts")
    whole = write_numbered(tmp_path / "whole.ts", 96, *h264).read_bytes()
    path = tmp_path / "recording.ts"
    path.write_bytes(whole[len(whole) // 4 // 188 * 188 + 30 * 188 :])
    with open_video(path, purpose="test") as reader:
        pts = [frame.pts for frame in reader]
    packets = probe(path).video.frames
    assert packets - len(pts) > 0.1 * packets + 1, "as few missing frames were no fault before"

    assert not verdict_of(path, pts, monkeypatch).faults
    assert verdict_of(path, pts[12:], monkeypatch).faults == [
        f"video: {len(pts) - 12} frames of {len(pts)} packets"
    ]


def test_packets_that_hold_no_picture_are_no_missing_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = write_numbered(tmp_path / "plain.mkv", 96, "-c:v", "mpeg4", "-bf", "0", "-g", "24")
    path = with_empty_packets(plain, tmp_path / "empty.mkv", range(20, 60))
    with open_video(path, purpose="test") as reader:
        pts = [frame.pts for frame in reader]
    assert (len(pts), probe(path).video.frames) == (96, 136)
    assert not verdict_of(path, pts, monkeypatch).faults
    assert verdict_of(path, pts[:-1], monkeypatch).faults == ["video: 95 frames of 136 packets"]
