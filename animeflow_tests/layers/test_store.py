"""Layers as files: exact, encoded once when they repeat; large clips lie in a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from animeflow.layers import store
from animeflow.layers.store import LayerWriter, spacious
from animeflow.media.images import read_image
from animeflow.tables.staging import Staging


@pytest.fixture
def writer(tmp_path: Path) -> LayerWriter:
    return LayerWriter(Staging.begin("smoothed_layers", "shard", tmp_path / "staging"), "clip")


def pictures(*shape: int) -> list[np.ndarray]:
    """Three pictures: the first two are equal."""
    first, other = np.random.default_rng(3).integers(0, 256, (2, *shape), dtype=np.uint8)
    return [first, first.copy(), other]


def test_pictures_come_back_as_they_were_also_where_they_repeat(writer: LayerWriter) -> None:
    folder = writer.staging.folder
    for number, picture in enumerate(pictures(20, 30, 4)):
        row = writer.webp(f"{number}_char", picture, "character")
        assert np.array_equal(read_image(folder / row["character_path"]), picture)
    for number, picture in enumerate(pictures(20, 30)):
        row = writer.png(f"{number}_hole", picture, "hole")
        assert np.array_equal(read_image(folder / row["hole_path"]), picture)


def test_a_picture_that_repeats_is_encoded_once_and_kinds_are_not_mixed_up(
    writer: LayerWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    encode = store.encode_webp

    def counting(picture: np.ndarray, **options: object) -> bytes:
        made.append(picture)
        return encode(picture, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "encode_webp", counting)
    rows = [writer.webp(f"{n}_bg", p, "background") for n, p in enumerate(pictures(20, 30, 3))]
    assert len(made) == 2
    assert rows[0]["background_sha256"] == rows[1]["background_sha256"] != rows[2]["background_sha256"]
    writer.webp("0_char", pictures(20, 30, 3)[2], "character")
    assert len(made) == 3


def test_an_array_is_in_memory_until_it_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not isinstance(spacious((4, 8), np.float32), np.memmap)
    monkeypatch.setattr(store, "IN_MEMORY_BYTES", 4 * 8 * 4 - 1)
    large = spacious((4, 8), np.float32)
    assert isinstance(large, np.memmap)
    large[:] = 7
    assert large.sum() == 7 * 32
