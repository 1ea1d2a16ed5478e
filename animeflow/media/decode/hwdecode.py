"""Decoding on a card: a backend that has to prove itself against the CPU's pixels for every file, and gives way to it.

What a card decodes is asked of the card (H100 and H200 have no AV1 and no 10-bit H.264), never taken from a list. A
backend that does not open, gives other pixels, or fails on the way is left with its reason, and the CPU goes on: tables
do not depend on it. NVDEC does not flag damaged pictures; so that damage cannot pass as a result, a packet that the
demuxer marks as damaged ends its use too.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from animeflow.errors import SettingsError
from animeflow.media.decode.card import Backend
from animeflow.media.decode.pictures import plain_pictures
from animeflow.media.demux.container import main_video_stream, open_container

Word = Literal["auto", "cpu", "nvdec"]
CHECKED_FRAMES = 8  # from the start, and again after a seek to the middle
DRIVER = Path("/dev/nvidiactl")
# What a card hands over, and the planar format in which FFmpeg's own decoders hold the same samples.
PLANAR = {"nv12": "yuv420p", "p010le": "yuv420p10le", "p016le": "yuv420p12le", "nv16": "yuv422p"}


@dataclass(frozen=True)
class Choice:
    """Which backend decodes a file, and why."""

    name: str
    reason: str


class Nvdec:
    """NVDEC through FFmpeg's CUDA device. `device` is the number of the card."""

    name = "nvdec"

    def __init__(self, device: int = 0) -> None:
        self._device = device

    def hwaccel(self) -> Any:
        from av.codec.hwaccel import HWAccel

        # A silent software fallback would be measured, and reported, as the card.
        return HWAccel("cuda", device=str(self._device), allow_software_fallback=False)

    def card_problem(self) -> str | None:
        if not DRIVER.exists():
            return "no NVIDIA driver here"
        if os.environ.get("CUDA_VISIBLE_DEVICES", "all") in ("", "-1"):
            return "this process is shown no card (a decoding worker is not: shots.decode.isolate=false)"
        return None

    def planar(self, picture: Any) -> Any:
        return to_planar(picture)


def to_planar(picture: Any) -> Any:
    """A picture with its chroma samples in planes of their own; flags, times and side data stay."""
    wanted = PLANAR.get(picture.format.name)
    return picture if wanted is None else picture.reformat(format=wanted)


def backend_of(word: Word, *, device: int = 0) -> Backend | None:
    """The backend that a setting asks for; None for the CPU. Raises `SettingsError` for nvdec without a card."""
    if word == "cpu":
        return None
    backend = Nvdec(device)
    if word == "nvdec" and (problem := backend.card_problem()):
        raise SettingsError(
            f"shots.decode.backend=nvdec, but {problem}", hint="set shots.decode.backend=auto or cpu"
        )
    return backend


def choose(path: Path, backend: Backend | None, *, max_pixels: int) -> Choice:
    """Whether this backend may decode this file. Costs nothing without a card; else 16 frames on both sides.

    Never raises for what the backend does: any failure is a reason.
    """
    if backend is None:
        return Choice("cpu", "shots.decode.backend=cpu")
    problem = backend.card_problem() or self_check(path, backend, max_pixels=max_pixels)
    if problem is not None:
        return Choice("cpu", f"{backend.name}: {problem}")
    return Choice(backend.name, f"{2 * CHECKED_FRAMES} frames equal the CPU's")


def self_check(path: Path, backend: Backend, *, max_pixels: int) -> str | None:
    """None where the backend gives the CPU's pixels for the first frames and after a seek; else what differs."""
    try:
        wanted = list(_signatures(path, None, lambda picture: picture, max_pixels))
        found = list(_signatures(path, backend, backend.planar, max_pixels))
    except Exception as error:  # noqa: BLE001 PermissionError without a driver, NotImplementedError for a codec, any FFmpeg error
        return f"does not decode it ({type(error).__name__}: {error})"
    if len(wanted) != len(found):
        return f"gave {len(found)} frames where the CPU gave {len(wanted)}"
    at = next((n for n, (a, b) in enumerate(zip(wanted, found, strict=True)) if a != b), None)
    return None if at is None else f"frame {at} of the self-check has other pixels than the CPU's"


def signature(picture: Any) -> tuple[Any, ...]:
    """Time, size, format and a checksum of every plane's visible samples."""
    return (
        picture.pts,
        picture.width,
        picture.height,
        picture.format.name,
        zlib.crc32(picture.to_ndarray().tobytes()),
    )


def _signatures(
    path: Path, backend: Backend | None, planar: Callable[[Any], Any], max_pixels: int
) -> Iterator[tuple[Any, ...]]:
    accel = None if backend is None else backend.hwaccel()
    with open_container(path, max_pixels=max_pixels, hwaccel=accel) as container:
        stream = main_video_stream(container, path)
        if accel is not None and not stream.codec_context.is_hwaccel:
            raise RuntimeError("the card takes no part in decoding it")
        for place in (None, container.duration):
            if place is not None:
                container.seek(container.start_time + place // 2 if container.start_time else place // 2)
            pictures = plain_pictures(container.demux(stream), stream, purpose="self_check")
            for picture in islice(pictures, CHECKED_FRAMES):
                yield signature(planar(picture))
