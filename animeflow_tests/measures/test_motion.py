from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from animeflow.measures.motion import measure_motion
from animeflow.models.flow.dis import Dis
from animeflow.settings.measures import MotionSettings, SamplingSettings
from animeflow.tables.ids import clip_id
from animeflow_tests.shots.made import VIDEO, scene, write_video

FPS = 24
TIMES = np.arange(48) / FPS


@pytest.fixture(scope="module")
def flow() -> Dis:
    adapter = Dis()
    adapter.load()
    return adapter


def measured(path: Path, flow: Dis, hold: int, end: int = 48) -> dict:
    clip = {
        "clip_id": clip_id(VIDEO, 0, end),
        "video_id": VIDEO,
        "start": 0,
        "end": end,
        "duration_s": end / FPS,
    }
    drawings = [{"start": start} for start in range(0, 48, hold)]
    table = measure_motion(
        path, [clip], drawings, TIMES, flow=flow.flow, kind=flow.kind, settings=MotionSettings(),
        sampling=SamplingSettings(),
    )  # fmt: skip
    (row,) = table.to_pylist()
    return row


@pytest.mark.parametrize(("step", "hold"), [(1, 1), (6, 1), (6, 2), (3, 3)])
def test_a_pan_has_its_speed_in_real_time_however_fast_and_however_long_drawings_are_held(
    tmp_path: Path, flow: Dis, step: int, hold: int
) -> None:
    """6 px a frame of 320 are 130 px in half a second at 576: more than the flow reaches in one step."""
    wide = scene(8, (320 + 48 * step, 180))
    frames = [wide[:, (t - t % hold) * step :][:, :320] for t in range(48)]
    path = write_video(tmp_path / "pan.mkv", frames)
    row = measured(path, flow, hold)
    assert row["motion"] == pytest.approx(step * FPS * 576 / 320, rel=0.12)
    assert row["motion_share"] == pytest.approx(row["motion"] / np.hypot(576, 320))
    assert row["moving_area"] > 0.9
    assert row["pairs"] == 3


def test_a_still_does_not_move_and_nothing_is_decoded_for_it(tmp_path: Path, flow: Dis) -> None:
    row = measured(tmp_path / "absent.mkv", flow, hold=48)
    assert (row["motion"], row["moving_area"], row["pairs"], row["reason"]) == (0.0, 0.0, 0, None)
