"""The episode's file: H.264 pictures, AAC sound, a soft ASS track, chapters and the font, in Matroska, bit-exact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
import numpy as np

from animeflow.media.command import run_command
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.sample.lettering import FONT_FILE, FONT_NAME, font_bytes

_BT709, _LIMITED = 1, 1
# mbtree: with it the x264 inside PyAV 18.1 gave 30 different files in 30 encodes on a CPU with AVX-512 (one thread,
# equal input); without it, or with asm=AVX2, 30 equal ones. Threads: x264's output depends on their number.
_X264 = "threads=1:lookahead-threads=1:mbtree=0"


class PictureWriter:
    """Encodes RGB frames as H.264 yuv420p, BT.709 limited range; one thread: no machine changes a byte."""

    def __init__(self, path: Path, *, size: tuple[int, int], fps: Fraction, crf: int) -> None:
        self._file = av.open(str(path), "w", format="matroska", options={"fflags": "+bitexact"})
        options = {"crf": str(crf), "preset": "medium", "x264-params": _X264}
        stream = self._file.add_stream("libx264", rate=fps, options=options)
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc = _BT709, _BT709, _BT709
        context.color_range = _LIMITED
        context.time_base = 1 / fps
        self._stream, self._count, self._time_base = stream, 0, 1 / fps

    def write(self, frame: np.ndarray) -> None:
        """Add one RGB frame uint8 [h, w, 3]."""
        rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
        yuv = rgb.reformat(
            format="yuv420p", src_colorspace="ITU709", dst_colorspace="ITU709", dst_color_range="MPEG"
        )
        yuv.pts, yuv.time_base = self._count, self._time_base
        self._count += 1
        self._file.mux(self._stream.encode(yuv))

    def __enter__(self) -> PictureWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._file.mux(self._stream.encode(None))
        self._file.close()


@dataclass(frozen=True)
class SoftLine:
    """A line of the subtitle track, in frames."""

    start: int
    end: int
    text: str


def ass_track(lines: Sequence[SoftLine], *, size: tuple[int, int], fps: Fraction, title: str) -> str:
    """An Advanced SubStation Alpha script in the attached font."""
    head = f"""[Script Info]
Title: {title}
ScriptType: v4.00+
PlayResX: {size[0]}
PlayResY: {size[1]}

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, OutlineColour, BackColour, Bold, Italic, BorderStyle, \
Outline, Shadow, Alignment, MarginL, MarginR, MarginV, Encoding
Style: Default,{FONT_NAME},{round(size[1] / 15)},&H00FFFFFF,&H00181418,&H80000000,0,0,1,2,0,2,20,20,16,1

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""
    events = [
        f"Dialogue: 0,{_ass_time(a.start, fps)},{_ass_time(a.end, fps)},Default,,0,0,0,,{a.text}"
        for a in lines
    ]
    return head + "\n".join(events) + "\n"


def _ass_time(frame: int, fps: Fraction) -> str:
    centis = round(Fraction(frame) / fps * 100)
    return f"{centis // 360000}:{centis // 6000 % 60:02d}:{centis // 100 % 60:02d}.{centis % 100:02d}"


def chapter_file(starts: Sequence[tuple[int, str]], *, frames: int, fps: Fraction, title: str) -> str:
    """ffmpeg metadata with the title and a chapter per (first frame, name)."""
    parts = [f";FFMETADATA1\ntitle={title}\n"]
    ends = [first for first, _ in starts[1:]] + [frames]
    for (first, name), last in zip(starts, ends, strict=True):
        begin, end = (round(Fraction(t) / fps * 1000) for t in (first, last))
        parts.append(f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={begin}\nEND={end}\ntitle={name}\n")
    return "".join(parts)


def mux(
    target: Path,
    *,
    pictures: Path,
    chapters: Path,
    sound: Path | None,
    subtitles: Path | None,
    font_folder: Path,
) -> None:
    """Put the parts into one Matroska file, pictures copied, sound as AAC. Raises CommandFailed."""
    inputs: list[str | Path] = ["-i", pictures, "-i", chapters]
    maps, extra = ["-map", "0:v:0", "-map_metadata", "1", "-map_chapters", "1"], list[str]()
    number = 2
    if sound is not None:
        inputs += ["-i", sound]
        maps += ["-map", f"{number}:a:0"]
        extra += ["-c:a", "aac", "-b:a", "128k", "-flags:a", "+bitexact", "-metadata:s:a:0", "language=jpn"]
        number += 1
    if subtitles is not None:
        font = font_folder / FONT_FILE
        font.write_bytes(font_bytes())
        inputs += ["-i", subtitles]
        maps += ["-map", f"{number}:s:0"]
        extra += ["-c:s", "copy", "-metadata:s:s:0", "language=eng", "-attach", str(font)]
        extra += [
            "-metadata:s:t:0",
            "mimetype=application/x-truetype-font",
            "-metadata:s:t:0",
            f"filename={FONT_FILE}",
        ]
    tail = ["-c:v", "copy", *extra, "-fflags", "+bitexact", "-f", "matroska", f"file:{target}"]
    run_command(
        [ffmpeg_path(), "-nostdin", "-hide_banner", "-v", "error", "-y", *inputs, *maps, *tail], timeout_s=300
    )
