"""Camera motion between two frames, from the background alone.

Candidates come from sparse (pyramidal LK) and dense (DIS) flow; the simplest one that explains the structured
background about as well as the best one wins. The simplicity rule keeps scale from drifting on long pans.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from animeflow.layers.pixels import F32, F64, U8, Mask, dilate

RANSAC_PX = 0.6  # an inlier lies this near to the model
MATCH_LEVELS = 8  # structured pixels that differ by less are explained
STRUCTURE_LEVELS = 8  # |Laplacian| of a structured pixel
IDENTITY_TOLERANCE, TRANSLATION_TOLERANCE = 0.003, 0.01
MIN_POINTS = 8
MAX_CORNERS, MAX_VOTERS = 250, 200


class MotionKind(enum.StrEnum):
    """How a frame was placed, from simple to free."""

    IDENTITY = "identity"
    TRANSLATION = "translation"
    SIMILARITY = "similarity"


@dataclass(frozen=True)
class Pair:
    """Motion of a frame against a reference: `matrix` 3x3 takes frame px to reference px, score 0-1."""

    matrix: F64
    score: float
    kind: MotionKind


@dataclass(frozen=True)
class View:
    """One frame prepared for registration: grey uint8 [h, w] and its background, bool [h, w]."""

    grey: U8
    mask: Mask

    @cached_property
    def structure(self) -> Mask:
        """Background pixels with structure: the ones that can contradict a motion."""
        return dilate(np.abs(cv2.Laplacian(self.grey, cv2.CV_16S)) > STRUCTURE_LEVELS, 3) & self.mask

    @cached_property
    def corners(self) -> F32:
        """Corners of the background, float32 [N, 2] px (x, y)."""
        found = cv2.goodFeaturesToTrack(self.grey, MAX_CORNERS, 0.005, 8, mask=self.mask.view(np.uint8) * 255)
        return np.zeros((0, 2), np.float32) if found is None else found.reshape(-1, 2)


def register_pair(frame: View, reference: View, guess: F64) -> Pair:
    """The motion of `frame` against `reference`, starting from `guess` (frame px -> reference px, 3x3)."""
    scored = [Pair(m, score(frame, reference, m), kind) for m, kind in _candidates(frame, reference, guess)]
    return simplest(scored)


def simplest(pairs: list[Pair]) -> Pair:
    """The simplest candidate within tolerance of the best score."""
    best = max(pair.score for pair in pairs)
    for kind, tolerance in (
        (MotionKind.IDENTITY, IDENTITY_TOLERANCE),
        (MotionKind.TRANSLATION, TRANSLATION_TOLERANCE),
    ):
        of_kind = [pair for pair in pairs if pair.kind is kind]
        top = max(of_kind, key=lambda pair: pair.score, default=None)
        if top is not None and top.score >= best - tolerance:
            return top
    return max(pairs, key=lambda pair: pair.score)


def score(frame: View, reference: View, matrix: F64) -> float:
    """Share of the structured background of `reference` that the warped frame shows within MATCH_LEVELS; 0 where
    less than 2 % of the picture can be compared.
    """
    size = reference.grey.shape[::-1]
    warped = cv2.warpAffine(frame.grey, matrix[:2], size, flags=cv2.INTER_LINEAR)
    seen = cv2.warpAffine(frame.mask.view(np.uint8), matrix[:2], size, flags=cv2.INTER_NEAREST).view(np.bool_)
    where = reference.structure & seen
    count = int(where.sum())
    if count < max(16, 0.02 * reference.structure.sum()):
        return 0.0
    return float((cv2.absdiff(warped, reference.grey)[where] < MATCH_LEVELS).sum() / count)


def _candidates(frame: View, reference: View, guess: F64) -> Iterator[tuple[F64, MotionKind]]:
    yield np.eye(3), MotionKind.IDENTITY
    for source, target in (_sparse(frame, reference, guess), _dense(frame, reference, guess)):
        if len(source) < MIN_POINTS:
            continue
        shift = translation_of(source, target)
        yield shift, MotionKind.TRANSLATION
        similarity = similarity_of(source, target)
        if similarity is not None:
            yield similarity, MotionKind.SIMILARITY


def _sparse(frame: View, reference: View, guess: F64) -> tuple[F32, F32]:
    """Corners of the reference found again in the frame, forward-backward within 0.5 px: (in frame, in reference)."""
    if len(reference.corners) < MIN_POINTS:
        return np.zeros((0, 2), np.float32), np.zeros((0, 2), np.float32)
    start = reference.corners
    inside = apply(np.linalg.inv(guess), start)
    found, there = _tracked(reference.grey, frame.grey, start, inside)
    again, back = _tracked(frame.grey, reference.grey, found, start)
    good = there & back & (np.abs(again - start).max(axis=1) < 0.5)
    good &= _masked_at(frame.mask, found)
    return found[good], start[good]


def _tracked(first: U8, second: U8, points: F32, guess: F32) -> tuple[F32, npt.NDArray[np.bool_]]:
    """Points of the first picture found in the second by pyramidal Lucas-Kanade, and which were."""
    found, state, _ = cv2.calcOpticalFlowPyrLK(
        first, second, points, guess.copy(), winSize=(21, 21), maxLevel=3, flags=cv2.OPTFLOW_USE_INITIAL_FLOW
    )
    return found, state.ravel() == 1


def _dense(frame: View, reference: View, guess: F64) -> tuple[F32, F32]:
    """DIS flow on an 8 px grid of the reference, structured points only: (in frame, in reference)."""
    height, width = reference.grey.shape
    moved = cv2.warpAffine(
        frame.grey, guess[:2], (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST).calc(reference.grey, moved, None)
    grid = np.zeros((height, width), np.bool_)
    grid[4::8, 4::8] = True
    ys, xs = np.nonzero(grid & reference.structure)
    points = np.stack([xs, ys], axis=1).astype(np.float32)
    in_frame = apply(np.linalg.inv(guess), points + flow[ys, xs])
    good = _masked_at(frame.mask, in_frame)
    return in_frame[good], points[good]


def _masked_at(mask: Mask, points: F32) -> npt.NDArray[np.bool_]:
    height, width = mask.shape
    x, y = np.rint(points[:, 0]).astype(int), np.rint(points[:, 1]).astype(int)
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    return inside & mask[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]


def translation_of(source: F32, target: F32) -> F64:
    """Translation by vote: the displacement that most others agree with, then the median of those (3x3)."""
    moves = target - source
    voters = moves[:: -(-len(moves) // MAX_VOTERS)]
    near = np.abs(moves[None, :, 0] - voters[:, None, 0]) < RANSAC_PX
    near &= np.abs(moves[None, :, 1] - voters[:, None, 1]) < RANSAC_PX
    inliers = near[np.count_nonzero(near, axis=1).argmax()]
    matrix = np.eye(3)
    matrix[:2, 2] = np.median(moves[inliers], axis=0)
    return matrix


def similarity_of(source: F32, target: F32) -> F64 | None:
    """RANSAC similarity (rotation, uniform scale, shift) as 3x3; None where it degenerates."""
    found, _ = cv2.estimateAffinePartial2D(
        source, target, method=cv2.RANSAC, ransacReprojThreshold=RANSAC_PX, maxIters=500, refineIters=10
    )
    if found is None or not 0.5 < np.hypot(found[0, 0], found[1, 0]) < 2:
        return None
    return np.vstack([found, [0, 0, 1]]).astype(np.float64)


def apply(matrix: npt.NDArray, points: npt.NDArray) -> F32:
    """Points [N, 2] under a 3x3 affine matrix."""
    return (points @ matrix[:2, :2].T + matrix[:2, 2]).astype(np.float32)


def zoom_of(matrix: F64) -> float:
    """Scale of a similarity."""
    return float(np.hypot(matrix[0, 0], matrix[1, 0]))
