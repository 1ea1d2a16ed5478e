"""Where the chroma samples of a video lie: the one fact that PyAV does not hand on, read from ffmpeg's own listing."""

from __future__ import annotations

import re
from pathlib import Path

from animeflow.errors import AnimeflowError, Interrupted
from animeflow.media.command import run_command
from animeflow.media.ffmpeg import MEMORY_WITHOUT_DECODER, input_args

LOCATIONS = ("left", "center", "topleft", "top", "bottomleft", "bottom")
_TIMEOUT_S = 60.0


def read_chroma_location(path: Path, index: int, ffmpeg: Path) -> str | None:
    """One of LOCATIONS for the video stream `index`, None where ffmpeg names none or does not open the file."""
    # fmt: off
    args = [str(ffmpeg), "-nostdin", "-hide_banner", "-v", "verbose", *input_args(path),
            "-map", f"0:{index}", "-c", "copy", "-t", "0", "-f", "null", "-"]
    # fmt: on
    try:
        lines = run_command(args, timeout_s=_TIMEOUT_S, memory_bytes=MEMORY_WITHOUT_DECODER).stderr
    except Interrupted:
        raise
    except AnimeflowError:
        return None
    return chroma_location_of(lines, index)


def chroma_location_of(lines: tuple[str, ...], index: int) -> str | None:
    """The location from the line of a stream, `Stream #0:1: Video: h264 (High), yuv420p(tv, bt709, left), …`."""
    for line in lines:
        if re.match(rf"\s*Stream #0:{index}\b.*: Video: ", line):
            words = re.findall(r"(?:\(|, )(\w+)(?=[,)])", line)
            return next((word for word in words if word in LOCATIONS), None)
    return None
