"""Chosen frames from a worker process: the same pictures, the same counts, and what a decoder that dies leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from animeflow.errors import DecodeError
from animeflow.media.chosen import chosen_frames, count_pictures
from animeflow.media.decode.counting import counting_decodes
from animeflow.media.decode.reader import DecodeLimits, open_video
from animeflow.media.isolation import isolate
from animeflow.settings.isolation import IsolationSettings


@pytest.mark.parametrize("frames", [[0, 3, 4, 40], [40, 41, 2], [7, 7]], ids=["ascending", "back", "twice"])
@pytest.mark.parametrize("size", [None, (48, 32)])
@pytest.mark.parametrize("name", ["plain_mkv", "rotated_mp4"])
def test_pictures_and_counts_are_those_of_this_process(
    name: str, size: tuple[int, int] | None, frames: Sequence[int], request: pytest.FixtureRequest
) -> None:
    path: Path = request.getfixturevalue(name)
    with counting_decodes() as there:
        found = list(chosen_frames(path, frames, purpose="test", size=size))
    with counting_decodes() as here, open_video(path, purpose="test") as reader:
        expected = [(n, next(reader.pick([n])).rgb(size)) for n in frames]
    assert [n for n, _ in found] == list(frames)
    assert all(np.array_equal(a, b) for (_, a), (_, b) in zip(found, expected, strict=True))
    assert dict(there) == dict(here)


def test_where_no_frame_is_asked_for_nothing_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolate, "stream", lambda *_, **__: pytest.fail("a worker was asked"))
    assert list(chosen_frames(Path("not there.mkv"), [], purpose="test")) == []


def test_limits_and_ends_are_errors_as_everywhere(plain_mkv: Path) -> None:
    with pytest.raises(DecodeError) as error:
        list(chosen_frames(plain_mkv, [0], purpose="test", limits=DecodeLimits(max_pixels=64)))
    assert error.value.reason == "too_large"
    with pytest.raises(DecodeError, match="ends after 48 frames, frame 48 was asked for"):
        list(chosen_frames(plain_mkv, [48], purpose="test"))


@pytest.mark.parametrize(
    ("kind", "reason"), [("segv", "decoder_crashed"), ("bomb", "out_of_memory"), ("hang", "timeout")]
)
def test_what_strikes_comes_after_the_pictures_before_it(
    kind: str, reason: str, plain_mkv: Path, faults: Callable[..., None]
) -> None:
    faults(f"{kind}:test:8:plain.mkv")
    limits = IsolationSettings(memory_mb=256, stall_s=5.0 if kind == "hang" else 60.0)
    got = []
    with pytest.raises(DecodeError) as error:
        for number, _ in chosen_frames(plain_mkv, [0, 1, 47], purpose="test", isolation=limits):
            got.append(number)
    assert (got, error.value.reason, error.value.transient) == ([0, 1], reason, False)


def test_pictures_are_counted_as_they_come(plain_mkv: Path) -> None:
    with counting_decodes() as counter:
        assert count_pictures(plain_mkv, purpose="test") == 48
    assert counter["test"] == 48
    with pytest.raises(DecodeError) as error:
        count_pictures(plain_mkv.with_name("missing.mkv"), purpose="test")
    assert error.value.reason == "unreadable"
