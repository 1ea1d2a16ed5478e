"""An encode whose source is decoded by us, in a worker process, and whose decoder dies."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from animeflow.errors import DecodeError
from animeflow.media.decode.reader import DecodeLimits, open_video
from animeflow.media.encode.encoders import svt
from animeflow.media.encode.plan import make_plan
from animeflow.media.encode.quality import Sample
from animeflow.media.encode.video import encode_video
from animeflow.media.probe.file import probe


def encode(source: Path, folder: Path, limits: DecodeLimits | None = None) -> None:
    with open_video(source, purpose="test") as reader:
        pts = [frame.pts for frame in reader]
    plan = make_plan(probe(source), cuts=[], pts=pts, encoder=svt("draft"), threads=1, decoded=True)
    encode_video(plan, folder / "out.mkv", cuts=[], pts=pts, limits=limits)


def sample(source: Path, folder: Path, limits: DecodeLimits | None = None) -> None:
    Sample(source, range(8, 48), svt("draft"), folder, limits=limits)


@pytest.mark.parametrize("frame", [0, 30])
def test_a_crash_is_told_and_leaves_nothing(
    frame: int, plain_mkv: Path, tmp_path: Path, faults: Callable[..., None]
) -> None:
    faults(f"segv:encode:{frame}:plain.mkv")
    with pytest.raises(DecodeError, match="crashed on it twice") as error:
        encode(plain_mkv, tmp_path)
    assert error.value.reason == "decoder_crashed"
    assert list(tmp_path.iterdir()) == []


def test_so_is_one_while_a_sample_is_taken(
    plain_mkv: Path, tmp_path: Path, faults: Callable[..., None]
) -> None:
    faults("segv:probe:30:plain.mkv")
    with pytest.raises(DecodeError, match="crashed on it twice"):
        sample(plain_mkv, tmp_path)


@pytest.mark.parametrize("decode", [encode, sample])
def test_limits_hold_there_too(
    decode: Callable[[Path, Path, DecodeLimits], None], plain_mkv: Path, tmp_path: Path
) -> None:
    with pytest.raises(DecodeError) as error:
        decode(plain_mkv, tmp_path, DecodeLimits(max_pixels=64))
    assert error.value.reason == "too_large"
