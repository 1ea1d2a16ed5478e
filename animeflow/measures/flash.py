"""Flashes per clip: WCAG 2.x, ITU-R BT.1702, and the brightness jumps of the earlier pipeline, each under its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from animeflow.measures.broadcast_flash import broadcast_flash
from animeflow.measures.light import SRGB, Light, light_of
from animeflow.measures.transitions import (
    F32,
    U8,
    Area,
    Bools,
    Signal,
    Transition,
    frames_together,
    most_per_second,
    transitions,
)
from animeflow.settings.measures import FlashSettings
from animeflow.tables.frames import seconds, stored_or_loaded
from animeflow.tables.schemas.measures import FLASH

_RED_SCALE = 320.0
# The 10-degree field of vision is a third of the width by a third of the height (341x256 of 1024x768).
_FIELDS = 3
_BT601 = np.array([0.299, 0.587, 0.114], np.float32)


def measure_flash(
    signals: pa.Table,
    clips: Sequence[Mapping[str, Any]],
    settings: FlashSettings,
    *,
    color_transfer: int | None = None,
    color_primaries: int | None = None,
) -> pa.Table:
    """The table `flash`: one row for each row of `clips` (clip_id, video_id, start, end) of one video.

    Every frame is looked at: a stride hides strobes (12 Hz at 24 fps with every second frame gives none).
    `color_transfer` and `color_primaries` are the H.273 codes of the source: WCAG's measures are taken of the light of
    PQ and HLG; BT.1702's, in cd/m2 of a standard display, are null for them.
    """
    light = light_of(color_transfer, color_primaries)
    thumbs, times = stored_or_loaded(signals), seconds(signals)
    rows = []
    for clip in clips:
        part = slice(clip["start"], clip["end"])
        shown, at = thumbs[part], times[part]
        together = frames_together(at)
        general = general_transitions(shown, settings, light, together=together)
        red = red_transitions(shown, settings, light, together=together)
        rows.append(
            {
                "clip_id": clip["clip_id"],
                "video_id": clip["video_id"],
                "general_flashes": float(most_per_second(general, at)),
                "red_flashes": float(most_per_second(red, at)),
                "brightness_jumps": brightness_jumps(shown, settings),
                **broadcast_flash(shown, at, settings, color_transfer=color_transfer),
            }
        )
    return FLASH.table(rows)


def general_transitions(
    thumbs: U8, settings: FlashSettings, light: Light = SRGB, *, together: int = 1
) -> list[Transition]:
    """Opposing changes of relative luminance by settings.luminance_step, of uint8 RGB [T, h, w, 3]."""
    return transitions(thumbs, general_signal(settings, light), Area(settings.area_share, _FIELDS, together))


def red_transitions(
    thumbs: U8, settings: FlashSettings, light: Light = SRGB, *, together: int = 1
) -> list[Transition]:
    """The same for max(0, R - G - B) x 320 in linear light, where one of the two states is a saturated red."""
    return transitions(thumbs, red_signal(settings, light), Area(settings.area_share, _FIELDS, together))


def general_signal(settings: FlashSettings, light: Light = SRGB) -> Signal:
    """Relative luminance (white is 1); the darker state is below settings.darker_below."""
    return Signal(light.luminance, settings.luminance_step, settings.darker_below)


def red_signal(settings: FlashSettings, light: Light = SRGB) -> Signal:
    """max(0, R - G - B) x 320 in linear light; one of the states has R / (R + G + B) of settings.red_share or more."""

    def redness(thumbs: U8) -> F32:
        red, green, blue = light.linear(thumbs)
        return np.asarray(np.maximum(red - green - blue, 0) * np.float32(_RED_SCALE), dtype=np.float32)

    def saturated(thumbs: U8) -> Bools:
        red, green, blue = light.linear(thumbs)
        total = red + green + blue
        return np.asarray((red >= settings.red_share * total) & (total > 0))

    return Signal(redness, settings.red_step, marked=saturated)


def brightness_jumps(thumbs: U8, settings: FlashSettings) -> float:
    """Share of sampled frames (every settings.jump_stride-th) whose mean grey jumps by settings.jump_levels, 0-1.

    The formula of the earlier filter pipeline, which drops a clip at 0.2 and more. It sees no strobe whose period is
    its stride, no flash of a part of the picture, and counts cuts and fades: it stays for those who compare.
    """
    grey = (
        thumbs[:: settings.jump_stride].reshape(-1, thumbs.shape[1] * thumbs.shape[2], 3).mean(axis=1)
    ) @ _BT601
    jumps = np.abs(np.diff(grey)) >= settings.jump_levels
    return float(jumps.sum()) / max(1, len(grey))
