"""What goes into an encode and what comes out of it, stream by stream: a source that has all that a release can hold.

python -m benchmarks.fidelity            # writes results/fidelity.md, exit 1 on an unexplained difference
"""

from __future__ import annotations

import argparse
import struct
import sys
import tempfile
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np

from animeflow.media.command import run_command
from animeflow.media.demux.frame_index import read_frame_index
from animeflow.media.encode.encoders import svt
from animeflow.media.encode.fidelity import fidelity_rows
from animeflow.media.encode.fidelity_row import FidelityRow, unexplained
from animeflow.media.encode.plan import make_plan
from animeflow.media.encode.video import encode_video
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe.file import probe
from benchmarks.common import markdown, save

WIDTH, HEIGHT, FRAMES = 320, 180, 96
_TICKS = 90_000  # of a .sup file, per second
# Every third and every seventh frame stay, moved by up to 28 ms: times on no grid.
_VARIABLE = r"select='not(mod(n,3))+not(mod(n,7))',settb=1/1000,setpts=PTS+mod(N\,5)*7"
_COLOURS = "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc:range=tv"
_MASTER = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
_ASS = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour
Style: Default,Comic,20,&H00FFFFFF

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Dialogue: 0,0:00:00.50,0:00:01.50,Default,,0,0,0,,{\\pos(20,40)}Hello
Dialogue: 0,0:00:02.00,0:00:03.00,Default,,0,0,0,,世界
"""
_META = """;FFMETADATA1
title=Episode 1
ARTIST=A studio
comment=Two lines\\
of comment
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1500
title=Opening
[CHAPTER]
TIMEBASE=1/1000
START=1500
END=4000
title=本編
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keep", type=Path, help="folder in which source and encode stay")
    keep = parser.parse_args().keep
    with tempfile.TemporaryDirectory(prefix="animeflow-fidelity-") as name:
        folder = keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        rows = encode_and_compare(write_source(folder), folder / "encode.mkv")
    wrong = unexplained(rows)
    table = markdown([row.columns() for row in rows])
    print(table)
    body = (
        f"A source of {FRAMES} frames that holds what a release can hold, encoded by the default profile. {len(rows)} "
        f"properties: {sum(row.same for row in rows)} the same, {sum(not row.same for row in rows) - len(wrong)} "
        f"changed with a reason, {len(wrong)} changed without one.\n\n{table}"
    )
    save("fidelity", "What went into an encode and what came out", body, "make bench-fidelity")
    return 1 if wrong else 0


