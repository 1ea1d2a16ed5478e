from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from animeflow.errors import EncodeError
from animeflow.media.decode.counting import counting_decodes
from animeflow.media.demux.container import main_video_stream, open_container
from animeflow.media.demux.frame_index import read_frame_index
from animeflow.media.encode.encoders import svt
from animeflow.media.encode.live_decode import LiveDecode, packets_digest
from animeflow.media.encode.plan import EncodePlan
from animeflow.media.encode.verify import ahead_of, decoded_ahead, verify_encode
from animeflow.media.encode.video import encode_video, make_plan
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe.file import probe
from animeflow_tests.media.numbered import ffmpeg, write_numbered

CUTS = [24]
FRAMES = 48


def some_packet(path: Path) -> bytes:
    """The bytes of the second picture."""
    with open_container(path) as container:
        packets = (bytes(p) for p in container.demux(main_video_stream(container, path)) if p.size)
        next(packets)
        return next(packets)


@contextmanager
def following(path: Path) -> Iterator[LiveDecode]:
    live = LiveDecode(path, purpose="test")
    live.start()
    try:
        yield live
    finally:
        live.stop()


def write_slowly(data: bytes, path: Path, *, before_the_end: Callable[[], None] = lambda: None) -> None:
    """In uneven pieces, as a muxer does."""
    with path.open("wb") as file:
        for at in range(0, len(data), 4099):
            if at + 4099 >= len(data):
                before_the_end()
            file.write(data[at : at + 4099])
            file.flush()
            time.sleep(0.002)


def test_a_growing_file_is_decoded_to_its_end(
    encoded: tuple[EncodePlan, Path, list[int]], tmp_path: Path
) -> None:
    _, path, _ = encoded
    with following(tmp_path / "grows.mkv") as live:
        write_slowly(path.read_bytes(), tmp_path / "grows.mkv")
        live.written()
        count = live.result()
        assert count is not None
        assert (count.frames, count.damaged) == (FRAMES, 0)
        assert count.digest == packets_digest(path)
        assert decoded_ahead(live, path, FRAMES) == FRAMES
        assert decoded_ahead(live, path, FRAMES + 1) is None


def test_pictures_come_before_the_file_is_complete(
    encoded: tuple[EncodePlan, Path, list[int]], tmp_path: Path
) -> None:
    _, path, _ = encoded
    seen: list[int] = []

    def look() -> None:
        deadline = time.monotonic() + 20
        while not counter["test"] and time.monotonic() < deadline:
            time.sleep(0.01)
        seen.append(counter["test"])

    with counting_decodes() as counter, following(tmp_path / "grows.mkv") as live:
        write_slowly(path.read_bytes(), tmp_path / "grows.mkv", before_the_end=look)
        live.written()
        assert live.result() is not None
    assert 0 < seen[0] <= FRAMES == counter["test"]


def test_a_file_that_changed_after_it_was_decoded_is_not_proved(
    encoded: tuple[EncodePlan, Path, list[int]], tmp_path: Path
) -> None:
    """A flipped bit, and a lost end: neither is what was decoded, and the decode of the file itself decides."""
    plan, path, pts = encoded
    data = path.read_bytes()
    copy = tmp_path / "copy.mkv"
    copy.write_bytes(data)
    with ahead_of(plan, copy, full_decode=True, audio_md5=True, ffmpeg=ffmpeg_path()) as ahead:
        ahead.written()
        live = ahead.decode
        assert live is not None
        assert live.result() is not None
        flipped = bytearray(data)
        flipped[data.index(some_packet(path)) + 30] ^= 0x10
        copy.write_bytes(flipped)
        assert decoded_ahead(live, copy, FRAMES) is None
        copy.write_bytes(data[: len(data) * 2 // 3])
        assert decoded_ahead(live, copy, FRAMES) is None
        with pytest.raises(EncodeError):
            verify_encode(plan, copy, cuts=CUTS, pts=pts, ffmpeg=ffmpeg_path(), ahead=ahead)


def test_packets_that_do_not_decode_are_not_proved(
    encoded: tuple[EncodePlan, Path, list[int]], tmp_path: Path
) -> None:
    _, path, _ = encoded
    data = bytearray(path.read_bytes())
    first = data.index(b"\x1f\x43\xb6\x75")
    for at in range(first + 2000, len(data), 997):
        data[at] ^= 0xFF
    broken = tmp_path / "broken.mkv"
    broken.write_bytes(data)
    with following(broken) as live:
        live.written()
        assert decoded_ahead(live, broken, FRAMES) is None


def test_an_encoder_that_never_writes_leaves_no_thread(tmp_path: Path) -> None:
    with following(tmp_path / "never.mkv") as live:
        live.written()
        assert live.result() is None
    with following(tmp_path / "never.mkv"):
        pass
    assert [t for t in threading.enumerate() if t.name == "live-decode"] == []


def test_a_decode_that_is_given_up_ends(encoded: tuple[EncodePlan, Path, list[int]], tmp_path: Path) -> None:
    _, path, _ = encoded
    half = tmp_path / "half.mkv"
    half.write_bytes(path.read_bytes()[:20_000])
    with following(half) as live:
        time.sleep(0.1)
        assert live.is_alive()
    assert not live.is_alive()


def test_every_frame_is_decoded_once(rich_mkv: Path, tmp_path: Path) -> None:
    """The proof while encoding is enough: the finished file is not decoded again."""
    index = read_frame_index(rich_mkv)
    assert index is not None
    pts = index.pts.tolist()
    for name, decoded in (("direct", False), ("decoded", True)):
        plan = make_plan(probe(rich_mkv), cuts=CUTS, pts=pts, encoder=svt("draft"), decoded=decoded)
        with counting_decodes() as counter:
            report = encode_video(plan, tmp_path / f"{name}.mkv", cuts=CUTS, pts=pts)
        assert counter["verify"] == report.decoded == FRAMES


def test_tags_that_are_no_utf8_do_not_end_the_decode(tmp_path: Path) -> None:
    """An AVI whose title is in the code page of who wrote it: FFmpeg hands its bytes on."""
    words = ("-pix_fmt", "yuv420p", "-c:v", "mpeg4", "-metadata", "title=XXXXXX")
    source = write_numbered(tmp_path / "old.avi", 24, *words)
    source.write_bytes(source.read_bytes().replace(b"XXXXXX", "日本語".encode("cp932")))
    ffmpeg("-i", source, "-c:v", "libx264", tmp_path / "out.mkv")
    assert "日本語".encode("cp932") in (tmp_path / "out.mkv").read_bytes()
    with following(tmp_path / "out.mkv") as live:
        live.written()
        count = live.result()
    assert count is not None
    assert (count.frames, count.damaged) == (24, 0)
