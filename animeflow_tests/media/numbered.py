"""Videos whose frames carry their number in the picture, so that a test reads what was decoded, not what was
claimed.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from animeflow.media.command import run_command
from animeflow.media.ffmpeg import ffmpeg_path

WIDTH, HEIGHT, BITS = 160, 96, 8
# Output arguments of ffmpeg: AV1 that is quick to write and to read.
AV1 = (
    "-c:v",
    "libsvtav1",
    "-preset",
    "10",
    "-crf",
    "30",
    "-pix_fmt",
    "yuv420p10le",
    "-svtav1-params",
    "lp=1",
)
U8 = npt.NDArray[np.uint8]


def numbered_frames(count: int, *, size: tuple[int, int] = (WIDTH, HEIGHT)) -> U8:
    """uint8 RGB [count, h, w, 3]: the upper half holds the number as eight black or white bars, the lower half
    moves.
    """
    width, height = size
    x = np.arange(width)
    frames = np.zeros((count, height, width, 3), np.uint8)
    for n in range(count):
        bars = (n >> (x * BITS // width)) & 1
        frames[n, : height // 2] = (bars * 255)[None, :, None]
        shade = (x * 2 + n * 3) % 200 + 20
        frames[n, height // 2 :] = np.stack([shade, 220 - shade, np.full_like(x, 120)], axis=-1)
    return frames


def number_of(gray: U8) -> int:
    """The number in a decoded picture, of any size."""
    height, width = gray.shape[:2]
    row = gray[height // 4]
    middles = [(2 * bit + 1) * width // (2 * BITS) for bit in range(BITS)]
    return sum(1 << bit for bit, at in enumerate(middles) if row[at] > 127)


def ffmpeg(*words: str | Path, stdin: bytes | None = None) -> None:
    """Run the bundled ffmpeg quietly."""
    run_command([ffmpeg_path(), "-hide_banner", "-v", "error", "-y", *words], timeout_s=60, stdin=stdin)


def write_numbered(
    path: Path, count: int, *codec: str | Path, rate: str = "24", size: tuple[int, int] = (WIDTH, HEIGHT)
) -> Path:
    """Encode numbered frames; `codec` are ffmpeg's output arguments, further inputs and maps included."""
    raw = numbered_frames(count, size=size).tobytes()
    source = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", rate, "-i", "pipe:0"]
    ffmpeg(*source, *codec, path, stdin=raw)
    return path
