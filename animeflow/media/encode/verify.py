"""Prove that an encode holds what its source holds: frames, times, cuts, streams, pictures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from animeflow.errors import DecodeError, EncodeError, ProbeError
from animeflow.media.decode.reader import DecodeLimits, open_video
from animeflow.media.demux.frame_index import FrameIndex, read_frame_index
from animeflow.media.encode.fidelity import fidelity_rows
from animeflow.media.encode.fidelity_row import FidelityRow, unexplained
from animeflow.media.encode.live_decode import LiveDecode, packets_digest
from animeflow.media.encode.metric import Side, compare
from animeflow.media.encode.plan import EncodePlan
from animeflow.media.ffmpeg import memory_for, picture_args
from animeflow.media.probe.file import probe
from animeflow.media.probe.stream_facts import StreamFacts, read_stream_facts

_TICK_S = 0.001  # Matroska keeps whole milliseconds
# Each side rounds by at most half of one.
_TIME_TOLERANCE_S = 0.001 + 1e-9
_FIRST_DIFFERENCES = 3


@dataclass(frozen=True)
class Ahead:
    """What needs no finished encode: the source's facts, and the decode of what has been written so far (None: no
    decode was asked for).
    """

    source: Future[StreamFacts]
    decode: LiveDecode | None

    def written(self) -> None:
        """The encoder has ended: the file is complete."""
        if self.decode is not None:
            self.decode.written()


@contextmanager
def ahead_of(
    plan: EncodePlan, encoded: Path, *, full_decode: bool, audio_md5: bool, ffmpeg: Path
) -> Iterator[Ahead]:
    """While the block runs, the source is read and the growing file `encoded` decoded, each in a thread of its own."""
    live = LiveDecode(encoded, purpose="verify") if full_decode else None
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="source-facts") as pool:
        facts = pool.submit(read_stream_facts, plan.probe, digests=audio_md5, ffmpeg=ffmpeg)
        if live is not None:
            live.start()
        try:
            yield Ahead(facts, live)
        finally:
            if live is not None:
                live.stop()


@dataclass(frozen=True)
class Verification:
    """What was counted in the encode. `offset_s` is the constant by which its clock differs from the
    source's, `decoded` None where the encode was not decoded, `rows` what went in and what came out.
    """

    frames: int
    key_frames: int
    offset_s: float
    decoded: int | None
    metric_value: float | None
    rows: tuple[FidelityRow, ...] = ()


def verify_encode(
    plan: EncodePlan,
    encoded: Path,
    *,
    cuts: Sequence[int],
    pts: Sequence[int],
    full_decode: bool = True,
    metric: str = "none",
    audio_md5: bool = True,
    ffmpeg: Path,
    timeout_s: float = 3600.0,
    limits: DecodeLimits | None = None,
    ahead: Ahead | None = None,
) -> Verification:
    """Compare an encode with its plan and its source's frame times. Raises `EncodeError` on the first
    disagreement. `ahead` is what could be done while the encode ran.
    """
    allowed = limits or DecodeLimits()
    index = _packet_index(encoded, pts, plan)
    offset = require_same_times(index, pts, plan, encoded)
    require_key_frames(index, cuts, encoded)
    try:
        result = probe(encoded, max_pixels=allowed.max_pixels, max_frames=allowed.max_frames)
    except ProbeError as error:
        raise EncodeError(f"the encode does not probe: {error.message}", path=encoded) from error
    before = ahead.source.result() if ahead else None
    rows = fidelity_rows(plan.probe, plan, result, ffmpeg=ffmpeg, digests=audio_md5, before=before, pts=pts)
    differences = stream_differences(rows)
    if differences:
        raise EncodeError(
            "the encode's streams differ: " + "; ".join(differences[:_FIRST_DIFFERENCES]), path=encoded
        )
    decoded = None
    if full_decode:
        live = ahead.decode if ahead else None
        count = decoded_ahead(live, encoded, len(pts))
        decoded = count or decode_all(encoded, expected=len(pts), limits=allowed)
    value = None
    if metric != "none":
        value = measure(
            metric,
            encoded,
            plan.probe.path,
            source_stream=plan.probe.video.index,
            filters=plan.filters,
            memory_bytes=memory_for(plan.probe.video.width, plan.probe.video.height),
            ffmpeg=ffmpeg,
            timeout_s=timeout_s,
        )
    return Verification(len(index), int(index.key.sum()), offset, decoded, value, tuple(rows))


def _packet_index(encoded: Path, pts: Sequence[int], plan: EncodePlan) -> FrameIndex:
    index = read_frame_index(encoded)
    if index is None:
        close = _within_a_millisecond(pts, plan)
        if close is not None:
            raise EncodeError(
                f"frames {close} and {close + 1} lie within one millisecond, which Matroska cannot hold apart",
                path=plan.probe.path,
                hint="write the film anew without one of the two, or at most 1000 frames a second (ffmpeg -vf fps=…)",
            )
    if index is None or not len(index):
        raise EncodeError("the encode has no frames, or frames without a time", path=encoded)
    return index


def _within_a_millisecond(pts: Sequence[int], plan: EncodePlan) -> int | None:
    """The first frame that the next one follows in less than Matroska's tick; None where there is none."""
    gaps = np.diff(np.asarray(pts, dtype=np.int64)).astype(np.float64) * float(plan.probe.video.time_base)
    close = np.flatnonzero(gaps < _TICK_S)
    return int(close[0]) if len(close) else None


