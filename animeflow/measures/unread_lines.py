"""Lines in a script that the recogniser does not know: found, but read unsurely or as blanks, as drawings are too.

Where they stand as subtitles or credits do they count as text; a sign in such a script passes as none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from animeflow.measures.text_roles import CREDITS, SUBTITLE, Role, is_subtitle, roles_of
from animeflow.settings.measures import TextMeasureSettings

UNREAD = "\ufffd"  # Unicode's replacement character: the text of a line that could not be read
# Subtitles of 7 scripts that could not be read: centres within .01 of the middle, words of two letters 1.25 times as
# long as high or more. Of 77 boxes on drawings and real clips that are no text none in the band was as near the middle,
# and none stood with others as credits do once those less than twice as long as high were left out.
_MIDDLE = 0.015  # of the width
_WORD_ASPECT, _CREDITS_ASPECT = 1.2, 2.0
Box = Mapping[str, Any]


def unread_lines(
    doubtful: Sequence[Box],
    texts: Sequence[Box],
    size: tuple[int, int],
    settings: TextMeasureSettings,
    *,
    subtitle_height: float | None = None,
) -> list[Box]:
    """Those of the `doubtful` boxes of a frame of `size` (width, height) that count, as UNREAD, beside its `texts`.

    `subtitle_height` as in `roles_of`: with it lines at the top, and those on another line, are subtitles too.
    """
    lines = [box for box in doubtful if _aspect(box) >= _WORD_ASPECT]
    given = [*texts, *({**line, "text": ""} for line in lines)]
    roles = roles_of(given, size, settings, subtitle_height=subtitle_height)[len(texts) :]
    return [
        {**line, "text": UNREAD}
        for line, role in zip(lines, roles, strict=True)
        if (_aspect(line) >= _CREDITS_ASPECT if role == CREDITS else _is_subtitle(line, role, size, settings))
    ]


def _is_subtitle(line: Box, role: Role, size: tuple[int, int], settings: TextMeasureSettings) -> bool:
    """Whether a line of this role is a subtitle: in the band only in the middle, for much else lies there."""
    if not is_subtitle(line["polygon"], size[1], settings):
        return role == SUBTITLE
    xs = _corners(line)[:, 0]
    return abs(float(xs.min() + xs.max()) / 2 / size[0] - 0.5) <= _MIDDLE


def _aspect(box: Box) -> float:
    length, height = np.ptp(_corners(box), axis=0)
    return float(length / max(height, 1))


def _corners(box: Box) -> np.ndarray:
    return np.asarray(box["polygon"], np.float64).reshape(4, 2)
