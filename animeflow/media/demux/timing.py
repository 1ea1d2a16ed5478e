"""Exact times: what headers claim, and what the packets say."""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from animeflow.errors import ProbeError
from animeflow.media.allowed import MAX_FRAMES
from animeflow.media.command import check_stop

_LONGEST_CREDIBLE_S = 48 * 3600.0
_TAG = re.compile(r"(\d+):(\d\d):(\d\d(?:\.\d+)?)")
_CUT_SHORT_S, _CUT_SHORT_SHARE = 1.0, 0.02
# Matroska keeps whole milliseconds: 23.976 frames per second arrive as steps of 41 and 42, remuxed ones as
# 41 to 43.
_RATE_ROUNDING_S = 0.0021
_FIELD_S = 1001 / 60000
_REORDERED = 16  # no codec stores a picture more places from where it is shown
_FEW_WRONG = 3
_HELD = 1.5  # times as long as usual


@dataclass(frozen=True)
class PacketTimes:
    """What the packets of a video stream say, in ticks of its time base.

    `frames` counts packets that are shown (edit lists hide some). `sound` is False where timestamps are
    missing, repeat, or are wrong beyond the first or the last picture: then the first and last pts are those that are
    left (0 if none are).
    """

    frames: int
    key_frames: int
    first_pts: int
    last_pts: int
    last_duration: int
    variable_rate: bool
    sound: bool
    pulldown_share: float = 0.0
    """Share of the steps (0-1) that alternate between 2 and 3 fields of 1/59.94 s: film shown by soft telecine."""
    farthest_pts: int = 0
    """The largest time of any packet, a wrong one too: what claims to be the length of a file may come from it."""

    def first_s(self, time_base: Fraction) -> float:
        """The time of the first frame on the container's clock."""
        return float(self.first_pts * time_base)

    def shown_s(self, time_base: Fraction) -> float:
        """Seconds from the start of the first frame to the end of the last."""
        return float((self.last_pts + self.last_duration - self.first_pts) * time_base)

    def usual_s(self, time_base: Fraction) -> float:
        """Seconds from a frame to the next, on average; of a lone frame as long as it is shown."""
        steps = self.frames - 1
        ticks = (self.last_pts - self.first_pts) / steps if steps else self.last_duration
        return float(ticks * time_base)

    def rate(self, time_base: Fraction) -> Fraction:
        """Frames a second from the first to the last; 0 of a lone one."""
        shown = (self.last_pts - self.first_pts) * time_base
        return Fraction(self.frames - 1) / shown if shown > 0 else Fraction(0)

    def held_s(self, time_base: Fraction) -> float | None:
        """Seconds that the last frame is shown where the file says more than usual (a held last drawing); else None.

        It has no successor: half a frame more or less is a guess of the container.
        """
        last_s = float(self.last_duration * time_base)
        return last_s if last_s > _HELD * self.usual_s(time_base) else None

    def reached_s(self, time_base: Fraction) -> float:
        """The same to the largest time of any packet."""
        return float((self.farthest_pts + self.last_duration - self.first_pts) * time_base)


def read_packet_times(container: Any, stream: Any, *, max_frames: int = MAX_FRAMES) -> PacketTimes | None:
    """Read all packets of a stream without decoding them; None when there is no frame.

    Damage ends the reading where it is, as it would end decoding. Raises `ProbeError` (too_large) beyond
    `max_frames` packets.
    """
    import av

    pts = array("q")  # 8 bytes a frame; a list takes 40
    frames = keys = last_duration = 0
    try:
        for packet in container.demux(stream):
            check_stop()
            if packet.size == 0 or packet.is_discard:
                continue
            if frames >= max_frames:
                raise ProbeError(f"has more than {max_frames} frames", reason="too_large")
            frames += 1
            keys += bool(packet.is_keyframe)
            if packet.pts is not None:
                if not pts or packet.pts >= max(pts[-1], 0):
                    last_duration = int(packet.duration or last_duration)
                pts.append(packet.pts)
    except (av.error.FFmpegError, IndexError):  # PyAV looks for a stream that appeared since: IndexError
        pass
    if not frames:
        return None
    ordered = in_order(np.array(pts, dtype=np.int64))
    steps = np.diff(ordered)
    sound = len(ordered) == frames and bool(np.all(steps > 0))
    return PacketTimes(
        frames=frames,
        key_frames=keys,
        first_pts=int(ordered[0]) if len(ordered) else 0,
        last_pts=int(ordered[-1]) if len(ordered) else 0,
        last_duration=last_duration,
        variable_rate=is_variable(steps, stream.time_base),
        sound=sound,
        pulldown_share=pulldown_share(steps, stream.time_base),
        farthest_pts=max(pts, default=0),
    )


