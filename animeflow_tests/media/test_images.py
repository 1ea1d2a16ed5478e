from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from animeflow.errors import InputError
from animeflow.media.images import (
    contact_sheet,
    encode_jpeg,
    encode_webp,
    limit_long_edge,
    read_image,
    write_png,
    write_webp,
)
from animeflow_tests.media.numbered import numbered_frames


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@settings(max_examples=25, deadline=None)
@given(arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.just(4))))
def test_lossless_webp_keeps_every_value_also_under_alpha_0(
    tmp_path_factory: pytest.TempPathFactory, image: np.ndarray
) -> None:
    path = tmp_path_factory.mktemp("webp") / "x.webp"
    write_webp(path, image, lossless=True)
    assert np.array_equal(read_image(path, mode="RGBA"), image)


@pytest.mark.parametrize("shape", [(40, 60), (40, 60, 3), (40, 60, 4), (1, 1, 3)])
def test_png_keeps_every_value(tmp_path: Path, shape: tuple[int, ...]) -> None:
    image = noise(*shape)
    assert write_png(tmp_path / "x.png", image) == (tmp_path / "x.png").stat().st_size
    assert np.array_equal(read_image(tmp_path / "x.png"), image)


def test_lossy_webp_is_small_and_close(tmp_path: Path) -> None:
    image = numbered_frames(6)[5]
    size = write_webp(tmp_path / "x.webp", image)
    assert size < image.nbytes / 10
    difference = np.abs(read_image(tmp_path / "x.webp", mode="RGB").astype(int) - image)
    assert difference.mean() < 3


@pytest.mark.parametrize("lossless", [False, True])
def test_equal_pictures_give_equal_bytes(lossless: bool) -> None:
    assert encode_webp(noise(50, 70, 3), lossless=lossless) == encode_webp(
        noise(50, 70, 3), lossless=lossless
    )


def test_a_side_beyond_16383_is_refused_before_it_is_encoded() -> None:
    encode_webp(np.zeros((2, 16383, 3), np.uint8))
    with pytest.raises(InputError, match="16384x2") as caught:
        encode_webp(np.zeros((2, 16384, 3), np.uint8))
    assert caught.value.reason == "too_large"


def test_a_side_beyond_16383_is_refused_also_where_a_long_edge_would_reduce_it() -> None:
    encode_webp(np.zeros((2, 16383, 3), np.uint8), long_edge=2048)
    with pytest.raises(InputError, match="16384x2"):
        encode_webp(np.zeros((2, 16384, 3), np.uint8), long_edge=2048)


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1920, 1080), (1920, 1080)), ((3840, 2160), (2048, 1152)), ((3000, 1999), (2048, 1365)), ((2048, 9), (2048, 9))],
)  # fmt: skip
def test_what_is_written_has_the_size_of_the_table(
    tmp_path: Path, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    write_webp(tmp_path / "x.webp", np.zeros((size[1], size[0], 3), np.uint8), method=0, long_edge=2048)
    assert read_image(tmp_path / "x.webp").shape[1::-1] == expected


def like_pillow(path: Path, mode: str | None) -> np.ndarray:
    from PIL import Image

    with Image.open(path) as picture:
        return np.array(picture.convert(mode) if mode else picture)


@pytest.mark.parametrize("mode", [None, "RGB", "RGBA", "L"])
@pytest.mark.parametrize("lossless", [False, True])
@pytest.mark.parametrize("channels", [3, 4])
def test_every_webp_is_read_as_pillow_reads_it(
    tmp_path: Path, channels: int, lossless: bool, mode: Any
) -> None:
    for number, shape in enumerate([(1, 1), (37, 50), (64, 3)]):
        path = tmp_path / f"{number}.webp"
        write_webp(path, noise(*shape, channels, seed=number), lossless=lossless)
        read, expected = read_image(path, mode=mode), like_pillow(path, mode)
        assert read.shape == expected.shape
        assert np.array_equal(read, expected)
        assert read.flags.writeable and read.flags.c_contiguous


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((4, 4), np.float32),
        np.zeros((2, 4, 4, 3), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_what_is_no_picture_is_refused(image: np.ndarray) -> None:
    with pytest.raises(InputError):
        encode_webp(image)


@pytest.mark.parametrize(
    ("size", "expected"), [((3000, 1500), (2048, 1024)), ((1500, 3000), (1024, 2048)), ((100, 50), (100, 50))]
)
def test_the_long_edge_is_limited_and_never_enlarged(
    size: tuple[int, int], expected: tuple[int, int]
) -> None:
    reduced = limit_long_edge(np.zeros((*size, 3), np.uint8), 2048)
    assert reduced.shape[:2] == expected


def test_reducing_straight_colour_is_weighted_by_alpha() -> None:
    """Green under transparent pixels must not shine into the red edge."""
    image = np.zeros((64, 64, 4), np.uint8)
    image[..., 1] = 255
    image[:, :31] = (255, 0, 0, 255)
    small = limit_long_edge(image, 16)
    visible = small[..., 3] > 0
    assert (small[visible][:, :3] == (255, 0, 0)).all()
    assert 0 < small[0, 7, 3] < 255


def test_reading_what_is_no_picture_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "x.webp").write_bytes(b"RIFF no picture")
    with pytest.raises(InputError):
        read_image(tmp_path / "x.webp")
    with pytest.raises(InputError):
        read_image(tmp_path / "none.webp")


def test_a_truncated_picture_is_an_input_error(tmp_path: Path) -> None:
    data = encode_webp(noise(64, 64, 3), lossless=True)
    (tmp_path / "x.webp").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError):
        read_image(tmp_path / "x.webp")


