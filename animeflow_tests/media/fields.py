"""Drawn pictures shown as film, as video of 30 frames or of 60 fields a second, and as film stretched to fields."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from animeflow_tests.media.numbered import ffmpeg

SIZE = (320, 180)
FILM, VIDEO, FIELDS = "24000/1001", "30000/1001", "60000/1001"
TFF, BFF = ("-x264opts", "tff=1"), ("-x264opts", "bff=1")
TELECINE = "telecine=pattern=23,setfield=tff"
TELECINE_BOTTOM = "telecine=first_field=bottom:pattern=23,setfield=bff"
LACED, LACED_BOTTOM = "tinterlace=4,setfield=tff", "tinterlace=5,setfield=bff"
U8 = npt.NDArray[np.uint8]


def drawn(count: int, *, hold: int = 1, speed: float = 5.0) -> U8:
    """uint8 RGB [count, h, w, 3]: a soft disc that moves over a painted ground, each drawing held for `hold` frames."""
    width, height = SIZE
    y, x = np.mgrid[:height, :width]
    ground = 90 + 40 * np.sin(x / 37) + 40 * np.cos(y / 29)
    frames = np.empty((count, height, width, 3), np.uint8)
    for n in range(count):
        at = (n // hold) * hold * speed
        middle = width / 2 + 110 * np.sin(at / 55), height / 2 + 50 * np.sin(at / 40)
        inside = np.clip(46 - np.hypot(x - middle[0], y - middle[1]), 0, 6) / 6
        for c, paint in enumerate((240, 200, 40)):
            frames[n, :, :, c] = ground * (1 - inside) + paint * inside
    return frames


def write_fields(
    path: Path, frames: U8, *, rate: str, filters: str = "null", codec: tuple[str | Path, ...] = ()
) -> Path:
    """Encode drawn frames of `rate` as H.264 behind `filters`; `codec` are further output arguments."""
    raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{SIZE[0]}x{SIZE[1]}", "-r", rate, "-i", "pipe:0"]
    x264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-g", "24")
    ffmpeg(*raw, *codec, "-vf", f"format=yuv420p,{filters}", *x264, path, stdin=frames.tobytes())
    return path