def require_same_times(index: FrameIndex, pts: Sequence[int], plan: EncodePlan, encoded: Path) -> float:
    """As many packets as source frames, at the same times but for one constant. Returns that constant in
    seconds.
    """
    if len(index) != len(pts):
        raise EncodeError(f"the encode has {len(index)} frames, its source {len(pts)}", path=encoded)
    source = np.asarray(pts, dtype=np.float64) * float(plan.probe.video.time_base)
    # All our encodes are Matroska with millisecond ticks.
    ours = index.pts.astype(np.float64) / 1000.0
    shift = ours - source
    offset = float(np.median(shift))
    worst = int(np.argmax(np.abs(shift - offset)))
    if abs(shift[worst] - offset) > _TIME_TOLERANCE_S:
        raise EncodeError(
            f"frame {worst} of the encode is {1000 * (shift[worst] - offset):+.2f} ms off its source",
            path=encoded,
        )
    return offset


def require_key_frames(index: FrameIndex, cuts: Sequence[int], encoded: Path) -> None:
    """Every cut, and frame 0, is a key frame."""
    missed = [c for c in sorted({0, *cuts}) if not index.key[c]]
    if missed:
        raise EncodeError(
            f"{len(missed)} of {len(set(cuts))} cuts are no key frames, the first at frame {missed[0]}",
            path=encoded,
        )


def stream_differences(rows: Sequence[FidelityRow]) -> list[str]:
    """In which respects the encode differs from its source without a reason; empty when it does not."""
    return [f"{row.stream} {row.property} is {row.after!s}, not {row.before!s}" for row in unexplained(rows)]


def decoded_ahead(live: LiveDecode | None, encoded: Path, expected: int) -> int | None:
    """The frames that were decoded while the encode ran; None unless all are there, none is damaged, and the file
    holds the very packets that they came from.
    """
    count = live.result() if live is not None else None
    if count is None or count.damaged or count.frames != expected:
        return None
    return count.frames if count.digest == packets_digest(encoded) else None


def decode_all(encoded: Path, *, expected: int, limits: DecodeLimits | None = None) -> int:
    """Decode every frame of the encode; ffmpeg's own -xerror misses truncation, a count does not."""
    try:
        with open_video(encoded, purpose="verify", limits=limits or DecodeLimits()) as reader:
            count = sum(1 for _ in reader)
    except DecodeError as error:
        raise EncodeError(f"the encode does not decode: {error.message}", path=encoded) from error
    bad = reader.corrupt_frames + reader.decode_errors
    if count != expected or bad:
        raise EncodeError(f"{count} of {expected} frames decode, {bad} of them damaged", path=encoded)
    return count


def measure(
    metric: str,
    encoded: Path,
    source: Path,
    *,
    source_stream: int,
    filters: Sequence[str] = (),
    ffmpeg: Path,
    timeout_s: float,
    memory_bytes: int | None = None,
) -> float:
    """SSIM of luma (0-1), XPSNR of luma (dB) or VMAF (0-100, every third frame) of an encode against its
    source.

    `filters` are those that made what was encoded of the source's pictures (`EncodePlan.filters`): that is compared.
    Raises as `compare` does.
    """
    return compare(
        metric,
        Side(picture_args(ffmpeg, encoded)),
        Side(picture_args(ffmpeg, source), str(source_stream), filters),
        setting="media.av1.metric",
        purpose="metric",
        path=encoded,
        ffmpeg=ffmpeg,
        timeout_s=timeout_s,
        memory_bytes=memory_bytes,
        sparse=True,
    )