def test_jpeg_refuses_alpha() -> None:
    assert encode_jpeg(noise(8, 8, 3)).startswith(b"\xff\xd8")
    with pytest.raises(InputError):
        encode_jpeg(noise(8, 8, 4))


def test_a_contact_sheet_holds_every_picture_in_reading_order() -> None:
    images = [np.full((90, 160, 3), 50 * n + 40, np.uint8) for n in range(5)]
    sheet = contact_sheet(images, columns=2, labels=[f"frame {n}" for n in range(5)], tile=(80, 45))
    assert sheet.shape == (3 * (45 + 18 + 4) + 4, 2 * 84 + 4, 3)
    middles = [sheet[4 + 67 * (n // 2) + 22, 4 + 84 * (n % 2) + 40, 0] for n in range(5)]
    assert middles == [40, 90, 140, 190, 240]
    caption = sheet[4 + 45 : 4 + 63, 4:84]
    assert caption.max() > 150, "the label is drawn"


def test_a_contact_sheet_takes_masks_and_cut_out_characters() -> None:
    cut_out = np.zeros((45, 80, 4), np.uint8)
    cut_out[10:30, 20:60] = (255, 0, 0, 255)
    sheet = contact_sheet([np.full((45, 80), 255, np.uint8), cut_out], columns=5, tile=(80, 45))
    assert sheet.shape == (53, 172, 3)
    assert (sheet[4 + 20, 84 + 4 + 40] == (255, 0, 0)).all()
    assert set(np.unique(sheet[6:8, 90:160])) == {160, 200}


def test_contact_sheets_repeat_byte_for_byte() -> None:
    images = [noise(20, 30, 3, seed=n) for n in range(3)]
    first = contact_sheet(images, columns=3, labels=["a", "日", "c"])
    assert np.array_equal(first, contact_sheet(images, columns=3, labels=["a", "日", "c"]))


@pytest.mark.parametrize(("count", "labels"), [(0, None), (2, ["one"])])
def test_a_contact_sheet_without_pictures_or_labels_for_them_is_refused(
    count: int, labels: list[str] | None
) -> None:
    with pytest.raises(InputError):
        contact_sheet([noise(4, 4, 3)] * count, columns=2, labels=labels)
