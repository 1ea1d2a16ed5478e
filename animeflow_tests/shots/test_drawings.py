from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

from animeflow.settings.shots import DrawingSettings, ShotsSettings
from animeflow.shots.cuts import Cut, Shots, gradual
from animeflow.shots.drawings import find_drawings, new_drawings, recent_maximum
from animeflow.shots.signals import analyse
from animeflow.tables.frames import pts, values
from animeflow_tests.shots.made import VIDEO, scene, signals, write_video

SETTINGS = DrawingSettings()


def changes(frames: int, at: dict[int, float], *, noise: float = 0.1, rms: float = 0.02) -> pa.Table:
    """Signals whose changes at some frames are strong, among held frames with a given noise."""
    block = np.full(frames, noise)
    strong = np.zeros(frames)
    for frame, size in at.items():
        block[frame], strong[frame] = size, max(0.0, size - 3)
    return signals(frames, diff_block=block, diff_strong=strong, diff_rms=np.full(frames, rms))


def starts(table: pa.Table, shots: Shots) -> list[int]:
    return np.flatnonzero(new_drawings(table, shots, SETTINGS)).tolist()


def test_a_drawing_held_for_three_frames_is_one_drawing() -> None:
    table = changes(12, {3: 20, 6: 20, 9: 20})
    rows = find_drawings(table, Shots(12, ()), SETTINGS, video_id=VIDEO).to_pylist()
    assert [(row["start"], row["end"], row["hold"]) for row in rows] == [
        (0, 3, 3),
        (3, 6, 3),
        (6, 9, 3),
        (9, 12, 3),
    ]
    assert {row["pattern"] for row in rows} == {"threes"}
    assert rows[1]["drawing_id"] == f"{VIDEO}-d0000003"
    assert rows[0]["change"] is None
    assert rows[1]["change"] == 20


def test_every_shot_begins_a_drawing_even_where_nothing_changes() -> None:
    shots = Shots(40, (Cut(10, "hard", 1.0), gradual(20, 30, "fade", 1.0)))
    rows = find_drawings(changes(40, {}), shots, SETTINGS, video_id=VIDEO).to_pylist()
    assert [(row["shot"], row["start"], row["end"]) for row in rows] == [(0, 0, 10), (1, 10, 25), (2, 25, 40)]
    assert {row["pattern"] for row in rows} == {"still"}


def test_grain_in_every_frame_is_no_new_drawing() -> None:
    table = changes(40, {10: 30, 20: 30}, noise=3.2, rms=2.3)
    assert starts(table, Shots(40, ())) == [0, 10, 20]


def test_a_weak_change_counts_only_where_there_is_no_noise() -> None:
    clean, noisy = changes(60, {30: 1.5}), changes(60, {30: 1.5}, noise=1.0)
    assert starts(clean, Shots(60, ())) == [0, 30]
    assert starts(noisy, Shots(60, ())) == [0]


def test_what_the_encoder_refines_after_a_change_is_no_drawing() -> None:
    table = changes(60, {30: 12, 31: 3.0, 32: 3.3})
    assert starts(table, Shots(60, ())) == [0, 30]


@pytest.mark.parametrize("hold", [1, 2, 3, 4])
@pytest.mark.parametrize("crf", [14, 20])
def test_what_an_encoder_paints_anew_is_no_drawing(tmp_path: Path, hold: int, crf: int) -> None:
    """A box jumps over a soft ground; B frames are coarse, the P frame after them shows the same drawing finer."""
    rng = np.random.default_rng(3)
    spots = cv2.resize(rng.integers(0, 255, (4, 8, 3), np.uint8), (320, 180), interpolation=cv2.INTER_NEAREST)
    ground, frames = cv2.GaussianBlur(spots, (5, 5), 0), []
    for frame in range(72):
        drawing = frame // hold
        x, y = drawing * 9 % 270, 90 + drawing * 5 % 45
        picture = ground.copy()
        picture[y : y + 36, x : x + 40] = 255
        frames.append(picture)
    path = write_video(tmp_path / "v.mkv", frames, crf=crf)
    table, _ = analyse(path, video_id=VIDEO, settings=ShotsSettings())
    assert starts(table, Shots(72, ())) == list(range(0, 72, hold))


