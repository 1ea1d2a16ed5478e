"""Which sound of a video is listened to, and on which clock."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal


@dataclass(frozen=True)
class Track:
    """A sound track: `number` counts sound tracks from 0, `stream` all streams; rate in Hz.

    `zero_s` is where the video starts on the container's clock, in seconds: sample 0 is there.
    """

    number: int
    stream: int
    sample_rate: int
    channels: int
    zero_s: Fraction


def choose_track(row: Mapping[str, Any], which: Literal["default", "first"]) -> Track | None:
    """The track of a row of `shard_files`: the one flagged default, else the first; None for a video without sound.

    Tracks that no decoder knows are passed over, and a commentary only counts where there is nothing else.
    """
    listed = [
        (number, track)
        for number, track in enumerate(json.loads(row["audio_json"] or "[]"))
        if _readable(track)
    ]
    if not listed:
        return None
    wanted = listed if which == "first" else sorted(listed, key=lambda item: _rank(item[1]))
    number, track = wanted[0]
    zero = Fraction(row["first_pts"]) * Fraction(row["time_base_num"], row["time_base_den"])
    return Track(number, track["index"], track["sample_rate"], track["channels"], zero)


def _readable(track: Mapping[str, Any]) -> bool:
    return track["codec"] != "unknown" and track["sample_rate"] > 0


def _rank(track: Mapping[str, Any]) -> tuple[bool, bool]:
    flags = track["dispositions"]
    return "comment" in flags, "default" not in flags
