"""Whisper (Radford 2022) by faster-whisper and CTranslate2: the extra `speech`, weights on request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple, Protocol, Self

import numpy as np

from animeflow.errors import WeightsMissing
from animeflow.models.base import Adapter, DType
from animeflow.models.device import CPU, Device
from animeflow.models.registry import register
from animeflow.models.transcribe import SAMPLE_RATE_HZ, Interval, Segment, Transcript, as_sound
from animeflow.settings.models import FasterWhisper as Options

COMPUTE = {"float32": "float32", "float16": "float16", "bfloat16": "bfloat16"}
MIN_SAMPLES = 400


class Spoken(NamedTuple):
    """A segment as the library gives it; times in seconds."""

    start: float
    end: float
    text: str
    avg_logprob: float
    no_speech_prob: float


class Engine(Protocol):
    """`faster_whisper.WhisperModel` as far as it is used here."""

    def transcribe(self, audio: np.ndarray, **options: Any) -> tuple[Iterable[Any], Any]: ...


@register("transcribe", "faster_whisper")
class FasterWhisper(Adapter):
    """Speech to text of 16 kHz mono sound, greedy in temperature: the same sound gives the same text."""

    licence = "MIT"
    weights = ("whisper_base",)
    requirements = ("faster_whisper",)
    options_model = Options
    options: Options
    vram_fixed_bytes = 700_000_000  # estimate, base in float16
    _engine: Engine | None = None

    def load(self, device: Device = CPU, dtype: DType = "float32") -> None:
        """Open the CTranslate2 model; a CPU computes in float32."""
        if self._engine is None:
            self._engine = EngineStandIn(self.seed) if self.seed is not None else self._open(device, dtype)

    def _open(self, device: Device, dtype: DType) -> Engine:
        self.check_requirements()
        from faster_whisper import WhisperModel

        folder = self.store.resolve(self.weights[0])
        try:
            return WhisperModel(
                str(folder),
                device=device.type,
                device_index=device.index,
                compute_type="float32" if device.type == "cpu" else COMPUTE[dtype],
                cpu_threads=self.threads,
                local_files_only=True,
            )
        except (RuntimeError, ValueError) as error:
            raise WeightsMissing(f"{folder} cannot be opened by faster-whisper: {error}") from error

    def close(self) -> None:
        """Free the model."""
        self._engine = None

    @classmethod
    def tiny(cls, seed: int) -> Self:
        """Our side of the library around a seeded stand-in for its model."""
        adapter = cls()
        adapter.seed = seed
        adapter.load()
        return adapter

    def transcribe(self, sound: np.ndarray) -> Transcript:
        """Segments of one sound; see the task's protocol. Give it speech: on music Whisper invents sentences."""
        if self._engine is None:
            raise self.not_loaded()
        if len(as_sound(sound)) < MIN_SAMPLES:
            return Transcript(language=self.options.language or "", language_probability=0.0, segments=())
        spoken, info = self._engine.transcribe(
            sound,
            language=self.options.language,
            initial_prompt=self.options.initial_prompt,
            beam_size=self.options.beam_size,
            # One temperature: the library's fallback samples at random from 0.2 up.
            temperature=0.0,
            condition_on_previous_text=False,
            # Without a second condition: on silence base says "You" at a mean log probability of -0.88.
            no_speech_threshold=self.options.max_no_speech,
            log_prob_threshold=None,
            vad_filter=False,
        )
        segments = [one for one in (segment_of(each, len(sound)) for each in spoken) if one is not None]
        return Transcript(
            language=info.language,
            language_probability=float(info.language_probability),
            segments=tuple(segments),
        )


def segment_of(spoken: Any, samples: int) -> Segment | None:
    """The library's segment in sample numbers, cut to the sound (it pads to 30 s and may end behind the end)."""
    start = max(0, round(spoken.start * SAMPLE_RATE_HZ))
    end = min(samples, round(spoken.end * SAMPLE_RATE_HZ))
    text = spoken.text.strip()
    if start >= end or not text:
        return None
    return Segment(Interval(start, end), text, float(spoken.avg_logprob), float(spoken.no_speech_prob))


class EngineInfo(NamedTuple):
    """Language as the library reports it."""

    language: str
    language_probability: float


class EngineStandIn:
    """Seeded stand-in for the library's model: one word for each loud second. Not the architecture."""

    def __init__(self, seed: int) -> None:
        self._words = [f"word{number}" for number in np.random.default_rng(seed).integers(0, 1000, 8)]

    def transcribe(self, audio: np.ndarray, **options: Any) -> tuple[Iterable[Spoken], EngineInfo]:
        """A segment for each whole or last second whose loudness exceeds 0.01."""
        seconds = [audio[at : at + SAMPLE_RATE_HZ] for at in range(0, len(audio), SAMPLE_RATE_HZ)]
        spoken = [
            Spoken(float(at), at + 1.0, f" {self._words[at % 8]}", -0.5, 0.1)
            for at, second in enumerate(seconds)
            if float(np.sqrt((second**2).mean())) > 0.01
        ]
        return spoken, EngineInfo(options.get("language") or "en", 1.0)
