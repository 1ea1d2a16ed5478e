"""Which drawings a kept clip shows, and which frame of the clip stands for each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Shown:
    """A drawing as a clip shows it: in the frames start..end-1, the first of which stands for it."""

    clip_id: str
    drawing_id: str
    video_id: str
    start: int
    end: int

    @property
    def frame(self) -> int:
        """The frame of the source that stands for the drawing in this clip."""
        return self.start

    @property
    def frames(self) -> int:
        """Frames of the clip that show it."""
        return self.end - self.start


def shown_drawings(clips: Sequence[Mapping[str, Any]], drawings: Sequence[Mapping[str, Any]]) -> list[Shown]:
    """The drawings of the kept clips of one video, in order of clip and frame.

    A drawing that the border of two clips cuts is shown by both, each with its own part.
    """
    ordered = sorted(drawings, key=lambda drawing: int(drawing["start"]))
    ends = [int(drawing["end"]) for drawing in ordered]  # drawings do not overlap: these ascend too
    found = []
    for clip in sorted(
        (clip for clip in clips if clip["keep"]), key=lambda clip: (clip["start"], clip["end"])
    ):
        for drawing in ordered[bisect_right(ends, clip["start"]) :]:
            if drawing["start"] >= clip["end"]:
                break
            start, end = max(drawing["start"], clip["start"]), min(drawing["end"], clip["end"])
            found.append(Shown(clip["clip_id"], drawing["drawing_id"], clip["video_id"], start, end))
    return found


def spread(count: int, wanted: int) -> list[int]:
    """`wanted` of `count` places, evenly spread, each the middle of its part; all when there are fewer."""
    if count <= wanted:
        return list(range(count))
    return [(2 * n + 1) * count // (2 * wanted) for n in range(wanted)]
