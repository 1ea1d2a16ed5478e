import numpy as np
import pytest

from animeflow.measures.statistics import measure_statistics
from animeflow.settings.measures import StatisticsSettings
from animeflow.tables.schemas.shots import FRAME_SIGNALS, THUMB_BYTES

VIDEO = "0123456789abcdef"


def signals(**columns):
    count = len(next(iter(columns.values())))
    values = {name: np.zeros(count, np.float32) for name in FRAME_SIGNALS.names}
    values |= {
        "video_id": [VIDEO] * count,
        "frame": np.arange(count, dtype=np.int32),
        "pts": np.arange(count, dtype=np.int64),
        "time_base_num": np.ones(count, np.int32),
        "time_base_den": np.full(count, 24, np.int32),
        "key": np.zeros(count, bool),
        "corrupt": np.zeros(count, bool),
        "thumbnail": [bytes(THUMB_BYTES)] * count,
    }
    return FRAME_SIGNALS.from_columns(values | columns)


def measured(table, *spans, drawings=(0,)):
    clips = [
        {"clip_id": f"{VIDEO}-{a:07d}-{b:07d}", "video_id": VIDEO, "start": a, "end": b} for a, b in spans
    ]
    starts = [{"start": start} for start in drawings]
    return measure_statistics(table, clips, starts, StatisticsSettings()).to_pylist()


def test_each_clip_is_measured_over_its_own_frames():
    table = signals(sharpness=np.array([1, 1, 1, 9, 9, 9], np.float32))
    assert [row["sharpness"] for row in measured(table, (0, 3), (3, 6))] == [1.0, 9.0]


def test_one_odd_frame_does_not_decide_the_sharpness():
    assert measured(signals(sharpness=np.array([5, 5, 900, 5, 5], np.float32)), (0, 5))[0]["sharpness"] == 5.0


def test_held_frames_are_the_share_that_no_drawing_begins_with():
    table = signals(brightness=np.full(6, 80, np.float32))
    assert measured(table, (0, 6), drawings=(0, 3))[0]["still_share"] == pytest.approx(4 / 6)
    assert measured(table, (0, 6), drawings=range(6))[0]["still_share"] == 0.0


def test_black_is_dark_and_flat_and_a_night_scene_is_not_black():
    dark = np.full(4, 8, np.float32)
    assert measured(signals(brightness=dark), (0, 4))[0]["black_share"] == 1.0
    night = signals(brightness=dark, contrast=np.full(4, 20, np.float32))
    assert measured(night, (0, 4))[0]["black_share"] == 0.0


def test_concealed_damage_is_counted():
    assert (
        measured(signals(corrupt=np.array([True, False, False, False])), (0, 4))[0]["corrupt_share"] == 0.25
    )
