"""Thumbnails that stay in their file are those of the table."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from animeflow.measures.flash import measure_flash
from animeflow.settings.measures import FlashSettings
from animeflow.settings.shots import DrawingSettings, FusedDetector
from animeflow.shots.cuts import Shots
from animeflow.shots.detectors import detect_shots, shot_probabilities
from animeflow.shots.detectors.likeness import without_bars
from animeflow.shots.drawings import find_drawings
from animeflow.tables import thumbnails as module
from animeflow.tables.frames import StoredFrames, stored_or_loaded, thumbnails
from animeflow.tables.handle import Handle
from animeflow.tables.schemas.shots import FRAME_SIGNALS, THUMB_BYTES
from animeflow.tables.staging import Staged, finalise
from animeflow.tables.status import Status
from animeflow.tables.thumbnails import StoredThumbnails, in_blocks
from animeflow.tables.workspace import Workspace

VIDEO = "0123456789abcdef"
FRAMES = 5000  # five row groups, more than are held


def film() -> pa.Table:
    """Shots of 90 frames that fade to black every third time, between bars, drawn on twos."""
    rng = np.random.default_rng(5)
    number = np.arange(FRAMES) // 90
    pictures = rng.integers(40, 250, (number[-1] + 1, 27, 48, 3), np.uint8)
    thumbs = pictures[number]
    moved = np.arange(FRAMES) // 2 % 4
    thumbs = np.stack([np.roll(thumb, int(by), axis=1) for thumb, by in zip(thumbs, moved, strict=True)])
    left = 89 - np.arange(FRAMES) % 90
    fades = np.where((number % 3 == 0) & (left < 20), left / 20, 1.0)
    thumbs = (thumbs * fades[:, None, None, None]).astype(np.uint8)
    thumbs[:, :3] = thumbs[:, -3:] = 0
    apart = np.abs(np.diff(thumbs.astype(np.int16), axis=0)).mean(axis=(1, 2, 3))
    change = [None, *apart.tolist()]
    columns = {name: np.zeros(FRAMES, np.float32) for name in FRAME_SIGNALS.names}
    columns |= {
        "video_id": [VIDEO] * FRAMES,
        "frame": np.arange(FRAMES),
        "pts": np.arange(FRAMES),
        "time_base_num": [1] * FRAMES,
        "time_base_den": [24] * FRAMES,
        "key": [True] * FRAMES,
        "corrupt": [False] * FRAMES,
        "thumbnail": pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(THUMB_BYTES), FRAMES, [None, pa.py_buffer(np.ascontiguousarray(thumbs))]
        ),
    }
    columns |= dict.fromkeys(("diff_rgb", "diff_rms", "diff_block", "diff_strong"), change)
    return FRAME_SIGNALS.from_columns(columns)


@pytest.fixture(scope="module")
def table() -> pa.Table:
    return film()


@pytest.fixture(scope="module")
def stored(table: pa.Table, tmp_path_factory: pytest.TempPathFactory) -> StoredFrames:
    workspace = Workspace(tmp_path_factory.mktemp("thumbs"))
    staging = workspace.staging("shard", "frame_signals")
    staging.write_table("frame_signals", table, stem=VIDEO)
    folder = workspace.asset_dir("shard", "frame_signals")
    finalise(Staged(staging, [Status("a.mkv", VIDEO)], "digest", {}), folder)
    found = Handle.open(folder).frames(VIDEO)
    assert isinstance(found, StoredFrames)
    return found


def test_they_are_indexed_like_the_array(table: pa.Table, stored: StoredFrames) -> None:
    wanted, found = thumbnails(table), stored.thumbs
    assert found.shape == wanted.shape and found.dtype == wanted.dtype and len(found) == FRAMES
    for key in (
        0, -1, 1023, 1024, slice(1000, 3100), slice(5, 5), slice(4990, 9000), slice(0, 3000, 700),
        slice(None, None, -1),
        np.array([1020, 1020, 1024, 1030]), np.array([], int),
    ):  # fmt: skip
        assert np.array_equal(found[key], wanted[key]), key
    crop = found[:, 3:-3, 4:40]
    assert isinstance(crop, StoredThumbnails)
    assert np.array_equal(crop[2040:2060], wanted[2040:2060, 3:-3, 4:40])
    assert np.array_equal(crop[:, 1:5, 2:][7], wanted[7, 4:8, 6:40])
    assert np.array_equal(np.asarray(found), wanted)
    assert np.array_equal(np.concatenate(list(in_blocks(found))), wanted)
    with pytest.raises(IndexError):
        found[FRAMES]
    assert stored.num_rows == FRAMES and stored["pts"].equals(table["pts"])


def test_no_more_row_groups_are_held_than_a_window_needs(stored: StoredFrames) -> None:
    for start in range(0, FRAMES, 250):
        stored.thumbs[start : start + 300]
    held = stored.thumbs._groups._held
    assert 0 < len(held) <= module.HELD_GROUPS < 5


def test_a_walk_reads_every_row_group_once() -> None:
    read: list[int] = []

    def group(number: int) -> np.ndarray:
        read.append(number)
        return np.full((10, 2, 2, 3), number, np.uint8)

    thumbs = StoredThumbnails(range(0, 81, 10), group, 2, 2)
    for frame in range(3, 77):
        assert thumbs[frame - 3 : frame + 3].shape == (6, 2, 2, 3)
    assert read == list(range(8))


class Network:
    """Sure of every cut by its thumbnails."""

    def probabilities(self, thumbs: module.Thumbs) -> tuple[np.ndarray, np.ndarray]:
        ends = np.zeros(len(thumbs), np.float32)
        ends[89::90] = 0.9
        fading = np.isin(np.arange(len(thumbs)) % 270, np.arange(70, 91)).astype(np.float32)
        assert thumbs[np.clip(np.arange(-20, 280), 0, len(thumbs) - 1)].shape == (300, 27, 48, 3)
        return ends, fading


def test_what_follows_from_them_is_the_same(table: pa.Table, stored: StoredFrames) -> None:
    found = []
    for signals in (table, stored):
        probabilities = shot_probabilities(signals, Network())
        shots = detect_shots(signals, probabilities, FusedDetector())
        drawings = find_drawings(signals, shots, DrawingSettings(), video_id=VIDEO)
        clips = [
            {"clip_id": f"{VIDEO}-{start:07d}-{end:07d}", "video_id": VIDEO, "start": start, "end": end}
            for start, end in shots.ranges
        ]
        flash = measure_flash(signals, clips, FlashSettings())
        found.append((probabilities, shots.table(VIDEO, signals), drawings, flash))
    assert len(found[0][1]) > 50 and len(set(found[0][1]["cut_kind"].to_pylist())) > 2
    for one, other in zip(*found, strict=True):
        assert one.equals(other)
    assert Shots.of_rows(found[0][1].to_pylist()).frames == FRAMES
    bare = without_bars(stored_or_loaded(stored))
    assert bare.shape == (FRAMES, 21, 48, 3)
    assert np.array_equal(without_bars(thumbnails(table)), np.asarray(bare))
