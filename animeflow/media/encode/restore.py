"""A telecined or interlaced video as the pictures of its film: a lossless intermediate, with every other stream.

Only on request (`source.restore`), and before any frame is counted: clips, drawings and layers number its frames.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from animeflow.errors import CommandTimeout, DiskFull, EncodeError, ProbeError
from animeflow.media.command import run_command
from animeflow.media.decode.counting import count_decoded
from animeflow.media.demux.streams import read_cover
from animeflow.media.encode.stream_outcomes import StreamOutcome, stream_outcomes
from animeflow.media.ffmpeg import ffmpeg_path, memory_for, picture_args
from animeflow.media.probe.file import Probe, probe
from animeflow.media.probe.scan import CYCLE, Scan

PURPOSE = "restore"
# x264 with constant quantiser 0 loses nothing (8 and 10 bit), at 0.44 of FFV1's size on drawn pictures. A fixed number
# of threads keeps its bytes the same on every machine.
_X264 = (
    "libx264",
    "-qp:v:0",
    "0",
    "-preset:v:0",
    "veryfast",
    "-bf:v:0",
    "0",
    "-g:v:0",
    "48",
    "-threads:v:0",
    "4",
)
_FORMATS = frozenset(f"yuv{kind}p{bits}" for kind in ("420", "422", "444") for bits in ("", "10le"))
_SHARE_OF_RAW = 0.25  # room that is asked for, of the uncompressed pictures
_LOST_FRAMES = 5  # one cycle at the end that is not whole
_APART_S = 0.1
_STATISTICS = ("BPS", "DURATION", "NUMBER_OF_", "_STATISTICS_")


@dataclass(frozen=True)
class Restored:
    """How a video was restored: the filter chain, and how many frames it had before."""

    filters: str
    from_frames: int


def filters_for(scan: Scan, *, mixed: bool = False) -> str | None:
    """FFmpeg's filter chain for a scan; None where nothing is to be restored.

    bwdif makes two pictures of a frame by default (47.95 a second after pulldown): `send_frame` makes one. Raises
    `ProbeError` (not_restorable) for mixed content, unless `mixed` says to treat it as telecined.
    """
    order = "bff" if scan.field_first == "bottom" else "tff"
    if scan.kind == "interlaced":
        return f"setfield={order},bwdif=mode=send_frame:deint=all,setfield=prog"
    if scan.kind == "mixed" and not mixed:
        raise ProbeError(
            "is telecined or interlaced in parts: no one way restores all of it",
            reason="not_restorable",
            hint="set source.restore_mixed=true to restore it as telecined film, or source.restore=never to keep it",
        )
    if scan.kind not in ("telecine_hard", "mixed"):
        return None
    return (
        f"setfield={order},fieldmatch=order={order}:combmatch=full,"
        "bwdif=mode=send_frame:deint=interlaced,decimate,setfield=prog"
    )


def restore(
    path: Path,
    source: Probe,
    scan: Scan,
    target: Path,
    *,
    mixed: bool = False,
    ffmpeg: Path | None = None,
) -> Restored | None:
    """Write the restored video of a probed and scanned file to `target` (Matroska); None where it is film already.

    Sound, subtitles, attachments, chapters and tags are copied; what Matroska does not carry becomes FLAC or SubRip.
    Frame count, duration, shape and colour are proved. Raises `EncodeError`, `ProbeError` (not_restorable), DiskFull.
    """
    filters = filters_for(scan, mixed=mixed)
    if filters is None:
        return None
    if source.video.pix_fmt not in _FORMATS:
        raise ProbeError(
            f"has pictures of {source.video.pix_fmt}, which cannot be restored",
            reason="not_restorable",
            path=path,
        )
    _require_room(source, target)
    part = target.with_name(f"{target.name}.part")
    part.mkdir()
    try:
        made = part / "film.mkv"
        command = restore_command(
            path, source, filters, made, _covers(path, source, part), ffmpeg or ffmpeg_path()
        )
        allowed = memory_for(source.video.width, source.video.height)
        run_command(command, timeout_s=_time_limit_s(source), memory_bytes=allowed, error=EncodeError)
        count_decoded(PURPOSE, source.video.frames)
        _prove(source, probe(made), filters)
        made.replace(target)
    except CommandTimeout as error:
        raise EncodeError(str(error), reason="timeout", path=path) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Restored(filters, source.video.frames)


def restore_command(
    path: Path, source: Probe, filters: str, output: Path, covers: Sequence[tuple[int, Path]], ffmpeg: Path
) -> list[str]:
    """The argument list. `covers` are (stream index, file with its picture)."""
    kept = [o for o in stream_outcomes(source) if o.action != "drop" and o.kind != "cover"]
    maps = [word for o in kept for word in ("-map", f"0:{o.index}")]
    args = [
        str(ffmpeg),
        "-nostdin",
        "-hide_banner",
        "-v",
        "warning",
        "-y",
        *picture_args(ffmpeg, path),
        *maps,
    ]
    args += ["-filter:v:0", filters, "-fps_mode:v:0", "passthrough", "-c:v:0", *_X264]
    args += ["-pix_fmt:v:0", source.video.pix_fmt, "-disposition:v:0", "default"]
    for tag in source.video.metadata:
        if tag.startswith(_STATISTICS):  # of the packets that were
            args += ["-metadata:s:v:0", f"{tag}="]
    args += _sound_args(source, kept) + _subtitle_args(source, kept) + _attachment_args(source, kept, covers)
    tail = ["-max_muxing_queue_size", "4096", "-fflags", "+bitexact", "-f", "matroska", f"file:{output}"]
    return [*args, *tail]


def _sound_args(source: Probe, kept: Sequence[StreamOutcome]) -> list[str]:
    tracks, args = {t.index: t for t in source.audio}, list[str]()
    for n, outcome in enumerate(o for o in kept if o.kind == "audio"):
        args += [f"-c:a:{n}", "copy" if outcome.action == "copy" else "flac"]
        args += [f"-disposition:a:{n}", "+".join(tracks[outcome.index].dispositions) or "0"]
    return args


def _subtitle_args(source: Probe, kept: Sequence[StreamOutcome]) -> list[str]:
    tracks, args = {t.index: t for t in source.subtitles}, list[str]()
    for n, outcome in enumerate(o for o in kept if o.kind == "subtitle"):
        args += [f"-c:s:{n}", "copy" if outcome.action == "copy" else "srt"]
        args += [f"-disposition:s:{n}", "+".join(tracks[outcome.index].dispositions) or "0"]
    return args


def _attachment_args(
    source: Probe, kept: Sequence[StreamOutcome], covers: Sequence[tuple[int, Path]]
) -> list[str]:
    items = {a.index: a for a in source.attachments}
    files = [items[o.index] for o in kept if o.kind == "attachment"]
    args = ["-c:t", "copy"] if files else []
    for n, item in enumerate(files):
        if not item.mimetype:
            args += [f"-metadata:s:t:{n}", "mimetype=application/octet-stream"]
    for n, (index, cover) in enumerate(covers, start=len(files)):
        args += ["-attach", str(cover), f"-metadata:s:t:{n}", f"mimetype={items[index].mimetype}"]
        args += [f"-metadata:s:t:{n}", f"filename={items[index].name}"]
    return args


def _covers(path: Path, source: Probe, folder: Path) -> list[tuple[int, Path]]:
    found = []
    for item in source.attachments:
        if item.kind == "cover":
            file = folder / f"cover-{item.index}"
            file.write_bytes(read_cover(path, item.index))
            found.append((item.index, file))
    return found


def _require_room(source: Probe, target: Path) -> None:
    video = source.video
    needed = int(
        video.frames * video.width * video.height * 1.5 * (2 if video.bit_depth > 8 else 1) * _SHARE_OF_RAW
    )
    free = shutil.disk_usage(target.parent).free
    if needed > free:
        raise DiskFull(
            f"restoring it may take {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free",
            hint="free some room, or set source.restore=never",
        )


def _time_limit_s(source: Probe) -> float:
    return 600 + 20 * source.video.times.shown_s(source.video.time_base)


def _prove(source: Probe, made: Probe, filters: str) -> None:
    """EncodeError unless the restored file has the frames, the length, the shape and the colours it should."""
    old, new = source.video, made.video
    film = Fraction(CYCLE - 1, CYCLE) if "decimate" in filters else Fraction(1)
    wanted = round(old.frames * film)
    faults = []
    if abs(new.frames - wanted) > _LOST_FRAMES:
        faults.append(f"{new.frames} frames, {wanted} are wanted")
    old_s, new_s = (v.times.shown_s(v.time_base) for v in (old, new))
    if abs(old_s - new_s) > _APART_S + _LOST_FRAMES * old_s / max(old.frames, 1):
        faults.append(f"{new_s:.2f} s, the source has {old_s:.2f} s")
    if new.times.variable_rate:
        faults.append("frames at varying distances: its source has gaps")
    square = Fraction(1)
    for what, before, after in (
        ("size", (old.width, old.height), (new.width, new.height)),
        ("pixel format", old.pix_fmt, new.pix_fmt),
        ("pixel shape", old.sample_aspect_ratio or square, new.sample_aspect_ratio or square),
        (
            "colour",
            (old.color_primaries, old.color_transfer, old.color_space),
            (new.color_primaries, new.color_transfer, new.color_space),
        ),
        ("sound tracks", len(source.audio), len(made.audio)),
    ):
        if before != after:
            faults.append(f"{what} {after}, the source has {before}")
    if faults:
        raise EncodeError(f"was not restored: the result has {'; '.join(faults)}", path=source.path)
