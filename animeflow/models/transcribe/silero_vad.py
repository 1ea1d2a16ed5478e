"""Silero VAD v6 through onnxruntime: speech probability every 32 ms, 1.2 MB."""

from __future__ import annotations

import numpy as np

from animeflow.models.onnx import Network, OnnxAdapter
from animeflow.models.registry import register
from animeflow.models.stand_in import VoiceStandIn
from animeflow.models.transcribe import SAMPLE_RATE_HZ, Interval, as_sound
from animeflow.settings.models import SileroVad as Options

BLOCK = 512
CONTEXT = 64
BLOCKS_PER_CALL = 4096
STATE = (1, 1, 128)


@register("transcribe", "silero_vad")
class SileroVad(OnnxAdapter):
    """Voice activity of 16 kHz mono sound; trained on speech of many languages, not on singing."""

    licence = "MIT"
    weights = ("silero_vad_v6",)
    requirements = ("onnxruntime",)
    options_model = Options
    options: Options

    @classmethod
    def stand_ins(cls, seed: int) -> tuple[Network, ...]:
        """Loudness."""
        return (VoiceStandIn(seed),)

    def probabilities(self, sound: np.ndarray) -> np.ndarray:
        """Speech probability of each block of 512 samples; the last one is padded with silence."""
        (network,) = self.networks
        framed = blocks(as_sound(sound))
        h, c = np.zeros(STATE, np.float32), np.zeros(STATE, np.float32)
        parts = [np.zeros(0, np.float32)]
        for start in range(0, len(framed), BLOCKS_PER_CALL):
            part, h, c = network(input=framed[start : start + BLOCKS_PER_CALL], h=h, c=c)
            parts.append(np.asarray(part, np.float32).reshape(-1))
        return np.clip(np.concatenate(parts), 0.0, 1.0)

    def speech(self, sound: np.ndarray) -> list[Interval]:
        """Intervals with speech by two thresholds; see `intervals`."""
        options = self.options
        return intervals(
            self.probabilities(sound),
            samples=len(sound),
            threshold=options.threshold,
            release=min(options.release, options.threshold),
            min_speech=round(options.min_speech_s * SAMPLE_RATE_HZ),
            min_silence=round(options.min_silence_s * SAMPLE_RATE_HZ),
            pad=round(options.pad_s * SAMPLE_RATE_HZ),
        )


def blocks(sound: np.ndarray) -> np.ndarray:
    """float32 [n] -> [ceil(n / 512), 576]: each block of 512 samples behind the last 64 of the block before."""
    count = -(-len(sound) // BLOCK)
    padded = np.zeros(CONTEXT + count * BLOCK, np.float32)
    padded[CONTEXT : CONTEXT + len(sound)] = sound
    starts = np.arange(count)[:, None] * BLOCK
    return padded[starts + np.arange(CONTEXT + BLOCK)[None]]


def intervals(
    probabilities: np.ndarray,
    *,
    samples: int,
    threshold: float,
    release: float,
    min_speech: int,
    min_silence: int,
    pad: int,
) -> list[Interval]:
    """Blocks' speech probabilities -> intervals in samples.

    Speech begins where the probability reaches `threshold` and ends where it stays below `release` for `min_silence`
    samples; what is shorter than `min_speech` is dropped; both ends are moved out by `pad`, at most to the middle of
    the gap between two intervals and to the ends of the sound.
    """
    found = [
        one for one in runs(probabilities, threshold, release, min_silence) if one[1] - one[0] >= min_speech
    ]
    result = []
    for index, (start, end) in enumerate(found):
        earliest = (found[index - 1][1] + start) // 2 if index else 0
        latest = (end + found[index + 1][0]) // 2 if index + 1 < len(found) else samples
        first, last = max(start - pad, earliest), min(end + pad, latest, samples)
        if first < last:
            result.append(Interval(first, last))
    return result


def runs(
    probabilities: np.ndarray, threshold: float, release: float, min_silence: int
) -> list[tuple[int, int]]:
    """[start, end) in samples of each stretch of speech, by hysteresis and shortest silence."""
    found, start, quiet = [], -1, -1
    for block, probability in enumerate(probabilities):
        at = block * BLOCK
        if probability >= threshold:
            start = at if start < 0 else start
        if probability >= release:
            quiet = -1
        elif start >= 0:
            quiet = at if quiet < 0 else quiet
            if at + BLOCK - quiet >= min_silence:
                found.append((start, quiet))
                start = quiet = -1
    if start >= 0:
        found.append((start, quiet if quiet >= 0 else len(probabilities) * BLOCK))
    return found
