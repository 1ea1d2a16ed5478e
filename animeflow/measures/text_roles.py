"""What recognised text is: a subtitle, a line of credits or a sign, told from where its boxes stand together."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal

import numpy as np

from animeflow.settings.measures import TextMeasureSettings

Role = Literal["subtitle", "credits", "sign"]
SUBTITLE, CREDITS, SIGN = "subtitle", "credits", "sign"
_SPREAD = 2.0  # the highest line of credits is at most this many times as high as the lowest
_ROWS = 3
_EDGE = 0.02  # of the width: edges so near are one edge
_CENTRED = 0.05  # of the width: a subtitle stands so near the middle
_LIKE = 1.25  # a line at the top is so near the height of the subtitles of its video
_SAME_BLOCK = 1.5  # lines of one subtitle: capitals alone and letters below the line differ so much in height
_LEADING = 1.8  # heights of a line from its middle to that of the next in one block
_WORDS = re.compile(
    r"^(?:原作|原案|監督|総監督|副監督|助監督|演出|絵コンテ|脚本|シリーズ構成|作画監督|総作画監督|原画|第二原画|動画|動画検査|"
    r"色彩設計|色指定|仕上げ?|美術(?:監督|設定)?|背景|撮影(?:監督)?|編集|音楽|音響(?:監督|効果)?|録音|キャラクターデザイン|"
    r"声の出演|出演|キャスト|スタッフ|製作|制作|企画|プロデューサー|主題歌|作詞|作曲|編曲|歌|"
    r"cast|staff|original (?:work|story)|story|screenplay|script|directors?|direct(?:ed by|ion)|"
    r"(?:series|episode|art|animation|sound|assistant|chief) direct(?:or|ion)|storyboards?|"
    r"(?:key|in-?between|chief|second key) animation|animat(?:ion|ors?)|character design|colou?r (?:design|setting)|"
    r"backgrounds?|photography|editing|editor|music|(?:executive |associate )?producers?|production|"
    r"theme song|opening theme|ending theme|lyrics|composition|arrangement)(?:$|[\s:：・/／　].*)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class _Line:
    """A box upright, in shares of the frame's width and height (0-1)."""

    left: float
    top: float
    right: float
    bottom: float
    text: str

    @property
    def height(self) -> float:
        return self.bottom - self.top

    @property
    def middle(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def roles_of(
    boxes: Sequence[Mapping[str, Any]],
    size: tuple[int, int],
    settings: TextMeasureSettings,
    *,
    subtitle_height: float | None = None,
) -> list[Role]:
    """The role of each box (polygon x1 y1 .. x4 y4 in px, text) of one frame of `size` (width, height) px.

    A subtitle stands in the subtitle band, or directly above a line that does, as the first of three may; or in the
    same band at the top, in the middle and as high as `subtitle_height`, the height (share of the frame's) of the
    subtitles of its video: without such a neighbour what stands there is a title or a sign. Credits are lines in three
    rows or more, of about one height, which share edges or stand in two columns, or lines of which one is a word of
    staff lists; lines of a roll that is in the subtitle band are credits too. All else is a sign.
    """
    lines = [_line(box, size) for box in boxes]
    low = [is_subtitle(box["polygon"], size[1], settings) for box in boxes]
    top = [_is_top_subtitle(line, subtitle_height, settings) for line in lines]
    free = [n for n in range(len(lines)) if not low[n] and not top[n]]
    listed = {free[m] for m in _credits([lines[n] for n in free], settings)}
    block = [lines[n] for n in sorted(listed)]
    first = _first_lines(lines, low, listed, settings)
    roles: list[Role] = []
    for n, line in enumerate(lines):
        if n in listed or (low[n] and _continues(line, block)):
            roles.append("credits")
        else:
            roles.append("subtitle" if low[n] or top[n] or n in first else "sign")
    return roles


def is_subtitle(polygon: Sequence[float], height: int, settings: TextMeasureSettings) -> bool:
    """Whether a box (x1 y1 .. x4 y4 in px) lies wholly in the subtitle band and is as low as a line of text."""
    ys = np.asarray(polygon, np.float64)[1::2] / height
    return bool(ys.min() >= settings.subtitle_top and ys.max() - ys.min() <= settings.subtitle_max_height)


def subtitle_height(frames: Sequence[Mapping[str, Any]], settings: TextMeasureSettings) -> float | None:
    """Median height (share of the frame's) of the subtitles at the bottom of a video's sampled frames; None without."""
    found = []
    for frame in frames:
        size = frame["width"], frame["height"]
        found += [
            _line(box, size).height
            for box in frame["boxes"]
            if is_subtitle(box["polygon"], size[1], settings)
        ]
    return median(found) if found else None


def _line(box: Mapping[str, Any], size: tuple[int, int]) -> _Line:
    points = np.asarray(box["polygon"], np.float64).reshape(4, 2) / size
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return _Line(float(left), float(top), float(right), float(bottom), box["text"].strip())


def _is_top_subtitle(line: _Line, height: float | None, settings: TextMeasureSettings) -> bool:
    if (
        height is None
        or line.bottom > 1 - settings.subtitle_top
        or line.height > settings.subtitle_max_height
    ):
        return False
    alike = max(line.height, height) <= _LIKE * min(line.height, height)
    return alike and abs(line.middle[0] - 0.5) <= _CENTRED


def _credits(lines: Sequence[_Line], settings: TextMeasureSettings) -> set[int]:
    """Numbers of the lines that are credits."""
    alike = _of_one_height(lines)
    members = [lines[n] for n in alike]
    listed = len(members) >= settings.credits_lines and _rows(members) >= _ROWS
    if listed and (_aligned(members) or _two_columns(members)):
        return set(alike)
    named = any(_WORDS.match(line.text) for line in members)
    return set(alike) if named and len(members) > 1 else set()


def _first_lines(
    lines: Sequence[_Line], low: Sequence[bool], listed: set[int], settings: TextMeasureSettings
) -> set[int]:
    """Numbers of the lines above the band that stand directly on a subtitle, with its alignment and height.

    Credits are told first, and one on which a further line stands is part of a column and no first line.
    """
    free = [n for n in range(len(lines)) if not low[n] and n not in listed]

    def stands_on(n: int, others: Sequence[int]) -> bool:
        return any(_stands_on(lines[n], lines[m], settings) for m in others if m != n)

    bottom = [
        n
        for n in range(len(lines))
        if low[n] and not _continues(lines[n], [lines[m] for m in sorted(listed)])
    ]
    first = [n for n in free if stands_on(n, bottom)]
    return {n for n in first if not any(stands_on(m, [n]) for m in (*free, *sorted(listed)))}


def _stands_on(line: _Line, below: _Line, settings: TextMeasureSettings) -> bool:
    """Whether a line is the one before `below` in one block: left edge or middle shared, less than a line between."""
    gap = below.middle[1] - line.middle[1]
    height = min(line.height, below.height)
    alike = (
        max(line.height, below.height) <= _SAME_BLOCK * height <= _SAME_BLOCK * settings.subtitle_max_height
    )
    aligned = abs(line.left - below.left) <= _EDGE or abs(line.middle[0] - below.middle[0]) <= _EDGE
    return alike and aligned and 0.5 * height < gap <= _LEADING * height


def _of_one_height(lines: Sequence[_Line]) -> list[int]:
    """The most lines of which the highest is at most twice as high as the lowest."""
    order = sorted(range(len(lines)), key=lambda n: lines[n].height)
    best: list[int] = []
    first = 0
    for last in range(len(order)):
        while lines[order[last]].height > _SPREAD * lines[order[first]].height:
            first += 1
        if last + 1 - first > len(best):
            best = order[first : last + 1]
    return sorted(best)


def _rows(lines: Sequence[_Line]) -> int:
    """Rows of text: a line begins one where its middle is more than half a line below that of the row before."""
    step = median(line.height for line in lines) * 0.5
    rows, at = 0, -1.0
    for y in sorted(line.middle[1] for line in lines):
        if rows == 0 or y - at > step:
            rows, at = rows + 1, y
    return rows


def _aligned(lines: Sequence[_Line]) -> bool:
    """Whether three quarters of the lines share a left edge, a right edge or a middle with two others or more."""
    places = [_places(line) for line in lines]
    shared = [
        any(sum(abs(other[k] - place[k]) <= _EDGE for other in places) >= _ROWS for k in range(3))
        for place in places
    ]
    return sum(shared) >= 0.75 * len(lines)


def _two_columns(lines: Sequence[_Line]) -> bool:
    """Whether a vertical gap parts the lines into two columns of two lines or more."""
    order = sorted(lines, key=lambda line: line.left)
    return any(max(line.right for line in order[:n]) < order[n].left for n in range(2, len(order) - 1))


def _continues(line: _Line, block: Sequence[_Line]) -> bool:
    """Whether a line in the subtitle band is aligned with two lines of the credits above it, and has their height."""
    if not block:
        return False
    heights = [other.height for other in block] + [line.height]
    if max(heights) > _SPREAD * min(heights):
        return False
    own = _places(line)
    places = [_places(other) for other in block]
    return any(sum(abs(place[k] - own[k]) <= _EDGE for place in places) > 1 for k in range(3))


def _places(line: _Line) -> tuple[float, float, float]:
    """Where a line may be aligned with others: left edge, right edge, middle (shares of the width)."""
    return line.left, line.right, line.middle[0]