def in_order(stored: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The times of packets, int64 [n] in stored order, in order of time, without up to three wrong ones at either end.

    The first picture is stored among the first, the last one among the last: a few others out there have wrong times.
    Where more are (joined recordings, whose clocks begin anew), none is left out.
    """
    place = np.argsort(stored, kind="stable")
    late = place >= _REORDERED
    early = place < len(stored) - _REORDERED
    first = _wrong_at_the_start(late)
    last = len(stored) - _wrong_at_the_start(early[::-1])
    return np.asarray(stored[place][first:last])


def _wrong_at_the_start(misplaced: npt.NDArray[np.bool_]) -> int:
    """How many of the first ones are out of place; 0 where they are more than a few."""
    start = misplaced[: _FEW_WRONG + 1]
    return 0 if start.all() else int(np.argmin(start))


def is_variable(steps: npt.NDArray[np.int64], time_base: Fraction) -> bool:
    """Whether the distances between frames differ by more than millisecond rounding explains."""
    if len(steps) < 2:
        return False
    return float((int(steps.max()) - int(steps.min())) * time_base) > _RATE_ROUNDING_S


def average_rate(pts: Sequence[int], time_base: Fraction) -> Fraction | None:
    """Frames a second between the first and the last of these times, in terms of 1000; None of a lone frame."""
    if len(pts) < 2:
        return None
    shown = (int(pts[-1]) - int(pts[0])) * time_base
    return ((len(pts) - 1) / shown).limit_denominator(1000)


def claimed_rate(stream: Any) -> Fraction | None:
    """The frame rate of a video stream as FFmpeg guesses it from header and times: what it tells an encoder."""
    return stream.guessed_rate or stream.average_rate or None


def pulldown_share(steps: npt.NDArray[np.int64], time_base: Fraction) -> float:
    """Share (0-1) of the distances between frames that are 2 or 3 fields of 1/59.94 s with the other one after them.

    Film at 23.976 frames a second on 59.94 fields: the stream asks to show every second frame for a field longer.
    """
    if len(steps) < 2:
        return 0.0
    fields = steps * float(time_base) / _FIELD_S
    near = _RATE_ROUNDING_S / _FIELD_S
    two, three = np.abs(fields - 2) < near, np.abs(fields - 3) < near
    alternates = (two[:-1] & three[1:]) | (three[:-1] & two[1:])
    return float(alternates.mean())


def header_duration_s(container: Any, stream: Any, first_s: float) -> float | None:
    """Seconds from the first picture, at `first_s`, to where the header says that a stream ends.

    None when it claims nothing credible (1e15 microseconds was seen). A Matroska header holds end times: a file whose
    pictures start at 3 s claims those 3 s too. Other containers hold lengths, counted from the start of the stream.
    """
    tag = _TAG.match(stream.metadata.get("DURATION", ""))
    if stream.duration is not None:
        start = first_s if stream.start_time is None else float(stream.start_time * stream.time_base)
        claimed = float(stream.duration * stream.time_base)
    elif tag:
        start, claimed = 0.0, int(tag[1]) * 3600 + int(tag[2]) * 60 + float(tag[3])
    elif container.duration is not None:
        ends = "matroska" in container.format.name
        start = 0.0 if ends else first_s if container.start_time is None else container.start_time / 1e6
        claimed = container.duration / 1e6
    else:
        return None
    length = start + claimed - first_s
    return length if 0 < claimed < _LONGEST_CREDIBLE_S and length > 0 else None


def is_cut_short(shown_s: float, claimed_s: float | None) -> bool:
    """Whether pictures end earlier than the header claims by more than 1 s and 2 %, or by more than half of a short
    video.
    """
    if claimed_s is None:
        return False
    grace_s = min(_CUT_SHORT_S, claimed_s / 2)  # sound may go on a little after the last picture
    return claimed_s - shown_s > max(grace_s, _CUT_SHORT_SHARE * claimed_s)
