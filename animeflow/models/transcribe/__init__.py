"""Task `transcribe`: when somebody speaks, and what is said. Sound is 16 kHz mono, times are its sample numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from animeflow.errors import ContractError

SAMPLE_RATE_HZ = 16_000


@dataclass(frozen=True)
class Interval:
    """Samples [start, end) of 16 kHz sound."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ContractError(
                f"interval {self.start}..{self.end}: start must be below end and not negative"
            )


@dataclass(frozen=True)
class Segment:
    """A sentence or phrase: where, what, and the mean log probability of its tokens (0 is certain)."""

    interval: Interval
    text: str
    mean_log_probability: float
    no_speech_probability: float


@dataclass(frozen=True)
class Transcript:
    """What was said in one sound: language (ISO 639), its probability (1 where it was set), segments in order."""

    language: str
    language_probability: float
    segments: tuple[Segment, ...]


class VoiceActivity(Protocol):
    """When somebody speaks."""

    def probabilities(self, sound: np.ndarray) -> np.ndarray:
        """float32 [n] in -1..1 at 16 kHz mono -> speech probability float32 [ceil(n / 512)] of each 32 ms block."""
        ...

    def speech(self, sound: np.ndarray) -> list[Interval]:
        """The same sound -> intervals with speech, in order, apart from each other."""
        ...


class Transcriber(Protocol):
    """What is said."""

    def transcribe(self, sound: np.ndarray) -> Transcript:
        """float32 [n] in -1..1 at 16 kHz mono -> segments inside the sound; silence gives none."""
        ...


def as_sound(sound: np.ndarray) -> np.ndarray:
    """float32 [n], finite; ContractError tells what came instead."""
    if sound.dtype != np.float32 or sound.ndim != 1 or not np.isfinite(sound).all():
        raise ContractError(
            f"sound is {sound.dtype} {sound.shape}, expected finite float32 (n,) at 16 kHz mono"
        )
    return sound
