"""Dissolves that the network doubts, proved by the pictures: out of a strobe every other frame is its own mixture.

A dissolve out of a strobe between A and A' shows (1 - s) A + s B and (1 - s) A' + s B in turn. Looked at with a step of
two frames both are ordinary dissolves, which fit their straight line to a few percent; neither motion, nor a light that
goes on, nor a wipe does.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from animeflow.settings.shots import TransitionSettings
from animeflow.shots.cuts import Cut, Range, gradual
from animeflow.shots.detectors.evidence import F64, Evidence, closed, runs
from animeflow.shots.detectors.likeness import is_other_picture
from animeflow.tables.thumbnails import Thumbs

_FAINT = (0.1, 0.25)  # probabilities from which frames make a run: a strobe before it may lie above the first
_GAP = 2  # frames below it that do not end a run
_LOOKS = (
    4,
    8,
)  # frames outside the run where the pure ends are taken: the first that proves a mixture counts
_BEYOND = 2  # frames by which its ends may lie outside of what was looked at: the line is drawn through the inner ones
_INNER = (0.08, 0.92)  # shares through which the line is drawn
_LEAST = 3  # shares that make a line
_APART = 8.0  # 8-bit levels between the two ends
_REST = 0.12  # of the difference of the ends that a frame may lie beside their line
_BENT = 0.06  # by which a share may lie beside its line in time


def proved_dissolves(evidence: Evidence, settings: TransitionSettings) -> Iterator[Cut]:
    """Runs where the network sees something (peak of `many_hot` or more) and both halves of the frames are mixtures."""
    if evidence.many_hot is None:
        return
    last_end = 0
    for rough in sorted(set(_candidates(evidence.many_hot))):
        score = float(np.max(evidence.many_hot[rough[0] : rough[1]]))
        if score < settings.many_hot or rough[1] - rough[0] > settings.max_frames:
            continue
        for look in _LOOKS:
            span = _proved(evidence, rough, look)
            if (
                span
                and span[0] >= last_end
                and settings.min_frames <= span[1] - span[0] <= settings.max_frames
            ):
                last_end = span[1]
                yield gradual(*span, "dissolve", score)
                break


def _candidates(many_hot: F64) -> Iterator[Range]:
    """Runs to look at: above either probability, and above the lower one in every frame, as no strobe is."""
    for faint in _FAINT:
        yield from runs(closed(many_hot > faint, _GAP))
    steady = np.minimum(many_hot[:-1], many_hot[1:]) > _FAINT[0]
    yield from ((start, end + 1) for start, end in runs(steady))


def _proved(evidence: Evidence, rough: Range, look: int) -> Range | None:
    """First frame and frame after the mixture around a run, or None."""
    if rough[0] <= look or rough[1] + look >= evidence.frames:
        return None
    even, odd = (mixture_ends(evidence.thumbs, rough, look, parity) for parity in (0, 1))
    if even is None or odd is None:
        return None
    start, end = (round((one + other) / 2) for one, other in zip(even, odd, strict=True))
    inside = start >= rough[0] - look - _BEYOND and end <= rough[1] + look + _BEYOND
    return (start, end) if inside else None


def mixture_ends(thumbs: Thumbs, rough: Range, look: int, parity: int) -> tuple[float, float] | None:
    """Where the mixture seen in every second frame begins and ends (first frame, frame after), or None if it is none.

    The line of the shares reaches 0 one frame before the dissolve and 1 at the frame after it.
    """
    first = rough[0] - look - parity
    window = np.asarray(thumbs[first : rough[1] + look + 1 : 2])
    at = first + 2 * np.arange(len(window))
    if not is_other_picture(window[-1], window[0]):
        return None
    flat = window.reshape(len(window), -1).astype(np.float64)
    apart = flat[-1] - flat[0]
    size = np.abs(apart).mean()
    if size < _APART:
        return None
    shares = (flat - flat[0]) @ apart / (apart @ apart)
    rest = np.abs(flat - flat[0] - shares[:, None] * apart).mean(axis=1) / size
    inner = (shares > _INNER[0]) & (shares < _INNER[1])
    if inner.sum() < _LEAST or rest.max() > _REST:
        return None
    slope, offset = np.polyfit(at[inner], shares[inner], 1)
    if slope <= 0 or np.abs(shares[inner] - slope * at[inner] - offset).max() > _BENT:
        return None
    return float(1 - offset / slope), float((1 - offset) / slope)
