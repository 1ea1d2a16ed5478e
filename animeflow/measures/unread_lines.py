"""Lines in a script that the recogniser does not know: found, but read unsurely or as blanks, as drawings are too.

Where they stand as subtitles or credits do they count as text; a sign in such a script passes as none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from animeflow.measures.text_roles import CREDITS, is_subtitle, roles_of
from animeflow.settings.measures import TextMeasureSettings

UNREAD = "\ufffd"  # Unicode's replacement character: the text of a line that could not be read
# Subtitles of 7 scripts that could not be read: centres within .01 of the middle, 3.6 times as long as high or more. Of
# 77 boxes on drawings and real clips that are no text none in the band was as near the middle and 1.3 times as long;
# none stood with others as credits do once those less than twice as long as high were left out.
_MIDDLE = 0.02  # of the width
_LINE_ASPECT = 2.0
Box = Mapping[str, Any]


def unread_lines(
    doubtful: Sequence[Box], texts: Sequence[Box], size: tuple[int, int], settings: TextMeasureSettings
) -> list[Box]:
    """Those of the `doubtful` boxes of a frame of `size` (width, height) that count, as UNREAD, beside its `texts`."""
    lines = [box for box in doubtful if _is_line(box)]
    roles = roles_of([*texts, *({**line, "text": ""} for line in lines)], size, settings)[len(texts) :]
    return [
        {**line, "text": UNREAD}
        for line, role in zip(lines, roles, strict=True)
        if role == CREDITS or _is_centred_subtitle(line, size, settings)
    ]


def _is_line(box: Box) -> bool:
    length, height = np.ptp(_corners(box), axis=0)
    return bool(length >= _LINE_ASPECT * max(height, 1))


def _is_centred_subtitle(line: Box, size: tuple[int, int], settings: TextMeasureSettings) -> bool:
    """Whether a line lies in the subtitle band and in the middle."""
    xs = _corners(line)[:, 0]
    centred = abs((xs.min() + xs.max()) / 2 / size[0] - 0.5) <= _MIDDLE
    return bool(centred and is_subtitle(line["polygon"], size[1], settings))


def _corners(box: Box) -> np.ndarray:
    return np.asarray(box["polygon"], np.float64).reshape(4, 2)
