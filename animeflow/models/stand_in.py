"""Seeded numpy functions that take the place of an ONNX graph in `tiny(seed)`.

They are not the architecture (the graphs have no source here to build a smaller one from): they let the contract of an
adapter, its pre- and post-processing, be tested without weights, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np


class PixelStandIn:
    """[n, 3, h, w] -> [n, 1, h, w] in 0-1: logistic of a random mix of the channels, smoothed once."""

    def __init__(self, seed: int) -> None:
        self.metadata: Mapping[str, str] = {}
        rng = np.random.default_rng(seed)
        self._mix = rng.normal(size=3).astype(np.float32)
        self._bias = np.float32(rng.normal() * 0.1)

    def __call__(self, **inputs: np.ndarray) -> list[np.ndarray]:
        x = next(iter(inputs.values()))
        mixed = np.einsum("nchw,c->nhw", x, self._mix) + self._bias
        padded = np.pad(mixed, ((0, 0), (1, 1), (1, 1)), mode="edge")
        smooth = (padded[:, 1:-1, 1:-1] * 2 + padded[:, :-2, 1:-1] + padded[:, 2:, 1:-1]) / 4
        return [(1 / (1 + np.exp(-smooth)))[:, None].astype(np.float32)]


class LineStandIn:
    """[n, 3, 48, w] -> [n, w/8, 1 + characters + 1] class probabilities, from the mean colour of each column."""

    def __init__(self, seed: int, characters: str = "abc") -> None:
        self.metadata: Mapping[str, str] = {"character": "\n".join(characters)}
        rng = np.random.default_rng(seed)
        self._mix = rng.normal(size=(3, len(characters) + 2)).astype(np.float32)

    def __call__(self, **inputs: np.ndarray) -> list[np.ndarray]:
        x = next(iter(inputs.values()))
        columns = x.reshape(*x.shape[:3], -1, 8).mean(axis=(2, 4)).transpose(0, 2, 1)
        logits = columns @ self._mix
        raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return [raised / raised.sum(axis=-1, keepdims=True)]


class VoiceStandIn:
    """Silero's signature: loudness of each block through a logistic; the state goes through unchanged."""

    def __init__(self, seed: int) -> None:
        self.metadata: Mapping[str, str] = {}
        self._gain = np.float32(20 + np.random.default_rng(seed).random())

    def __call__(self, **inputs: np.ndarray) -> list[np.ndarray]:
        loud = np.sqrt((inputs["input"] ** 2).mean(axis=1))
        return [1 / (1 + np.exp(-(loud - 0.2) * self._gain)), inputs["h"], inputs["c"]]
