from __future__ import annotations

import threading
import time
from contextlib import closing, nullcontext
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest
from scenedetect import ContentDetector, FrameTimecode, StatsManager

from animeflow.errors import DecodeError, Interrupted
from animeflow.media import command
from animeflow.media.decode.reader import counting_decodes, open_video
from animeflow.settings.shots import ShotsSettings
from animeflow.shots import frame_meter as module
from animeflow.shots import signals
from animeflow.shots.frame_meter import colours, content_size, levels, worst_blocks
from animeflow.shots.signals import analyse, passes
from animeflow.tables.frames import end_pts, pts, seconds, thumbnails, values
from animeflow_tests.media.numbered import write_numbered
from animeflow_tests.shots.made import VIDEO, scene, write_video

SIZE = (320, 180)
FRAMES = 30
HERE = ShotsSettings.model_validate({"decode": {"isolate": False}})  # in this process, where tests may patch
CUT = 14


def pictures() -> list[np.ndarray]:
    """A scene that moves by a pixel a frame, held on twos, then another one; the last frame is black."""
    first, second = scene(1, (360, 180)), scene(2, SIZE)
    moving = [first[:, t - t % 2 : t - t % 2 + 320] for t in range(CUT)]
    return [*moving, *[second] * (FRAMES - CUT - 1), np.zeros_like(second)]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("signals") / "v.mkv", pictures())


@pytest.fixture(scope="module")
def table(video: Path) -> pa.Table:
    return analyse(video, video_id=VIDEO, settings=ShotsSettings())[0]


def test_every_frame_is_decoded_once(video: Path) -> None:
    seen: list[int] = []
    with counting_decodes() as counted:
        found, text = analyse(video, video_id=VIDEO, settings=ShotsSettings(), progress=seen.append)
    assert dict(counted) == {"analysis": FRAMES}
    assert found.num_rows == FRAMES
    assert seen == sorted(seen) and seen[-1] == FRAMES
    assert text is None


def test_frames_are_numbered_and_timed_as_in_the_file(table: pa.Table) -> None:
    assert table["frame"].to_pylist() == list(range(FRAMES))
    assert seconds(table) == pytest.approx(np.arange(FRAMES) / 24, abs=1e-3)
    assert end_pts(pts(table)) - pts(table)[-1] == pytest.approx(1000 / 24, abs=1)
    assert table["key"][0].as_py()
    assert not any(table["corrupt"].to_pylist())


def test_the_first_frame_has_no_difference(table: pa.Table) -> None:
    for name in ("diff_rgb", "diff_rms", "diff_block", "diff_strong", "delta_hue", "delta_sat", "delta_lum"):
        assert table[name].null_count == 1
        assert table[name][0].as_py() is None


def test_thumbnails_are_the_frames_scaled_by_area(table: pa.Table) -> None:
    wanted = cv2.resize(pictures()[20], (48, 27), interpolation=cv2.INTER_AREA)
    assert np.abs(thumbnails(table)[20].astype(int) - wanted).mean() < 5
    assert thumbnails(table)[-1].max() < 4


def test_a_held_frame_has_no_strong_change_and_a_cut_has(table: pa.Table) -> None:
    strong = values(table, "diff_strong")
    assert strong[[3, 5, 7, 20, 25]].max() < 1
    assert strong[[2, 4, 6]].min() > 2
    assert strong[CUT] > 20
    assert int(np.argmax(values(table, "diff_rgb")[:-1])) == CUT


def test_a_small_frame_shows_what_scaling_the_whole_frame_shows(video: Path) -> None:
    with open_video(video, purpose="test") as reader:
        frame = next(iter(reader))
        small = frame.small((160, 90))
        assert (small.index, small.pts, small.key) == (frame.index, frame.pts, frame.key)
        assert np.abs(small.gray().astype(int) - frame.gray((160, 90))).mean() < 2
        assert np.abs(small.rgb((48, 27)).astype(int) - frame.rgb((48, 27))).mean() < 2
        assert small.rgb().shape == (90, 160, 3)


def test_levels_are_those_of_the_picture(table: pa.Table) -> None:
    luma = cv2.cvtColor(pictures()[20], cv2.COLOR_RGB2GRAY)
    assert values(table, "brightness")[20] == pytest.approx(luma.mean(), abs=6)
    assert values(table, "contrast")[20] == pytest.approx(luma.std(), rel=0.2)
    assert values(table, "sharpness")[20] > 100 > values(table, "sharpness")[-1]
    assert values(table, "brightness")[-1] < 2


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    noise = np.random.default_rng(3)
    for luma in (
        noise.integers(0, 256, (180, 320), np.uint8),
        np.full((180, 320), 7, np.uint8),
        pictures()[20][..., 0],
    ):
        _, deviation = cv2.meanStdDev(cv2.Laplacian(np.ascontiguousarray(luma), cv2.CV_16S))
        sharpness = levels(np.ascontiguousarray(luma), luma[::2, ::2].copy())[0]
        assert sharpness == pytest.approx(float(deviation[0, 0]) ** 2, rel=1e-12)


