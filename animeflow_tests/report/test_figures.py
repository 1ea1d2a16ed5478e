from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from animeflow.report.figures import (
    MAX_URI_BYTES,
    checkered,
    contact_sheet,
    markdown_image,
    nice_edges,
    small_histogram,
)


def _decoded(uri: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_a_contact_sheet_of_noise_still_fits_into_the_event_log() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (40, 360, 640, 3), dtype=np.uint8)
    uri = contact_sheet(list(noise))
    assert uri is not None and len(uri) <= MAX_URI_BYTES
    assert _decoded(uri).format == "WEBP"


def test_a_contact_sheet_shows_at_most_the_asked_number_in_columns() -> None:
    frames = [np.full((90, 160, 3), value, np.uint8) for value in range(0, 250, 10)]
    sheet = _decoded(contact_sheet(frames, most=6, columns=3, tile_width=100))
    assert (sheet.width, sheet.height) == (3 * 104 - 4, 2 * 60 - 4)


def test_without_pictures_there_is_no_sheet_and_no_histogram() -> None:
    assert contact_sheet([]) is None
    assert small_histogram([None, float("nan")], title="motion") is None
    assert markdown_image(None, "motion") == "*no picture: motion*"


def test_a_contact_sheet_reads_files_with_alpha(tmp_path: Path) -> None:
    rgba = np.zeros((40, 60, 4), np.uint8)
    Image.fromarray(rgba).save(tmp_path / "a.webp", lossless=True)
    assert contact_sheet([tmp_path / "a.webp"], captions=["drawing 1"]) is not None


def test_transparent_parts_show_a_checkerboard() -> None:
    rgba = np.zeros((32, 32, 4), np.uint8)
    rgba[:16] = (200, 10, 10, 255)
    board = np.asarray(checkered(Image.fromarray(rgba)))
    assert tuple(board[0, 0]) == (200, 10, 10)
    assert set(board[16:, :, 0].ravel().tolist()) == {214, 238}


def test_a_small_histogram_with_threshold_is_a_small_png() -> None:
    uri = small_histogram([0.1, 0.2, 0.2, None, 0.9], title="motion", threshold=0.5, unit="px")
    assert uri is not None and uri.startswith("data:image/png;base64,") and len(uri) < 8000


@pytest.mark.parametrize(("low", "high"), [(0, 0), (0.3, 0.3), (-2, -2), (0, 1e-6), (3, 1e6), (-5, 17)])
def test_bin_edges_are_round_ascend_and_cover_the_values(low: float, high: float) -> None:
    edges = nice_edges(low, high, 24)
    assert edges[0] <= low and edges[-1] >= high and np.all(np.diff(edges) > 0)
    assert 1 <= len(edges) - 1 <= 60


def test_a_single_value_is_drawn_from_zero() -> None:
    assert nice_edges(12, 12, 20)[0] == 0
