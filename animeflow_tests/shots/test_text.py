from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from animeflow.errors import ContractError
from animeflow.media.decode.reader import counting_decodes
from animeflow.models.text import TextBox
from animeflow.settings.shots import ShotsSettings
from animeflow.shots.signals import analyse
from animeflow.shots.text import TimeGrid, edge_share, read_text
from animeflow_tests.media.empty_vops import with_empty_packets
from animeflow_tests.media.numbered import write_numbered
from animeflow_tests.shots.made import VIDEO, scene, write_video

SETTINGS = ShotsSettings()
SIZE = (320, 180)


class Recorder:
    """A reader that finds one line in every frame and remembers what it was shown."""

    def __init__(self, *, fails: bool = False) -> None:
        self.seen: list[np.ndarray] = []
        self._fails = fails

    def read(self, frames: Sequence[np.ndarray]) -> list[list[TextBox]]:
        if self._fails:
            raise ContractError("the recogniser broke")
        polygon = np.array([[10, 10], [90, 10], [90, 30], [10, 30]], np.float32)
        found = [[TextBox(polygon, f"line {len(self.seen) + n}", 0.9)] for n in range(len(frames))]
        self.seen += frames
        return found


def lettered(text: str) -> np.ndarray:
    picture = cv2.GaussianBlur(scene(3, SIZE), (0, 0), 5)
    cv2.putText(picture, text, (20, 160), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (255, 255, 255), 2)
    return picture


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds: a line for one second, another one, and black at the end."""
    frames = [
        *[lettered("First line")] * 24,
        *[lettered("Then this")] * 14,
        *[np.zeros((180, 320, 3), np.uint8)] * 10,
    ]
    return write_video(tmp_path_factory.mktemp("text") / "v.mkv", frames)


def rows_of(video: Path, reader: Recorder) -> list[dict]:
    _, text = analyse(video, video_id=VIDEO, settings=SETTINGS, text_reader=reader)
    assert text is not None
    return text.to_pylist()


def test_a_picture_is_read_once_however_long_it_is_held(video: Path) -> None:
    reader = Recorder()
    rows = rows_of(video, reader)
    assert [row["frame"] for row in rows] == [0, 12, 24, 36]
    assert [row["method"] for row in rows] == ["read", "repeated", "read", "repeated"]
    assert len(reader.seen) == 2
    assert reader.seen[0].shape == (180, 320, 3)
    assert rows[1]["boxes"] == rows[0]["boxes"]
    assert rows[0]["boxes"] != rows[2]["boxes"]
    assert (rows[0]["width"], rows[0]["height"]) == SIZE


def test_a_picture_without_edges_is_not_shown_to_the_recogniser(tmp_path: Path) -> None:
    smooth = cv2.GaussianBlur(scene(3, SIZE), (0, 0), 9)
    path = write_video(tmp_path / "v.mkv", [*[smooth] * 12, *[lettered("Now")] * 6])
    reader = Recorder()
    rows = rows_of(path, reader)
    assert [row["method"] for row in rows] == ["spared", "read"]
    assert rows[0]["boxes"] == []
    assert len(reader.seen) == 1


@pytest.mark.parametrize("height", [9, 12, 20, 40])
def test_letters_of_any_size_have_the_edges_that_the_prefilter_wants(height: int) -> None:
    picture = np.full((360, 640), 110, np.uint8)
    scale = height / 22
    cv2.putText(
        picture,
        "Text of 360 lines",
        (40, 300),
        cv2.FONT_HERSHEY_SIMPLEX,
        scale,
        235,
        max(1, round(2 * scale)),
    )
    luma = cv2.resize(picture, (320, 180), interpolation=cv2.INTER_AREA)
    assert edge_share(luma) > SETTINGS.text.min_edge_share
    assert edge_share(np.full((180, 320), 110, np.uint8)) == 0


def test_a_sparse_pass_gives_the_rows_of_the_full_pass(video: Path) -> None:
    sparse = read_text(
        video, video_id=VIDEO, settings=SETTINGS.text, decode=SETTINGS.decode, text_reader=Recorder()
    )
    assert sparse.to_pylist() == rows_of(video, Recorder())


def test_an_error_of_the_recogniser_is_no_absence_of_text(video: Path) -> None:
    with pytest.raises(ContractError, match="broke"):
        rows_of(video, Recorder(fails=True))


@pytest.mark.parametrize("queue_bytes", [2, 10**9])
def test_an_error_of_the_recogniser_ends_the_decode(tmp_path: Path, queue_bytes: int) -> None:
    frames = [lettered(f"Line {number // 12}") for number in range(96)]
    video = write_video(tmp_path / "v.mkv", frames)
    with counting_decodes() as counted, pytest.raises(ContractError, match="broke"):
        analyse(
            video,
            video_id=VIDEO,
            settings=SETTINGS,
            text_reader=Recorder(fails=True),
            text_batch=1,
            queue_bytes=queue_bytes,
            threads=1,
        )
    assert not [thread for thread in threading.enumerate() if thread.name in ("decode", "measure")]
    if queue_bytes == 2:
        assert counted["analysis"] < 96


@pytest.mark.parametrize(("queue_bytes", "batch", "threads"), [(2, 1, 1), (10**9, 3, 2)])
def test_neither_queues_nor_batches_change_what_is_read(
    video: Path, queue_bytes: int, batch: int, threads: int
) -> None:
    both = analyse(
        video,
        video_id=VIDEO,
        settings=SETTINGS,
        text_reader=Recorder(),
        text_batch=batch,
        queue_bytes=queue_bytes,
        threads=threads,
    )
    alone, _ = analyse(video, video_id=VIDEO, settings=SETTINGS)
    assert both[0].equals(alone)
    assert both[1] is not None and both[1].to_pylist() == rows_of(video, Recorder())


def sampled(
    stamps: Sequence[int], interval_s: float = 0.5, time_base: Fraction = Fraction(1, 1000)
) -> list[int]:
    """Numbers of the frames that the grid asks for."""
    grid = TimeGrid(interval_s, time_base)
    return [at for at, pts in enumerate(stamps) if grid.due(pts, [*stamps[1:], None][at])]


def test_the_grid_follows_time_and_not_frames() -> None:
    varying = [0, 100, 200, 480, 520, 900, 2600, 2700, 3001]
    assert [varying[at] for at in sampled(varying)] == [0, 480, 900, 3001]


def test_a_long_frame_of_a_varying_rate_is_sampled() -> None:
    at_24 = [round(n * 1000 / 24) for n in range(26)]
    assert 25 in sampled([*at_24, *(at_24[-1] + 5000 + round(n * 1000 / 24) for n in range(40))])


def test_times_rounded_to_milliseconds_fall_on_their_grid() -> None:
    assert sampled([round(n * 1000 / 24) - (n == 36) for n in range(73)]) == [0, 12, 24, 36, 48, 60, 72]


def test_the_grid_begins_at_the_first_frame() -> None:
    assert sampled(range(1000, 1060), 1.0, Fraction(1, 24)) == [0, 24, 48]


@pytest.mark.parametrize(
    "rate", [8, 12, Fraction(24000, 1001), 24, 25, Fraction(30000, 1001), 50, Fraction(60000, 1001), 120]
)
@pytest.mark.parametrize("base", [Fraction(1, 1000), Fraction(1, 90000)])
def test_every_half_second_of_a_constant_rate_has_a_sample_and_no_more(
    rate: Fraction, base: Fraction
) -> None:
    times = [n / Fraction(rate) for n in range(1500)]
    found = sampled([round(time / base) for time in times], time_base=base)
    ends = [times[at] for at in found] + [times[-1] + 1 / Fraction(rate)]
    assert max(after - before for before, after in pairwise(ends)) <= Fraction(1, 2) + 1 / Fraction(rate)
    assert len(found) <= math.ceil(2 * ends[-1])


def test_whatever_is_shown_for_an_interval_has_a_sample_at_a_varying_rate() -> None:
    steps = np.random.default_rng(1).choice([42, 83, 125, 250, 500, 700], 600)
    stamps = np.concatenate([[0], np.cumsum(steps)]).tolist()
    found = np.isin(np.arange(len(stamps)), sampled(stamps))
    for start in range(580):
        end = next(at for at in range(start, len(stamps)) if stamps[at] - stamps[start] >= 502)
        assert found[start:end].any()


def test_a_line_on_one_long_frame_is_read_by_both_passes(tmp_path: Path) -> None:
    pictures = [lettered("")] * 25 + [lettered("Long line")] + [lettered("")] * 10
    path = write_video(tmp_path / "v.mkv", pictures, pts=[*range(26), *range(145, 155)])
    rows = rows_of(path, Recorder())
    assert 25 in [row["frame"] for row in rows]
    sparse = read_text(
        path, video_id=VIDEO, settings=SETTINGS.text, decode=SETTINGS.decode, text_reader=Recorder()
    )
    assert sparse.to_pylist() == rows


def test_a_sparse_pass_ends_with_the_film_where_packets_hold_no_picture(tmp_path: Path) -> None:
    plain = write_numbered(tmp_path / "plain.mkv", 96, "-c:v", "mpeg4", "-bf", "0", "-g", "24")
    path = with_empty_packets(plain, tmp_path / "empty.mkv", range(50, 80))
    table = read_text(
        path, video_id=VIDEO, settings=SETTINGS.text, decode=SETTINGS.decode, text_reader=Recorder()
    )
    assert 0 < table.num_rows <= 17
    assert max(table["frame"].to_pylist()) < 96
