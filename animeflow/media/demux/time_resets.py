"""Where time begins anew inside a file (joined recordings, DVD cells), and whether sound stays with its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from animeflow.media.command import check_stop
from animeflow.media.demux.container import open_container

Times = npt.NDArray[np.float64]
# ffmpeg takes a step back of decoding times by more for a new clock; a smaller one is a packet out of order.
_RESET_S = 0.1
_SAME_S = 0.001  # a pts that repeats is moved by a tick
_WRONG_SHARE = (
    0.1  # of the pictures of a clock: where no more of them are off, it is their times that are wrong
)


@dataclass(frozen=True)
class Clocks:
    """Times of a stream's packets in seconds, ascending within each clock, clocks in file order.

    `whole` is False where a packet has no time.
    """

    runs: tuple[Times, ...]
    whole: bool

    @property
    def resets(self) -> int:
        """How often time begins anew."""
        return max(0, len(self.runs) - 1)

    def moved(self, by_s: float) -> Clocks:
        """The same packets on a clock that shows `by_s` more."""
        return Clocks(tuple(run + by_s for run in self.runs), self.whole)


def read_clocks(path: Path, indices: Sequence[int]) -> dict[int, Clocks]:
    """The packet times of streams, by absolute index. Reads the file to its end, or to where damage ends it."""
    import av

    runs: dict[int, list[list[float]]] = {n: [[]] for n in indices}
    last: dict[int, float] = {}
    whole = dict.fromkeys(indices, True)
    with open_container(path) as container:
        try:
            for packet in container.demux([container.streams[n] for n in indices]):
                check_stop()
                if packet.size == 0 or packet.is_discard:
                    continue
                number = packet.stream_index
                if packet.pts is None:
                    whole[number] = False
                    continue
                if packet.dts is not None:  # pts go back and forth where pictures are reordered
                    decoded_s = float(packet.dts * packet.time_base)
                    if decoded_s < last.get(number, decoded_s) - _RESET_S:
                        runs[number].append([])
                    last[number] = decoded_s
                runs[number][-1].append(float(packet.pts * packet.time_base))
        except (av.error.FFmpegError, IndexError):  # as where packets are counted
            pass
    return {n: Clocks(tuple(np.sort(np.array(run)) for run in runs[n]), whole[n]) for n in indices}


def worst_place_s(pictures: Clocks, shown: Times, sound: Clocks, copied: Clocks) -> float | None:
    """By how much the copied packets of a sound track lie off their pictures, at worst, in seconds.

    `pictures` and `sound` are the source's; `shown` are the times of its frames as they were decoded, one after the
    other on one clock, `copied` those of the encode, on that clock too. None where packets and frames, or packets and
    copied ones, cannot be paired.
    """
    moved = _shifts(pictures, shown)
    if moved is None or not sound.whole:
        return None
    if len(moved) == 1:
        moved *= len(sound.runs)
    if len(sound.runs) != len(moved):
        return None
    expected = np.concatenate([run + shift for run, shift in zip(sound.runs, moved, strict=True)])
    found = np.concatenate(copied.runs)
    if not len(found) or len(found) != len(expected):
        return None
    off = found - expected
    return float(off[np.argmax(np.abs(off))])


def _shifts(pictures: Clocks, shown: Times) -> list[float] | None:
    """What is added to each clock of the source; None where frames are no packets, or it is not one value.

    A wrong time looks like a clock that begins anew; it does where the pictures after it are shifted otherwise.
    """
    first, *others = pictures.runs
    leading = sum(map(len, pictures.runs)) - len(shown)
    # Packets before the first key frame of a recording give no picture.
    if not pictures.whole or not 0 <= leading < len(first) or (leading and first[leading] != shown[0]):
        return None
    moved: list[float] = []
    at = 0
    for run in (first[leading:], *others):
        shift = shown[at : at + len(run)] - run
        usual = float(np.sort(shift)[len(shift) // 2])
        if np.mean(np.abs(shift - usual) > _SAME_S) > _WRONG_SHARE:
            return None
        if not moved or abs(usual - moved[-1]) > _SAME_S:
            moved.append(usual)
        at += len(run)
    return moved
