"""Flashes by the broadcast standard, ITU-R BT.1702-3 (2023), in the luminance of a display and on the whole screen.

A flash is a pair of opposing changes of luminance by 20 cd/m2 or more whose darker state is below 160 cd/m2, or,
whatever the luminance, of transitions to and from a saturated red; it counts when a quarter of the screen turns
together. More than three in any second are harmful, and a sequence of more than five seconds may be where each second
complies. Two of its clauses are left out, and a third is read strictly: stripes (its pattern test) need more pixels
than a thumbnail has; flashes whose leading edges are 9 frames of 50 Hz or 10 of 60 Hz apart are allowed at any number,
which three in a second keep by themselves; a quarter counts from exactly a quarter on.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from animeflow.measures.transitions import (
    F32,
    F64,
    U8,
    Area,
    Signal,
    Transition,
    frames_together,
    longest_run_s,
    looked_up,
    most_per_second,
    transitions,
)
from animeflow.settings.measures import FlashSettings

# Luminance (cd/m2) of a standard display for an 8-bit full-range value V, the curve of the public analysers:
# 413.435 (0.002745 V + 0.0189623) ^ 2.2: 0.07 for black, 200 for white.
_SCREEN = (413.435 * (0.002745 * np.arange(256) + 0.0189623) ** 2.2).astype(np.float32)
_WHITE = 200.0
_WEIGHTS = (0.2126, 0.7152, 0.0722)  # BT.709
# Light (cd/m2) that a room adds to each channel: it takes the colour out of near-black, where codec noise has any.
# A pure red is saturated from the 8-bit value 68 on.
_ROOM = np.float32(3.0)
HDR = {16: "PQ", 18: "HLG"}  # H.273 transfer characteristics
COLUMNS = ("broadcast_flashes", "broadcast_red_flashes", "flash_area_max", "longest_flashing_s")


def broadcast_flash(
    thumbs: U8, times: F64, settings: FlashSettings, *, color_transfer: int | None
) -> dict[str, Any]:
    """The columns of BT.1702 of one clip: uint8 RGB thumbnails [T, h, w, 3] at `times` [T] seconds.

    Flashes per second (most in any second), the largest share of the screen (0-1) that turned in a counted transition,
    and the longest time (s) in which transitions follow one another within a second. Null with the reason for HDR: the
    code values of PQ and HLG are not those of the display that the formula is about.
    """
    if color_transfer in HDR:
        return dict.fromkeys(COLUMNS) | {"reason": hdr_reason(color_transfer)}
    together = frames_together(times)
    luminance = luminance_transitions(thumbs, settings, together=together)
    red = saturated_red_transitions(thumbs, settings, together=together)
    found = [*luminance, *red]
    return {
        "broadcast_flashes": float(most_per_second(luminance, times)),
        "broadcast_red_flashes": float(most_per_second(red, times)),
        "flash_area_max": max((transition.share for transition in found), default=0.0),
        "longest_flashing_s": longest_run_s(found, times),
        "reason": None,
    }


def hdr_reason(color_transfer: int) -> str:
    """Why an HDR source has no broadcast measure."""
    return f"HDR source ({HDR[color_transfer]}): the formula is about a standard display of 200 cd/m2"


def luminance_transitions(thumbs: U8, settings: FlashSettings, *, together: int = 1) -> list[Transition]:
    """Opposing changes of screen luminance by settings.broadcast_step cd/m2."""
    return transitions(
        thumbs, luminance_signal(settings), Area(settings.broadcast_area_share, together=together)
    )


def saturated_red_transitions(thumbs: U8, settings: FlashSettings, *, together: int = 1) -> list[Transition]:
    """Transitions to and from a saturated red, whatever its luminance."""
    return transitions(thumbs, red_signal(settings), Area(settings.broadcast_area_share, together=together))


def luminance_signal(settings: FlashSettings) -> Signal:
    """Screen luminance in cd/m2, of a display whose white is settings.broadcast_white."""
    tables = [_SCREEN * np.float32(weight * settings.broadcast_white / _WHITE) for weight in _WEIGHTS]

    def luminance(thumbs: U8) -> F32:
        red, green, blue = looked_up(thumbs, tables)
        return np.asarray(red + green + blue, dtype=np.float32)

    return Signal(luminance, settings.broadcast_step, settings.broadcast_darker_below)


def red_signal(settings: FlashSettings) -> Signal:
    """R / (R + G + B) of the light on the screen (0-1); one of the two states reaches settings.red_share.

    The share has to move by settings.broadcast_red_step: a still red at the limit does not flash by its noise.
    """

    def saturated(thumbs: U8) -> Any:
        return _red_share(thumbs) >= settings.red_share

    return Signal(_red_share, settings.broadcast_red_step, marked=saturated)


def _red_share(thumbs: U8) -> F32:
    red, green, blue = looked_up(thumbs, (_SCREEN,) * 3)
    return np.asarray(red / (red + green + blue + _ROOM), dtype=np.float32)
