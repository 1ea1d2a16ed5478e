"""PP-OCRv6 with its real weights on drawn text: read, located, and nothing read where nothing is written."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from animeflow.models.text.ppocr import PPOcr, detector_input, detector_size, heights
from animeflow.settings.models import PPOcr as Options
from animeflow_tests.models.conftest import loaded

LINE = "Hello world, this is a test"
CJK = sorted(Path("/usr/share/fonts").glob("**/NotoSansCJK-Regular.ttc"))


@pytest.fixture(scope="module")
def reader():
    return loaded(PPOcr())


def drawn(
    *lines: tuple[int, int, int, str], size: tuple[int, int] = (640, 360), font: str = ""
) -> np.ndarray:
    """A two-colour background with lines (x, y, height, text)."""
    image = Image.new("RGB", size, (70, 110, 160))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, size[1] * 2 // 3, size[0], size[1]), fill=(60, 90, 50))
    for x, y, height, text in lines:
        face = ImageFont.truetype(font, height) if font else ImageFont.load_default(size=height)
        draw.text((x, y), text, font=face, fill=(255, 255, 255), stroke_width=1, stroke_fill=(0, 0, 0))
    return np.asarray(image)


def test_a_subtitle_is_read_with_its_place(reader):
    ((box,),) = reader.read([drawn((120, 300, 28, LINE))])
    assert box.text == LINE
    assert box.score > 0.9
    assert box.polygon[:, 0].min() == pytest.approx(120, abs=8)
    assert box.polygon[:, 1].min() == pytest.approx(304, abs=10)
    assert np.ptp(box.polygon[:, 1]) < 45


def test_lines_come_from_top_to_bottom_and_left_to_right(reader):
    (boxes,) = reader.read(
        [drawn((60, 250, 26, "third line"), (380, 60, 26, "second"), (40, 60, 26, "first"))]
    )
    assert [box.text for box in boxes] == ["first", "second", "third line"]


def test_each_frame_of_a_batch_gets_its_own_lines(reader):
    frames = [drawn((50, 100, 30, "alpha")), drawn(), drawn((50, 100, 30, "beta"))]
    assert [[box.text for box in boxes] for boxes in reader.read(frames)] == [["alpha"], [], ["beta"]]


def test_a_large_frame_is_read_in_its_own_pixels(reader):
    ((box,),) = reader.read([drawn((300, 880, 70, LINE), size=(1920, 1080))])
    assert box.text == LINE
    assert box.polygon[:, 1].min() > 850


def test_drawings_without_text_have_no_line_of_score_080(reader):
    frames = []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        frame = np.full((360, 640, 3), rng.integers(80, 200, 3), np.uint8)
        for _ in range(12):
            centre, axes = rng.integers(0, 360, 2), rng.integers(10, 90, 2)
            cv2.ellipse(
                frame, centre.tolist(), axes.tolist(), 30, 0, 360, rng.integers(0, 255, 3).tolist(), -1
            )
            cv2.ellipse(frame, centre.tolist(), axes.tolist(), 30, 0, 360, (20, 20, 20), 2)
        frames.append(frame)
    lines = [box for boxes in reader.read(frames) for box in boxes]
    assert [(box.text, box.score) for box in lines if box.score >= 0.8] == []


@pytest.mark.skipif(not CJK, reason="fonts-noto-cjk is not installed here")
@pytest.mark.parametrize(
    ("text", "face"), [("今天天气很好我们去公园玩", 2), ("ありがとうございます、先生", 0)]
)
def test_chinese_and_japanese_are_read_by_the_same_model(reader, text, face):
    image = Image.fromarray(drawn())
    font = ImageFont.truetype(str(CJK[0]), 28, index=face)
    ImageDraw.Draw(image).text((60, 300), text, font=font, fill=(255, 255, 255))
    ((box,),) = reader.read([np.asarray(image)])
    assert box.text == text and box.score > 0.95


def test_the_height_of_a_line_is_its_shorter_side():
    line = np.array([[0, 0], [30, 40], [22, 46], [-8, 6]], np.float32)
    assert heights(np.stack([line, np.roll(line, 1, axis=0)])) == pytest.approx([10, 10])
    assert heights(np.zeros((0, 4, 2), np.float32)).shape == (0,)


def test_a_line_as_high_as_the_frame_is_taken_for_a_drawing_unless_it_is_allowed(reader):
    frame = drawn((20, -30, 330, "ABC"))
    high = loaded(PPOcr(Options(max_height_share=1.0)))
    assert high.read([frame])[0][0].text.startswith("AB")
    assert reader.read([frame]) == [[]]


def test_the_detector_never_sees_more_than_the_longer_side_and_always_multiples_of_32():
    assert detector_size((1280, 720), 640) == (640, 352)
    assert detector_size((320, 180), 640) == (320, 192)
    assert detector_size((4000, 10), 640) == (640, 32)
    assert detector_input(np.zeros((1, 1, 3), np.uint8), 640).shape == (1, 3, 32, 32)


def test_the_stand_in_finds_boxes_so_that_the_contract_suite_reaches_recognition():
    frame = drawn((50, 100, 30, "alpha"))
    assert any(PPOcr.tiny(seed).read([frame])[0] for seed in range(5))