def encode_and_compare(source: Path, target: Path, *, profile: str = "animation") -> list[FidelityRow]:
    """Encode a file with key frames on two cuts and list every property of both."""
    index = read_frame_index(source)
    if index is None:
        raise SystemExit(f"{source} has frames without times")
    pts, cuts = index.pts.tolist(), [len(index) // 3, len(index) // 2]
    plan = make_plan(probe(source), cuts=cuts, pts=pts, encoder=svt(profile))
    encode_video(plan, target, cuts=cuts, pts=pts)
    return fidelity_rows(plan.probe, plan, probe(target), ffmpeg=ffmpeg_path())


def write_source(folder: Path) -> Path:
    """An MKV with 10-bit HEVC of variable rate, HDR10 tags and oblong pixels, AAC and FLAC 5.1, ASS, PGS and DVD
    subtitles, two fonts, a cover, chapters and tags.
    """
    (folder / "text.ass").write_text(_ASS, encoding="utf-8")
    (folder / "meta.txt").write_text(_META, encoding="utf-8")
    (folder / "pictures.sup").write_bytes(sup_file([(0.5, 1.5), (2.0, 3.0)]))
    (folder / "comic.ttf").write_bytes(bytes(range(256)) * 40)
    (folder / "serif.otf").write_bytes(bytes(range(255, -1, -1)) * 30)
    _ffmpeg("-f", "lavfi", "-i", "testsrc2=s=96x136:d=0.04", "-frames:v", "1", folder / "cover.jpg")
    _ffmpeg("-fix_sub_duration", "-i", folder / "pictures.sup", "-c:s", "dvdsub", folder / "dvd.mkv")
    target = folder / "source.mkv"
    params = (
        "log-level=error:hdr10=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:range=limited:"
        f"chromaloc=2:master-display={_MASTER}:max-cll=1000,400"
    )
    # fmt: off
    _ffmpeg(
        "-f", "lavfi", "-i", f"testsrc2=s={WIDTH}x{HEIGHT}:r=24000/1001:d=10",
        "-f", "lavfi", "-i", "sine=440:d=4:r=48000",
        "-f", "lavfi", "-i", "anoisesrc=d=4:r=48000:a=0.1:seed=1,pan=5.1|FL=c0|FR=c0|FC=c0|LFE=c0|BL=c0|BR=c0",
        "-i", folder / "text.ass", "-i", folder / "pictures.sup", "-i", folder / "dvd.mkv", "-i", folder / "meta.txt",
        "-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:s", "-map", "4:s", "-map", "5:s",
        "-map_metadata", "6", "-map_chapters", "6",
        "-vf", f"{_VARIABLE},setsar=4/3,{_COLOURS}", "-fps_mode", "passthrough", "-enc_time_base:v", "1/1000",
        "-frames:v", str(FRAMES),
        "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params", params,
        "-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc",
        "-color_range", "tv", "-chroma_sample_location", "topleft",
        "-c:a:0", "aac", "-ac:a:0", "2", "-c:a:1", "flac", "-c:s", "copy",
        "-metadata:s:v:0", "title=Film", "-metadata:s:v:0", "language=jpn",
        "-metadata:s:a:0", "language=jpn", "-metadata:s:a:1", "language=eng", "-metadata:s:a:1", "title=Commentary",
        "-metadata:s:s:0", "language=eng", "-metadata:s:s:0", "title=Signs", "-metadata:s:s:1", "language=fra",
        "-metadata:s:s:2", "language=deu", "-metadata:s:s:0", "SOURCE=fansub",
        "-disposition:a:0", "default", "-disposition:a:1", "comment", "-disposition:s:0", "default+forced",
        "-disposition:s:1", "hearing_impaired", "-disposition:s:2", "0",
        "-attach", folder / "comic.ttf", "-metadata:s:t:0", "mimetype=font/ttf",
        "-attach", folder / "serif.otf", "-metadata:s:t:1", "mimetype=application/vnd.ms-opentype",
        "-attach", folder / "cover.jpg", "-metadata:s:t:2", "mimetype=image/jpeg",
        "-metadata:s:t:2", "filename=cover.jpg",
        target,
    )
    # fmt: on
    return target


def _ffmpeg(*words: str | Path) -> None:
    run_command([ffmpeg_path(), "-nostdin", "-hide_banner", "-v", "error", "-y", *words], timeout_s=120)


def sup_file(shown: Iterable[tuple[float, float]]) -> bytes:
    """A .sup file: one picture of 64x16 px at each (start, end) in seconds.

    Segments as in US 2009/0185789: PCS, WDS, PDS, ODS, END to show it, PCS, WDS, END to take it away.
    """
    data, number = b"", 0
    for start, end in shown:
        palette = bytes([0, 0]) + b"".join(bytes([n, *color]) for n, color in enumerate(_PALETTE))
        data += _segment(0x16, start, _composition(number, shows=True))
        data += _segment(0x17, start, _WINDOW)
        data += _segment(0x14, start, palette)
        data += _segment(0x15, start, _picture(np.indices((16, 64)).sum(axis=0) // 8 % len(_PALETTE)))
        data += _segment(0x80, start, b"")
        data += _segment(0x16, end, _composition(number + 1, shows=False))
        data += _segment(0x17, end, _WINDOW)
        data += _segment(0x80, end, b"")
        number += 2
    return data


_PALETTE = ((16, 128, 128, 0), (235, 128, 128, 255), (81, 240, 90, 255))  # Y, Cr, Cb, alpha
_AT = (128, 140)
_WINDOW = struct.pack(">BBHHHH", 1, 0, *_AT, 64, 16)


def _segment(kind: int, at_s: float, body: bytes) -> bytes:
    return b"PG" + struct.pack(">IIBH", round(at_s * _TICKS), 0, kind, len(body)) + body


def _composition(number: int, *, shows: bool) -> bytes:
    state = 0x80 if shows else 0  # epoch start, or a change within it
    head = struct.pack(">HHBHBBBB", WIDTH, HEIGHT, 0x10, number, state, 0, 0, int(shows))
    return head + (struct.pack(">HBBHH", 0, 0, 0, *_AT) if shows else b"")


def _picture(pixels: np.ndarray) -> bytes:
    rows = b"".join(_run_lengths(row) + b"\0\0" for row in pixels)
    height, width = pixels.shape
    return (
        struct.pack(">HBB", 0, 0, 0xC0)
        + (len(rows) + 4).to_bytes(3, "big")
        + struct.pack(">HH", width, height)
        + rows
    )


def _run_lengths(row: np.ndarray) -> bytes:
    """Runs shorter than 64: `00 L` of colour 0, `00 80+L C` of another."""
    edges = [0, *(np.flatnonzero(np.diff(row)) + 1).tolist(), len(row)]
    coded = b""
    for start, end in pairwise(edges):
        color, length = int(row[start]), end - start
        coded += bytes([0, length]) if color == 0 else bytes([0, 0x80 | length, color])
    return coded


if __name__ == "__main__":
    sys.exit(main())
