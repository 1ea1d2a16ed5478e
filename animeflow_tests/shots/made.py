"""Small made inputs of the tests of shots: encoded files, and tables of signals without a file."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pyarrow as pa

from animeflow.shots.detectors.evidence import Evidence
from animeflow.tables.schemas.shots import FRAME_SIGNALS, THUMB_BYTES

VIDEO = "0123456789abcdef"
FPS = Fraction(24)


def write_video(
    path: Path,
    frames: Sequence[np.ndarray],
    *,
    crf: int = 16,
    pts: Sequence[int] | None = None,
    gop: int = 250,
) -> Path:
    """H.264 in Matroska from uint8 RGB frames; `pts` in ticks of 1/24 s, a key frame every `gop` frames at least."""
    with av.open(str(path), "w", format="matroska") as file:
        options = {
            "crf": str(crf),
            "preset": "veryfast",
            "g": str(gop),
            "x264-params": "threads=1:lookahead-threads=1",
        }
        stream = file.add_stream("libx264", rate=FPS, options=options)
        stream.width, stream.height, stream.pix_fmt = frames[0].shape[1], frames[0].shape[0], "yuv420p"
        stream.codec_context.time_base = 1 / FPS
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = number if pts is None else pts[number], 1 / FPS
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def scene(seed: int, size: tuple[int, int] = (192, 108)) -> np.ndarray:
    """A picture with structure at every scale: uint8 RGB [h, w, 3]; each seed another one."""
    rng = np.random.default_rng(seed)
    width, height = size
    picture = np.zeros((height, width, 3), np.float64)
    for cells in (3, 6, 12, 24):
        noise = rng.uniform(-1, 1, (cells + 1, cells + 1, 3))
        ys, xs = np.linspace(0, cells, height, endpoint=False), np.linspace(0, cells, width, endpoint=False)
        picture += noise[ys.astype(int)][:, xs.astype(int)] * 200 / cells**0.7
    return np.clip(picture + rng.uniform(70, 180, 3), 0, 255).astype(np.uint8)


def thumb(seed: int) -> np.ndarray:
    """A scene at 48x27."""
    return scene(seed, (48, 27))


def mixed(first: np.ndarray, second: np.ndarray, share: float) -> np.ndarray:
    """One thumbnail mixed with another."""
    return np.round(first * (1 - share) + second * share).astype(np.uint8)


def evidence(
    thumbs: Sequence[np.ndarray],
    *,
    single: np.ndarray | None = None,
    many_hot: np.ndarray | None = None,
    fps: float | None = None,
) -> Evidence:
    """What a detector sees of these thumbnails; probabilities are 0 where none are given, times those of 24 fps."""
    stack = np.stack(thumbs)
    apart = np.abs(np.diff(stack.astype(np.int16), axis=0)).mean(axis=(1, 2, 3))
    none = np.zeros(len(stack))
    return Evidence(
        thumbs=stack,
        diff_rgb=np.concatenate([[0.0], apart]),
        deltas=np.repeat(np.concatenate([[0.0], apart])[:, None], 3, axis=1),
        single=none if single is None else single,
        many_hot=none if many_hot is None else many_hot,
        times=None if fps is None else np.arange(len(stack) + 1) / fps,
    )


def signals(
    frames: int,
    *,
    pts: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 24),
    thumbs: np.ndarray | None = None,
    **columns: Sequence[float] | np.ndarray,
) -> pa.Table:
    """A table `frame_signals` of `frames` frames; columns that are not given are 0."""
    stack = np.zeros((frames, THUMB_BYTES), np.uint8) if thumbs is None else thumbs.reshape(frames, -1)
    made: dict[str, object] = {}
    for column in FRAME_SIGNALS.columns:
        made[column.name] = (
            np.zeros(frames, column.type.to_pandas_dtype()) if column.name != "video_id" else None
        )
        if column.name == "thumbnail":
            made[column.name] = pa.array([bytes(row) for row in stack], type=column.type)
    made |= {
        "video_id": [VIDEO] * frames,
        "frame": np.arange(frames),
        "pts": np.arange(frames) if pts is None else np.asarray(pts),
        "time_base_num": [time_base.numerator] * frames,
        "time_base_den": [time_base.denominator] * frames,
        "corrupt": np.zeros(frames, bool),
        "retimed": np.zeros(frames, bool),
        "key": np.zeros(frames, bool),
        **columns,
    }
    return FRAME_SIGNALS.from_columns(made)
