"""Silero VAD: the intervals' rules, and the real weights on silence, tones, noise and synthesised speech."""

from __future__ import annotations

import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from animeflow.models.transcribe import SAMPLE_RATE_HZ, Interval
from animeflow.models.transcribe.silero_vad import BLOCK, SileroVad, blocks, intervals
from animeflow_tests.models.conftest import loaded

RULES = {"threshold": 0.5, "release": 0.35, "min_speech": 0, "min_silence": 3 * BLOCK, "pad": 0}


def found(*probabilities: float, **changes: int) -> list[tuple[int, int]]:
    """Intervals in blocks."""
    samples = len(probabilities) * BLOCK
    got = intervals(np.array(probabilities, np.float32), samples=samples, **{**RULES, **changes})
    return [(one.start / BLOCK, one.end / BLOCK) for one in got]


@pytest.fixture(scope="module")
def model():
    return loaded(SileroVad())


def test_speech_ends_after_enough_silence_at_the_first_silent_block():
    assert found(0.1, 0.9, 0.9, 0.1, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1) == [(1, 3), (6, 7)]


def test_a_short_silence_does_not_end_speech():
    assert found(0.9, 0.1, 0.1, 0.9, 0.1, 0.1, 0.1) == [(0, 4)]


def test_between_the_two_thresholds_speech_goes_on_and_does_not_begin():
    assert found(0.4, 0.4, 0.4) == []
    assert found(0.9, 0.4, 0.4, 0.4, 0.4, 0.1, 0.1, 0.1) == [(0, 5)]


def test_speech_at_the_end_of_the_sound_ends_with_it_or_where_it_fell_silent():
    assert found(0.1, 0.9, 0.9) == [(1, 3)]
    assert found(0.9, 0.9, 0.1, 0.1) == [(0, 2)]


def test_what_is_too_short_is_dropped():
    assert found(0.9, 0.1, 0.1, 0.1, 0.9, 0.9, 0.1, 0.1, 0.1, min_speech=2 * BLOCK) == [(4, 6)]


def test_padding_stops_in_the_middle_of_a_gap_and_at_the_ends():
    assert found(0.9, 0.1, 0.1, 0.1, 0.1, 0.9, pad=100 * BLOCK) == [(0, 3), (3, 6)]


def test_a_sound_that_ends_inside_a_block_ends_the_interval():
    assert intervals(np.array([0.9], np.float32), samples=100, **RULES) == [Interval(0, 100)]


def test_each_block_carries_the_last_64_samples_of_the_one_before():
    sound = np.arange(1, 1200, dtype=np.float32)
    got = blocks(sound)
    assert got.shape == (3, 576)
    assert got[0, :64].tolist() == [0] * 64
    assert got[1, :65].tolist() == list(range(449, 514))
    assert got[2, -1] == 0


@pytest.mark.parametrize("name", ["silence", "tone", "chord", "noise"])
def test_what_is_not_speech_gives_no_interval(model, name):
    time = np.arange(4 * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
    sound = {
        "silence": np.zeros_like(time),
        "tone": 0.5 * np.sin(2 * np.pi * 440 * time),
        "chord": sum(0.2 * np.sin(2 * np.pi * hertz * time) for hertz in (220, 277, 330)),
        "noise": np.random.default_rng(0).normal(0, 0.1, len(time)),
    }[name]
    assert model.speech(sound.astype(np.float32)) == []


def test_the_state_is_carried_from_call_to_call(model, monkeypatch):
    sound = np.random.default_rng(1).normal(0, 0.1, 40 * BLOCK).astype(np.float32)
    whole = model.probabilities(sound)
    monkeypatch.setattr("animeflow.models.transcribe.silero_vad.BLOCKS_PER_CALL", 7)
    assert np.allclose(model.probabilities(sound), whole, atol=1e-5)


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed here")
def test_synthesised_speech_is_found_where_it_stands(model, tmp_path: Path):
    path = tmp_path / "speech.wav"
    subprocess.run(
        ["espeak-ng", "-w", str(path), "Hello everybody, this is a test of the detector"], check=True
    )
    with wave.open(str(path)) as stream:
        raw = np.frombuffer(stream.readframes(stream.getnframes()), np.int16).astype(np.float32) / 32768
        rate = stream.getframerate()
    times = np.arange(0, len(raw) / rate, 1 / SAMPLE_RATE_HZ)
    speech = np.interp(times, np.arange(len(raw)) / rate, raw).astype(np.float32)
    silence = np.zeros(2 * SAMPLE_RATE_HZ, np.float32)
    got = model.speech(np.concatenate([silence, speech, silence]))
    assert got[0].start == pytest.approx(len(silence), abs=0.25 * SAMPLE_RATE_HZ)
    assert got[-1].end == pytest.approx(len(silence) + len(speech), abs=0.5 * SAMPLE_RATE_HZ)
    assert sum(one.end - one.start for one in got) > 0.7 * len(speech)
