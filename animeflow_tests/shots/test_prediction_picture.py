from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from animeflow.media.images import read_image
from animeflow.shots.detectors import shot_probabilities
from animeflow.shots.prediction_picture import prediction_picture, write_pictures
from animeflow.tables.schemas.shots import SHOT_PROBABILITIES
from animeflow.tables.staging import Staging
from animeflow_tests.shots.made import VIDEO, signals, thumb

THUMBS = np.stack([thumb(seed) for seed in range(27)])


def test_frames_stand_in_rows_of_25_with_room_for_two_bars() -> None:
    picture = prediction_picture(THUMBS, np.zeros((27, 2)))
    assert picture.shape == (2 * 28 - 1, 25 * 50, 3)
    assert np.array_equal(picture[:27, :48], THUMBS[0])
    assert np.array_equal(picture[:27, 24 * 50 : 24 * 50 + 48], THUMBS[24])
    assert np.array_equal(picture[28:, 50:98], THUMBS[26])
    assert not picture[27].any()
    assert not picture[:, [48, 49, 98, 99]].any(), "no bar for a probability of 0"
    assert not picture[28:, 100:].any(), "cells after the last frame are black"


@pytest.mark.parametrize(
    ("probability", "pixels"), [(0.0, 0), (0.01, 0), (0.02, 2), (0.5, 14), (0.98, 26), (1.0, 27)]
)
def test_a_bar_grows_from_the_bottom_with_its_probability(probability: float, pixels: int) -> None:
    picture = prediction_picture(THUMBS[:2], np.array([[probability, 0.0], [0.0, probability]]))
    green, blue = np.zeros((27, 3), np.uint8), np.zeros((27, 3), np.uint8)
    green[27 - pixels :, 1] = blue[27 - pixels :, 2] = 255
    assert np.array_equal(picture[:, 48], green)
    assert np.array_equal(picture[:, 99], blue)
    assert not picture[:, [49, 98]].any()


@pytest.fixture
def staging(tmp_path: Path) -> Staging:
    return Staging.begin("shots", "shard", tmp_path / "staging")


def test_a_long_video_has_pages_whose_rows_name_their_frames(staging: Staging) -> None:
    table = signals(60, thumbs=np.stack([thumb(seed) for seed in range(60)]))
    none = shot_probabilities(table, None)
    known = SHOT_PROBABILITIES.from_columns(
        {name: none[name].combine_chunks() for name in ("video_id", "frame")}
        | {"single": np.linspace(0, 1, 60, dtype=np.float32), "many_hot": np.zeros(60, np.float32)}
    )
    rows = write_pictures(table, known, video_id=VIDEO, staging=staging, most_rows=1).to_pylist()
    assert [(row["page"], row["first_frame"], row["frames"]) for row in rows] == [
        (0, 0, 25),
        (1, 25, 25),
        (2, 50, 10),
    ]
    assert len(staging.files) == 3
    picture = read_image(staging.folder / rows[2]["media_path"])
    assert picture.shape == (rows[2]["height"], rows[2]["width"], 3) == (27, 1250, 3)
    assert np.array_equal(picture[:, 9 * 50 : 9 * 50 + 48], thumb(59))
    assert (picture[:, 9 * 50 + 48, 1] == 255).all()


def test_a_kind_without_network_has_no_picture(staging: Staging) -> None:
    table = signals(30)
    assert (
        write_pictures(table, shot_probabilities(table, None), video_id=VIDEO, staging=staging).num_rows == 0
    )
    assert not staging.files