def at_key_frames(keys: Sequence[int], **more: dict[int, float]) -> pa.Table:
    """A still of 150 frames whose picture an encoder draws anew at some frames; `more` sets values of columns."""
    key = np.isin(np.arange(150), [0, *keys])
    refreshed = key & (np.arange(150) > 0)
    columns = {
        "diff_block": np.where(refreshed, 2.3, 0.05),
        "diff_strong": np.where(refreshed, 0.8, 0.0),
        "diff_rms": np.where(refreshed, 1.0, 0.01),
    }
    for name, at in more.items():
        columns[name][list(at)] = list(at.values())
    return signals(150, key=key, **columns)


def test_a_key_frame_in_a_still_is_no_new_drawing() -> None:
    assert starts(at_key_frames([48, 96, 144]), Shots(150, ())) == [0]


def test_a_drawing_that_begins_on_a_key_frame_is_found() -> None:
    """A strong change, a weak one in one place, and a move over the whole picture that goes on from before it."""
    strong = at_key_frames([48, 96], diff_block={96: 6.0}, diff_strong={96: 4.5})
    local = at_key_frames([48, 96], diff_block={96: 2.9}, diff_strong={96: 1.9}, diff_rms={96: 0.15})
    spread = at_key_frames([48, 96], diff_rms={94: 1.0, 95: 1.0, 96: 1.4, 97: 1.0})
    assert starts(strong, Shots(150, ())) == [0, 96]
    assert starts(local, Shots(150, ())) == [0, 96]
    assert starts(spread, Shots(150, ())) == [0, 94, 95, 96, 97]


def test_in_a_file_of_key_frames_alone_a_change_is_judged_as_ever() -> None:
    table = changes(60, {30: 1.5})
    every = table.set_column(table.schema.get_field_index("key"), "key", pa.array(np.ones(60, bool)))
    assert starts(every, Shots(60, ())) == [0, 30]


def test_what_the_encoder_refines_after_the_first_frame_and_after_key_frames_is_no_drawing() -> None:
    first = at_key_frames([], diff_block={1: 3.9, 2: 0.9, 4: 0.75, 9: 1.0}, diff_strong={1: 2.4})
    later = at_key_frames([48], diff_block={49: 1.1, 52: 0.9})
    assert starts(later, Shots(150, ())) == [0]
    assert starts(first, Shots(150, ())) == [0]
    assert starts(changes(60, {2: 20}), Shots(60, ())) == [0, 2]


@pytest.mark.parametrize(("crf", "size"), [(23, (320, 180)), (28, (320, 180)), (23, (640, 360))])
def test_a_still_through_an_encoder_is_one_drawing(tmp_path: Path, crf: int, size: tuple[int, int]) -> None:
    path = write_video(tmp_path / "v.mkv", [scene(31, size)] * 110, crf=crf, gop=48)
    table, _ = analyse(path, video_id=VIDEO, settings=ShotsSettings())
    assert values(table, "key").sum() == 3
    assert starts(table, Shots(110, ())) == [0]


def test_a_change_spread_over_the_frame_is_seen_though_no_block_is_strong() -> None:
    rms = np.full(60, 0.1)
    rms[20:40] = 1.0
    moves = rms > 0.5
    block, strong = np.where(moves, 3.0, 0.4), np.where(moves, 1.5, 0.0)
    table = signals(60, diff_block=block, diff_strong=strong, diff_rms=rms)
    assert starts(table, Shots(60, ())) == [0, *range(20, 40)]


def test_a_move_of_colours_of_one_luma_is_seen() -> None:
    on_twos = np.where(np.arange(48) % 2, 0.02, 0.4)
    assert starts(signals(48, diff_rgb=on_twos), Shots(48, ())) == list(range(0, 48, 2))
    grain = {"diff_block": np.full(48, 3.2), "diff_rms": np.full(48, 2.3)}
    assert starts(signals(48, diff_rgb=np.full(48, 1.1), **grain), Shots(48, ())) == [0]
    noise_of_colour = np.where(np.arange(48) % 2, 0.2, 0.4)
    assert starts(signals(48, diff_rgb=noise_of_colour), Shots(48, ())) == [0]


