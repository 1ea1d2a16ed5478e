"""Captions of kept clips, where a captioner is; null with the reason where not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from animeflow.annotation.shown import shown_drawings, spread
from animeflow.media.chosen import chosen_frames
from animeflow.media.decode.reader import DEFAULT_LIMITS, DecodeLimits
from animeflow.media.decode.seeking import FrameTimes
from animeflow.models.caption import Captioner
from animeflow.models.optional import Maybe
from animeflow.settings.annotation import CaptionSettings
from animeflow.settings.isolation import IsolationSettings
from animeflow.tables.specs import TABLES

EMPTY = "the captioner gave no words"


def caption_video(
    path: Path,
    *,
    clips: Sequence[Mapping[str, Any]],
    drawings: Sequence[Mapping[str, Any]],
    captioner: Maybe[Captioner],
    settings: CaptionSettings,
    on_clip: Callable[[int, int], None] | None = None,
    limits: DecodeLimits = DEFAULT_LIMITS,
    isolation: IsolationSettings | None = None,
) -> dict[str, pa.Table]:
    """The table `captions` of a video: one row per kept clip.

    The captioner sees `settings.frames` different drawings of a clip, evenly spread; nothing is decoded without one.
    Raises DecodeError.
    """
    kept = sorted((clip for clip in clips if clip["keep"]), key=lambda clip: (clip["start"], clip["end"]))
    rows, times = [], FrameTimes.of_rows(drawings)
    for number, clip in enumerate(kept, 1):
        text, reason = None, captioner.reason
        if captioner.model is not None:
            shown = shown_drawings([clip], drawings)
            wanted = [shown[place].frame for place in spread(len(shown), settings.frames)]
            decoded = chosen_frames(
                path, wanted, purpose="captions", times=times, limits=limits, isolation=isolation
            )
            text = captioner.model.caption([np.stack([picture for _, picture in decoded])])[0].strip()
            reason = None if text else EMPTY
        rows.append(
            {
                "clip_id": clip["clip_id"],
                "video_id": clip["video_id"],
                "model": captioner.kind,
                "caption": text or None,
                "reason": reason,
            }
        )
        if on_clip is not None:
            on_clip(number, len(kept))
    return {"captions": TABLES["captions"].table(rows)}
