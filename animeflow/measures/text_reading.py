"""Which detected boxes are text: what was read surely, and is not read as something else in the samples beside it.

Lines that could not be read count too where subtitles and credits stand: see `unread_lines`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from animeflow.measures.text_roles import subtitle_height
from animeflow.measures.unread_lines import unread_lines
from animeflow.settings.measures import TextMeasureSettings

_FEW, _MAX_PITCH = 2, 1.75  # so few characters may take so much of a line's height each
_FEW_SCORE = 0.97
_STROKES = frozenset("1lI|/\\-=_")  # as hatching is read
_SURE = (
    0.93  # from here one reading is enough: in 12 drawn half episodes no line of text was read less surely
)
_SAME_PLACE = 0.3  # intersection over union of upright boxes: text that drifts with the camera stays above
_LIKE = 0.5  # SequenceMatcher's ratio from which two readings are of one text
Box = Mapping[str, Any]


def read_texts(rows: Sequence[Mapping[str, Any]], settings: TextMeasureSettings) -> list[dict[str, Any]]:
    """The rows of `text_boxes` of one video, in order, with the boxes alone that are text."""
    read, doubtful = [], []
    for place, row in enumerate(rows):
        beside = [
            box
            for near in (*rows[max(0, place - 1) : place], *rows[place + 1 : place + 2])
            for box in near["boxes"]
        ]
        sure = [is_text(box, settings) and not is_chance(box, beside, settings) for box in row["boxes"]]
        read.append({**row, "boxes": [box for box, one in zip(row["boxes"], sure, strict=True) if one]})
        doubtful.append([box for box, one in zip(row["boxes"], sure, strict=True) if not one])
    if not settings.unread_lines:
        return read
    # Twice: how high the subtitles of a video are is known once those at the bottom are found.
    found = with_unread(read, doubtful, settings, usual=None)
    return with_unread(read, doubtful, settings, usual=subtitle_height(found, settings))


def with_unread(
    read: Sequence[dict[str, Any]],
    doubtful: Sequence[Sequence[Box]],
    settings: TextMeasureSettings,
    *,
    usual: float | None,
) -> list[dict[str, Any]]:
    """The rows with their text, and with the doubtful boxes that count; `usual` is the height of subtitles."""
    return [
        {
            **row,
            "boxes": [
                *row["boxes"],
                *unread_lines(
                    boxes,
                    row["boxes"],
                    (row["width"], row["height"]),
                    settings,
                    subtitle_height=usual,
                ),
            ],
        }
        for row, boxes in zip(read, doubtful, strict=True)
    ]


def is_text(box: Box, settings: TextMeasureSettings) -> bool:
    """Whether a box was read surely, and not as one or two characters that do not fill it.

    A window front read as two characters of 1.9 times their height each had a score of 0.80; two characters set with
    a full space between them take 1.5. A boat was read as one character with up to 0.966, a bookshelf with 0.918, a lit
    window in grain as "pm": one wide character, or two narrow ones, must be sure. The hatching of a jaw was read as
    "1111" with 0.99: one stroke again and again is no text.
    """
    corners = np.asarray(box["polygon"], np.float64).reshape(4, 2)
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    length, height = sorted((sides[[0, 2]].max(), sides[[1, 3]].max()), reverse=True)
    count = len(box["text"].strip())
    filled = count > _FEW or length <= _MAX_PITCH * height * max(1, count)
    cells = sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in box["text"].strip())
    least = settings.min_score if cells > _FEW else max(settings.min_score, _FEW_SCORE)
    different = set(box["text"]) - {" "}
    hatched = count > _FEW and len(different) == 1 and different <= _STROKES
    return bool(box["score"] >= least and filled and not hatched)


def is_chance(box: Box, beside: Sequence[Box], settings: TextMeasureSettings) -> bool:
    """Whether a box that is not quite sure stands where the samples beside it read something else, and not surely.

    The gloss of a head of hair was read as "20000" with 0.88, half a second later as "(" with 0.40, then as "2000" with
    0.68: text that stays is read alike. Where nothing was found beside it the reading stands: text may be short.
    """
    if box["score"] >= _SURE:
        return False
    here = [one for one in beside if _common(box, one) >= _SAME_PLACE]
    alike = any(SequenceMatcher(None, box["text"], one["text"]).ratio() >= _LIKE for one in here)
    return not alike and any(one["score"] < settings.min_score for one in here)


def _common(one: Box, other: Box) -> float:
    """Intersection over union of two boxes, upright (0-1)."""
    a, b = (np.asarray(box["polygon"], np.float64).reshape(4, 2) for box in (one, other))
    low, high = np.maximum(a.min(0), b.min(0)), np.minimum(a.max(0), b.max(0))
    shared = float(np.prod(np.maximum(0, high - low)))
    union = float(np.prod(np.ptp(a, axis=0)) + np.prod(np.ptp(b, axis=0))) - shared
    return shared / union if union > 0 else 0.0
