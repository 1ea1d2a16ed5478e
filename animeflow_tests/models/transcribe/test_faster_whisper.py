"""Whisper: our side of the library with a recording stand-in; the real model where extra and weights are present."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import wave
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from animeflow.errors import SettingsError
from animeflow.models.transcribe import SAMPLE_RATE_HZ, Interval
from animeflow.models.transcribe.faster_whisper import FasterWhisper, segment_of
from animeflow.settings.models import FasterWhisper as Options
from animeflow_tests.models.conftest import loaded

INSTALLED = importlib.util.find_spec("faster_whisper") is not None


def spoken(start: float, end: float, text: str) -> SimpleNamespace:
    return SimpleNamespace(start=start, end=end, text=text, avg_logprob=-0.3, no_speech_prob=0.1)


class Recorder:
    """Keeps the options of the last call."""

    def transcribe(self, audio, **options):
        self.samples, self.options = len(audio), options
        return [
            spoken(0.0, 1.0, " one"),
            spoken(1.0, 9.0, " two"),
            spoken(3.0, 9.0, " beyond"),
        ], SimpleNamespace(language="ja", language_probability=0.9)


def test_times_are_samples_cut_to_the_sound_and_blank_segments_go():
    assert segment_of(spoken(0.5, 1.0, " hi "), 32000).interval == Interval(8000, 16000)
    assert segment_of(spoken(1.0, 30.0, "hi"), 32000).interval == Interval(16000, 32000)
    assert segment_of(spoken(0.5, 1.0, "hi "), 32000).text == "hi"
    assert segment_of(spoken(2.0, 3.0, "behind the end"), 32000) is None
    assert segment_of(spoken(0.0, 1.0, "  "), 32000) is None


def test_the_library_is_called_without_random_fallback_and_with_the_settings():
    adapter = FasterWhisper(Options(language="zh", initial_prompt="以下是普通话的句子。", beam_size=3))
    adapter._engine = recorder = Recorder()
    got = adapter.transcribe(np.full(2 * SAMPLE_RATE_HZ, 0.1, np.float32))
    assert [one.text for one in got.segments] == ["one", "two"]
    assert got.language == "ja"
    assert recorder.options["temperature"] == 0.0
    assert recorder.options["language"] == "zh"
    assert recorder.options["beam_size"] == 3
    assert recorder.options["initial_prompt"] == "以下是普通话的句子。"
    assert recorder.options["condition_on_previous_text"] is False


@pytest.mark.skipif(INSTALLED, reason="the extra speech is installed here")
def test_without_the_extra_the_error_says_how_to_get_it():
    with pytest.raises(SettingsError, match=r"pip install 'animeflow\[speech\]'"):
        FasterWhisper().load()


@pytest.mark.skipif(not INSTALLED, reason="the extra speech is not installed here")
@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed here")
def test_synthesised_speech_is_written_down(tmp_path: Path):
    path = tmp_path / "speech.wav"
    subprocess.run(["espeak-ng", "-w", str(path), "Hello everybody, this is a short test"], check=True)
    with wave.open(str(path)) as stream:
        raw = np.frombuffer(stream.readframes(stream.getnframes()), np.int16).astype(np.float32) / 32768
        rate = stream.getframerate()
    times = np.arange(0, len(raw) / rate, 1 / SAMPLE_RATE_HZ)
    sound = np.interp(times, np.arange(len(raw)) / rate, raw).astype(np.float32)
    model = loaded(FasterWhisper(Options(language="en")))
    assert "hello everybody" in model.transcribe(sound).segments[0].text.lower()
    assert model.transcribe(np.zeros(2 * SAMPLE_RATE_HZ, np.float32)).segments == ()
