from __future__ import annotations

from fractions import Fraction

import pytest

from animeflow.errors import EncodeError
from animeflow.media.clips.shape import ClipShape, Pictures, filters, sound_args, target_size
from animeflow.media.demux.streams import AudioTrack
from animeflow.media.encode.encoders import X264

H264 = X264(23.0)


@pytest.mark.parametrize(
    ("size", "aspect", "shape", "expected"),
    [
        ((1920, 1080), 1, ClipShape(), (1920, 1080)),
        ((1920, 1080), 1, ClipShape(max_height=720), (1280, 720)),
        ((1280, 720), 1, ClipShape(max_height=720), (1280, 720)),
        ((1279, 719), 1, ClipShape(), (1279, 719)),
        ((1279, 719), 1, ClipShape(h264=H264), (1280, 720)),
        ((720, 480), Fraction(8, 9), ClipShape(h264=H264), (640, 480)),
        ((1440, 1080), Fraction(4, 3), ClipShape(h264=H264, max_height=720), (1280, 720)),
        ((1440, 1080), Fraction(4, 3), ClipShape(max_height=720), (960, 720)),
        ((608, 1080), 1, ClipShape(h264=H264, max_height=720), (406, 720)),
    ],
)
def test_sizes(size: tuple[int, int], aspect: Fraction, shape: ClipShape, expected: tuple[int, int]) -> None:
    assert target_size(Pictures(*size, Fraction(aspect), 1), shape) == expected


@pytest.mark.parametrize(("transfer", "name"), [(16, "PQ"), (18, "HLG")])
def test_hdr_is_refused_for_8_bit_and_kept_for_10(transfer: int, name: str) -> None:
    pictures = Pictures(1920, 1080, Fraction(1), transfer)
    with pytest.raises(EncodeError, match=name):
        filters(pictures, ClipShape(h264=H264))
    assert "tonemap" in filters(pictures, ClipShape(h264=H264, tonemap=True))
    assert filters(pictures, ClipShape()) == "setpts=PTS-STARTPTS"


def track(codec: str) -> AudioTrack:
    return AudioTrack(1, codec, 2, "stereo", 48000, "fltp", None, None, None, ())


def test_mp4_takes_what_it_holds_and_mkv_takes_all() -> None:
    tracks = [track("aac"), track("vorbis")]
    assert sound_args(tracks, "mkv") == ["-c:a:0", "copy", "-c:a:1", "copy"]
    assert sound_args(tracks, "mp4") == ["-c:a:0", "copy", "-c:a:1", "aac", "-b:a:1", "192k"]