@pytest.mark.parametrize("grain", [0.0, 3.0])
def test_a_red_disc_on_a_grey_of_its_luma_moves_through_an_encoder(tmp_path: Path, grain: float) -> None:
    frames, rng = [], np.random.default_rng(1)
    for t in range(24):
        frame = np.full((180, 320, 3), 114, np.float64)
        frame[60:120, 30 + 6 * (t // 2) : 90 + 6 * (t // 2)] = (240, 60, 60) if not grain else 114
        frames.append(np.clip(frame + rng.normal(0, grain, frame.shape), 0, 255).astype(np.uint8))
    table, _ = analyse(write_video(tmp_path / "v.mkv", frames), video_id=VIDEO, settings=ShotsSettings())
    assert starts(table, Shots(24, ())) == ([0] if grain else list(range(0, 24, 2)))


def test_a_slow_pan_is_told_from_a_still_by_its_ends() -> None:
    moving = np.zeros((30, 27, 48, 3), np.uint8)
    moving[:] = (np.arange(30) // 2)[:, None, None, None]
    block = np.full(30, 0.9)
    diff = np.concatenate([[0.0], np.full(29, 0.5)])
    pan = signals(30, thumbs=moving, diff_block=block, diff_rgb=diff)
    still = signals(30, diff_block=block, diff_rgb=diff)
    assert starts(pan, Shots(30, ())) == list(range(30))
    assert starts(still, Shots(30, ())) == [0]


@pytest.mark.parametrize("blinks", [(30,), (30, 34), (24, 28, 36, 40)])
def test_a_blink_in_a_slow_pan_does_not_make_its_frames_held(blinks: tuple[int, ...]) -> None:
    moving = np.zeros((72, 27, 48, 3), np.uint8)
    moving[:] = (np.arange(72) // 2)[:, None, None, None]
    block = np.full(72, 0.9)
    block[list(blinks)] = 60
    diff = np.concatenate([[0.0], np.full(71, 0.5)])
    columns = {"diff_block": block, "diff_strong": np.where(block > 3, 57.0, 0.0), "diff_rgb": diff}
    assert starts(signals(72, thumbs=moving, **columns), Shots(72, ())) == list(range(72))
    assert starts(signals(72, **columns), Shots(72, ())) == [0, *blinks]


def test_a_pan_that_follows_a_hold_is_seen_where_a_drawing_parts_them() -> None:
    thumbs = np.zeros((60, 27, 48, 3), np.uint8)
    thumbs[20:] = (np.arange(40) // 2)[:, None, None, None]
    block = np.where(np.arange(60) > 20, 0.9, 0.1)
    block[20] = 60
    columns = {
        "diff_block": block,
        "diff_strong": np.where(block > 3, 57.0, 0.0),
        "diff_rgb": np.full(60, 0.4),
    }
    assert starts(signals(60, thumbs=thumbs, **columns), Shots(60, ())) == [0, *range(20, 60)]


def test_a_damaged_frame_is_held_by_no_drawing() -> None:
    table = signals(10, corrupt=np.arange(10) == 4)
    assert starts(table, Shots(10, ())) == [0, 4, 5]
    assert starts(signals(5, corrupt=np.arange(5) == 4), Shots(5, ())) == [0, 4]


def test_drawings_know_their_time_unless_the_source_is_damaged() -> None:
    """After damage a time may mean another frame: then frames are counted from the first."""
    sound = find_drawings(changes(8, {5: 20}), Shots(8, ()), SETTINGS, video_id=VIDEO).to_pylist()
    times = pts(changes(8, {})).tolist()
    assert [row["start_pts"] for row in sound] == [times[0], times[5]]
    table = signals(8, corrupt=np.arange(8) == 6)
    damaged = find_drawings(table, Shots(8, ()), SETTINGS, video_id=VIDEO).to_pylist()
    assert {row["start_pts"] for row in damaged} == {None}


def test_the_last_frames_before_each_frame_count_as_recent() -> None:
    assert recent_maximum(np.array([5.0, 1, 1, 1, 1]), 3).tolist() == [0, 5, 5, 5, 1]


def timing(holds: Sequence[int], pts: Sequence[int], time_base: Fraction) -> str:
    """The pattern of a shot whose drawings are held for so many frames of the file."""
    frames = len(pts)
    new = np.isin(np.arange(frames), np.cumsum(holds)[:-1])
    block = np.where(new, 20.0, 0.1)
    table = signals(
        frames, pts=pts, time_base=time_base, diff_block=block, diff_strong=np.where(new, 17.0, 0.0)
    )
    (pattern,) = {
        row["pattern"]
        for row in find_drawings(table, Shots(frames, ()), SETTINGS, video_id=VIDEO).to_pylist()
    }
    return str(pattern)


@pytest.mark.parametrize(
    ("rate", "holds", "name"),
    [(60, (2, 3), "ones"), (60, (5, 5), "twos"), (60, (7, 8), "threes"), (60, (10, 10), "longer"),
     (60, (1, 1), "ones"), (30, (2, 3), "twos"), (50, (2, 2), "ones"), (48, (4, 4), "twos"), (12, (1, 1), "twos")],
)  # fmt: skip
@pytest.mark.parametrize("time_base", [Fraction(1, 90000), Fraction(1, 1000)])
def test_a_shot_is_timed_in_24ths_of_a_second_whatever_the_rate_of_its_file(
    rate: int, holds: tuple[int, int], name: str, time_base: Fraction
) -> None:
    pts = [round(n / (rate * time_base)) for n in range(sum(holds) * 8)]
    assert timing(holds * 8, pts, time_base) == name


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(24), Fraction(25)])
@pytest.mark.parametrize("time_base", [Fraction(1, 90000), Fraction(1, 1000)])
@pytest.mark.parametrize(
    ("holds", "name"),
    [((1,) * 9, "ones"), ((2, 2, 2, 1), "twos"), ((3, 3, 2), "threes"), ((4, 4), "longer"), ((4, 6, 9), "longer"),
     ((1, 2, 3, 4, 2), "mixed"), ((1, 1, 1, 2), "ones"), ((1, 1, 2, 1), "ones"), ((10,), "still")],
)  # fmt: skip
def test_at_the_rates_of_film_a_shot_is_timed_by_its_frames(
    rate: Fraction, time_base: Fraction, holds: tuple[int, ...], name: str
) -> None:
    pts = [round(n / (rate * time_base)) for n in range(sum(holds))]
    assert timing(holds, pts, time_base) == name


def test_a_drawing_that_a_varying_rate_shows_as_one_long_frame_is_held() -> None:
    assert timing((1,) * 12, [2 * n for n in range(11)] + [23], Fraction(1, 24)) == "twos"
    assert timing((1,) * 12, [*range(6), *range(6, 24, 3)], Fraction(1, 24)) == "threes"


@pytest.mark.parametrize("grain", [0.0, 3.0])
def test_drawings_on_threes_are_found_in_an_encoded_file(tmp_path: Path, grain: float) -> None:
    """A patch that jumps every third frame over a still picture, through x264, with and without grain."""
    rng, base = np.random.default_rng(1), scene(4, (320, 180))
    frames = []
    for t in range(36):
        frame = base.copy()
        x = 40 + 8 * (t // 3)
        frame[60:120, x : x + 40] = (230, 210, 190)
        noise = rng.normal(0, grain, frame.shape[:2])[..., None] if grain else 0.0
        frames.append(np.clip(frame + noise, 0, 255).astype(np.uint8))
    path = write_video(tmp_path / "v.mkv", frames)
    table, _ = analyse(path, video_id=VIDEO, settings=ShotsSettings())
    assert starts(table, Shots(36, ())) == list(range(0, 36, 3))
