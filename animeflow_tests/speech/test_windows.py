import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeflow.media.audio import AudioBlock
from animeflow.models.transcribe import Interval
from animeflow.speech.windows import find_speech, grouped, sound_of, windows


def blocks(sound, size):
    for start in range(0, len(sound), size):
        yield AudioBlock(start, sound[None, start : start + size])


class LoudIsSpeech:
    """Speech is what is not 0: exact, and therefore the same whatever the window."""

    def __init__(self):
        self.longest = 0

    def speech(self, sound):
        self.longest = max(self.longest, len(sound))
        edges = np.flatnonzero(np.diff(np.concatenate([[0], (sound != 0).astype(int), [0]])))
        return [Interval(int(a), int(b)) for a, b in edges.reshape(-1, 2)]


SOUNDS = st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=8).map(
    lambda runs: np.concatenate(
        [np.full(n, float(on), np.float32) for n, on in runs] or [np.zeros(0, np.float32)]
    )
)


@given(SOUNDS, st.integers(1, 30), st.integers(1, 40), st.integers(0, 15))
def test_windows_cover_every_sample_once_with_their_margins(sound, size, length, margin):
    found = list(windows(blocks(sound, size), length=length, margin=margin))
    assert not found or found[0].start == 0
    assert sum(w.end - w.start for w in found) == len(sound)
    for before, after in itertools.pairwise(found):
        assert before.end == after.start
    for w in found:
        assert np.array_equal(w.sound, sound[w.first : w.first + len(w.sound)])
        assert w.first == max(0, w.start - margin)
        assert w.first + len(w.sound) >= min(len(sound), w.end)


@given(SOUNDS, st.integers(1, 30), st.integers(1, 40), st.integers(0, 15))
def test_speech_across_the_border_of_two_windows_is_one_interval(sound, size, length, margin):
    whole = LoudIsSpeech().speech(sound)
    assert find_speech(blocks(sound, size), LoudIsSpeech(), length=length, margin=margin) == whole


def test_a_long_sound_is_never_held_whole():
    voice = LoudIsSpeech()
    find_speech(blocks(np.ones(100_000, np.float32), 1000), voice, length=5000, margin=100)
    assert voice.longest <= 5000 + 200


@given(SOUNDS, st.integers(1, 30))
def test_the_sound_of_intervals_is_exactly_theirs(sound, size):
    intervals = LoudIsSpeech().speech(sound)
    found = list(sound_of(blocks(sound, size), intervals))
    assert [interval for interval, _ in found] == intervals
    for interval, part in found:
        assert np.array_equal(part, sound[interval.start : interval.end])


@pytest.mark.parametrize(
    ("intervals", "groups"),
    [
        ([(0, 10), (20, 30)], [(0, 30)]),
        ([(0, 10), (20, 90), (95, 140)], [(0, 90), (95, 140)]),
        ([(5, 250)], [(5, 105), (105, 205), (205, 250)]),
        ([], []),
    ],
)
def test_neighbours_are_joined_and_what_is_too_long_is_cut(intervals, groups):
    found = grouped([Interval(a, b) for a, b in intervals], longest=100)
    assert [(i.start, i.end) for i in found] == groups
