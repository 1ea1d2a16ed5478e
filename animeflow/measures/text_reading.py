"""Which detected boxes are text: what was read surely, and is not read as something else in the samples beside it.

A script that the recogniser does not know (Arabic, Cyrillic, Hangul) is found and read unsurely, as hair gloss and
foliage are. Where it stands as subtitles do it counts as text all the same; as a sign or in credits it passes as none.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import numpy as np

from animeflow.measures.text_roles import is_subtitle
from animeflow.settings.measures import TextMeasureSettings

UNREAD = "\ufffd"  # Unicode's replacement character: the text of a line that could not be read
_FEW, _MAX_PITCH = 2, 1.75  # so few characters may take so much of a line's height each
_FEW_SCORE = 0.97
_SURE = (
    0.93  # from here one reading is enough: in 12 drawn half episodes no line of text was read less surely
)
_SAME_PLACE = 0.3  # intersection over union of upright boxes: text that drifts with the camera stays above
_LIKE = 0.5  # SequenceMatcher's ratio from which two readings are of one text
# Subtitles of 7 scripts that could not be read: centres within .01 of the middle, 3.6 times as long as high or more. Of
# 77 boxes on drawings and real clips that are no text none in the band was as near the middle and 1.3 times as long.
_MIDDLE = 0.02  # of the width
_LINE_ASPECT = 2.0
Box = Mapping[str, Any]


def read_texts(rows: Sequence[Mapping[str, Any]], settings: TextMeasureSettings) -> list[dict[str, Any]]:
    """The rows of `text_boxes` of one video, in order, with the boxes alone that are text; UNREAD is the text of those
    that stand as subtitles do and could not be read.
    """
    found = []
    for place, row in enumerate(rows):
        beside = [
            box
            for near in (*rows[max(0, place - 1) : place], *rows[place + 1 : place + 2])
            for box in near["boxes"]
        ]
        boxes: list[Box] = []
        for box in row["boxes"]:
            if is_text(box, settings) and not is_chance(box, beside, settings):
                boxes.append(box)
            elif settings.unread_subtitles and stands_as_subtitle(
                box, (row["width"], row["height"]), settings
            ):
                boxes.append({**box, "text": UNREAD})
        found.append({**row, "boxes": boxes})
    return found


def stands_as_subtitle(box: Box, size: tuple[int, int], settings: TextMeasureSettings) -> bool:
    """Whether a box in a frame of `size` (width, height) is a line in the subtitle band, centred, longer than high."""
    corners = np.asarray(box["polygon"], np.float64).reshape(4, 2)
    length, height = np.ptp(corners, axis=0)
    off_middle = abs((corners[:, 0].min() + corners[:, 0].max()) / 2 / size[0] - 0.5)
    return bool(
        is_subtitle(box["polygon"], size[1], settings)
        and off_middle <= _MIDDLE
        and length >= _LINE_ASPECT * max(height, 1)
    )


def is_text(box: Box, settings: TextMeasureSettings) -> bool:
    """Whether a box was read surely, and not as one or two characters that do not fill it.

    A window front read as two characters of 1.9 times their height each had a score of 0.80; two characters set with
    a full space between them take 1.5. A boat was read as one character with up to 0.966, a bookshelf with 0.918, a lit
    window in grain as "pm": one wide character, or two narrow ones, must be sure.
    """
    corners = np.asarray(box["polygon"], np.float64).reshape(4, 2)
    sides = np.linalg.norm(corners - np.roll(corners, -1, axis=0), axis=1)
    length, height = sorted((sides[[0, 2]].max(), sides[[1, 3]].max()), reverse=True)
    count = len(box["text"].strip())
    filled = count > _FEW or length <= _MAX_PITCH * height * max(1, count)
    cells = sum(2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in box["text"].strip())
    least = settings.min_score if cells > _FEW else max(settings.min_score, _FEW_SCORE)
    return bool(box["score"] >= least and filled)


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