def test_content_components_are_those_of_pyscenedetect(video: Path, table: pa.Table) -> None:
    """Its own detector, fed with the same small pictures, records the same numbers."""
    detector = ContentDetector()
    detector.stats_manager = StatsManager()
    with open_video(video, purpose="test") as reader:
        size = content_size((reader.width, reader.height))
        for frame in reader:
            small = cv2.resize(frame.small(module.SHARPNESS_SIZE).rgb(), size, interpolation=cv2.INTER_LINEAR)
            detector.process_frame(FrameTimecode(frame.index, 24.0), cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
    for number in range(1, FRAMES):
        stored = [values(table, name)[number] for name in ("delta_hue", "delta_sat", "delta_lum")]
        theirs = detector.stats_manager.get_metrics(
            FrameTimecode(number, 24.0), ["delta_hue", "delta_sat", "delta_lum"]
        )
        assert stored == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize(
    ("size", "wanted"),
    [((1920, 1080), (256, 144)), ((1440, 1080), (256, 192)), ((1080, 1920), (144, 256)), ((200, 90), (200, 90))],
)  # fmt: skip
def test_the_content_scale_is_that_of_pyscenedetect(size: tuple[int, int], wanted: tuple[int, int]) -> None:
    assert content_size(size) == wanted


def test_the_table_does_not_depend_on_the_size_of_a_chunk(
    video: Path, table: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK_FRAMES", 7)
    again, _ = analyse(video, video_id=VIDEO, settings=HERE)
    assert again.equals(table)
    assert np.array_equal(thumbnails(again), thumbnails(table))
    assert np.array_equal(thumbnails(again.slice(9, 4)), thumbnails(table)[9:13])


def test_blocks_beyond_the_last_whole_row_are_seen() -> None:
    before = np.zeros((90, 160), np.uint8)
    after = before.copy()
    after[88:, 4:8] = 40
    assert worst_blocks(after, before) == (20.0, 18.5)


def test_colourfulness_of_grey_is_nothing_and_of_red_what_the_formula_says() -> None:
    thumbs = np.zeros((2, 27, 48, 3), np.uint8)
    thumbs[0] = 120
    thumbs[1, ..., 0] = 255
    saturation, colourfulness = colours(thumbs)
    assert saturation.tolist() == [0, 1]
    assert colourfulness == pytest.approx([0, 85.53], abs=0.01)


def test_a_sink_gets_the_rows_of_the_table_in_order_and_nothing_is_kept(
    video: Path, table: pa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK_FRAMES", 7)
    given: list[pa.Table] = []
    empty, _ = analyse(video, video_id=VIDEO, settings=HERE, sink=lambda: nullcontext(given.append))
    assert empty.num_rows == 0
    assert [rows.num_rows for rows in given] == [7, 7, 7, 7, 2]
    assert pa.concat_tables(given).equals(table)


@pytest.mark.parametrize(
    ("queue_bytes", "stretch", "threads"), [(2, 16, 1), (2, 1, 2), (10**9, 5, 0), (600_000, 2, 3)]
)
def test_neither_queues_nor_threads_change_a_row(
    video: Path,
    table: pa.Table,
    monkeypatch: pytest.MonkeyPatch,
    queue_bytes: int,
    stretch: int,
    threads: int,
) -> None:
    monkeypatch.setattr(signals, "STRETCH", stretch)
    again, _ = analyse(video, video_id=VIDEO, settings=HERE, queue_bytes=queue_bytes, threads=threads)
    assert again.equals(table)


def test_frames_are_read_ahead_by_no_more_bytes_than_the_queue_may_hold(
    video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signals, "STRETCH", 1)
    with open_video(video, purpose="test") as reader:
        one = module.Small.of(next(iter(reader))).nbytes
    with counting_decodes() as counted:
        ahead = passes(
            video,
            video_id=VIDEO,
            settings=ShotsSettings(),
            with_text=False,
            purpose="analysis",
            queue_bytes=4 * one,
            threads=1,
        )
        with closing(ahead):
            assert next(ahead).frames == 1
            deadline = time.monotonic() + 20
            while counted["analysis"] < 6 and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(0.3)
            most = counted["analysis"]
    # One is measured; before each of two queues one is refused, three wait in one and one in the other; and the decoder
    # gives a packet's pictures at once.
    assert 6 <= most <= 9
    assert not [thread for thread in threading.enumerate() if thread.name in ("decode", "scale")]


def test_a_stop_request_ends_the_pass(video: Path) -> None:
    def stop(_frames: int) -> None:
        command.request_stop()

    try:
        with pytest.raises(Interrupted):
            analyse(video, video_id=VIDEO, settings=ShotsSettings(), progress=stop, queue_bytes=2)
    finally:
        command.STOP.clear()


def test_a_truncated_file_is_refused_unless_that_is_accepted(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mkv", [scene(t // 24, (128, 72)) for t in range(96)])
    cut = tmp_path / "cut.mkv"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size * 45 // 100])
    with pytest.raises(DecodeError, match="accept_truncated") as error:
        analyse(cut, video_id=VIDEO, settings=ShotsSettings())
    assert error.value.reason == "truncated"
    accepting = ShotsSettings.model_validate({"decode": {"accept_truncated": True}})
    assert 2 <= analyse(cut, video_id=VIDEO, settings=accepting)[0].num_rows < 96


def test_a_video_of_one_frame_is_too_short(tmp_path: Path) -> None:
    path = write_video(tmp_path / "one.mkv", [scene(1)])
    with pytest.raises(DecodeError, match="1 frame, at least 2") as error:
        analyse(path, video_id=VIDEO, settings=ShotsSettings())
    assert error.value.reason == "too_short"


def test_a_time_that_the_file_does_not_give_is_said_to_be_made(tmp_path: Path) -> None:
    """libxvid's times in Matroska go back and forth."""
    path = write_numbered(tmp_path / "xvid.mkv", 60, "-c:v", "libxvid", "-bf", "2")
    table, _ = analyse(path, video_id=VIDEO, settings=ShotsSettings())
    with open_video(path, purpose="test") as reader:
        expected = [frame.picture.pts != frame.pts for frame in reader]
    assert any(expected)
    assert table["retimed"].to_pylist() == expected
