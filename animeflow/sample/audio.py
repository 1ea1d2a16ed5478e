"""Sound without speech: chords, the noise of waves, a bell at every change of shot."""

from __future__ import annotations

import wave
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from animeflow.sample.style import rng_of

RATE = 48_000
CHORDS = ((220.0, 277.2, 329.6), (196.0, 246.9, 293.7), (174.6, 220.0, 261.6), (164.8, 207.7, 246.9))
CHORD_S = 2.4


def soundtrack(seconds: float, *, seed: int, bells: Sequence[float]) -> np.ndarray:
    """Stereo int16 [n, 2] at 48 kHz; `bells` are times in seconds."""
    rng = rng_of(seed, "audio")
    n = round(seconds * RATE)
    time = np.arange(n) / RATE
    left = _pad(time, rng.permutation(len(CHORDS)), 0.0) + 0.35 * _waves(n, rng)
    right = _pad(time, rng.permutation(len(CHORDS)), 0.3) + 0.35 * _waves(n, rng)
    ring = _bells(time, bells, float(rng.choice([659.3, 784.0, 880.0])))
    stereo = np.stack([left + ring, right + 0.8 * ring], axis=1)
    stereo *= np.minimum(1.0, np.minimum(time, seconds - time) / 0.05)[:, None]
    return np.round(np.clip(stereo * 0.30, -1, 1) * 32767).astype(np.int16)


def _pad(time: np.ndarray, order: np.ndarray, detune: float) -> np.ndarray:
    """Soft chords, one every `CHORD_S`, each fading in and out."""
    out = np.zeros_like(time)
    for i in range(int(time[-1] / CHORD_S) + 1 if len(time) else 0):
        part = (time >= i * CHORD_S) & (time < (i + 1) * CHORD_S)
        local = time[part] - i * CHORD_S
        shape = np.sin(np.pi * local / CHORD_S) ** 0.7
        for tone in CHORDS[int(order[i % len(order)])]:
            angle = 2 * np.pi * (tone + detune) * local
            out[part] += shape * (np.sin(angle) + 0.3 * np.sin(2 * angle) + 0.1 * np.sin(3 * angle)) / 3
    return out


def _waves(n: int, rng: np.random.Generator) -> np.ndarray:
    """Noise that swells like surf."""
    noise = rng.standard_normal(n)
    kernel = np.hanning(49)
    soft = np.convolve(noise, kernel / np.linalg.norm(kernel), mode="same")
    swell = 0.55 + 0.45 * np.sin(2 * np.pi * np.arange(n) / RATE / 3.7 + rng.uniform(0, 6))
    return 0.5 * soft * swell


def _bells(time: np.ndarray, starts: Sequence[float], tone: float) -> np.ndarray:
    out = np.zeros_like(time)
    for start in starts:
        part = (time >= start) & (time < start + 1.2)
        local = time[part] - start
        out[part] += np.exp(-5 * local) * (
            np.sin(2 * np.pi * tone * local) + 0.4 * np.sin(5.4 * np.pi * tone * local)
        )
    return 0.7 * out


def write_wav(path: Path, samples: np.ndarray) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())
