"""Checks on arrays at the boundary of an adapter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from animeflow.errors import ContractError


def as_frames(frames: Sequence[np.ndarray]) -> list[np.ndarray]:
    """uint8 RGB [h, w, 3] frames, each with at least one pixel; ContractError names the first that is not."""
    return [as_frame(frame, index) for index, frame in enumerate(frames)]


def as_frame(frame: np.ndarray, index: int = 0) -> np.ndarray:
    """One uint8 RGB [h, w, 3] frame, contiguous."""
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or frame.size == 0:
        raise ContractError(f"frame {index} is {frame.dtype} {frame.shape}, expected uint8 (h, w, 3)")
    return np.ascontiguousarray(frame)
