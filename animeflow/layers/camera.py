"""The camera of a whole clip: every frame placed on one canvas, by key frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from animeflow.layers.clip import Clip
from animeflow.layers.pixels import F32, F64, U8, Mask, dilate, luma, resized, working_size
from animeflow.layers.registration import MotionKind, Pair, View, apply, register_pair, score, zoom_of

KEY_SHIFT, KEY_ZOOM = (
    0.25,
    1.25,
)  # a new key frame when the centre moved this share of the frame, or zoom left 1/z..z
WEAK_SCORE = 0.6  # below it the previous frame is tried as reference too
HOLD_SCORE = (
    0.97  # a repeated drawing that identity explains this well was taken by a camera that stood still
)
MASK_PROBABILITY, MASK_GROW = 0.31, 15
MIN_BACKGROUND = 0.04  # share of the frame that must be background for a masked registration
REGISTRATION_SIDE = 1280


@dataclass(frozen=True)
class Camera:
    """Where every frame lies on the canvas.

    matrices  float64 [T, 3, 3], frame px -> canvas px
    support   float32 [T], share of structured background that the placement explains, 0-1
    kinds     [T], model against the key frame
    size      (width, height) of the canvas, px
    """

    matrices: F64
    support: F32
    kinds: tuple[MotionKind, ...]
    size: tuple[int, int]

    @property
    def held(self) -> bool:
        """No frame moved: the canvas is the frame."""
        return bool(np.all(self.matrices == self.matrices[0]))

    def centres(self, width: int, height: int) -> F64:
        """Canvas position of the middle of every frame, float64 [T, 2]."""
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        return self.matrices[:, :2, :2] @ middle + self.matrices[:, :2, 2]


@dataclass
class _Key:
    view: View
    matrix: F64


@dataclass
class _Track:
    """Placement of the frames so far, in the pixels of the first frame."""

    keys: list[_Key]
    previous: _Key
    step: F64 = field(
        default_factory=lambda: np.eye(3)
    )  # matrix of a frame = matrix of the previous one @ step


def background_mask(probability: F32) -> Mask:
    """Pixels that no network takes for a character, True on background; everything where too little would remain."""
    mask = ~dilate(probability > MASK_PROBABILITY, MASK_GROW)
    return mask if mask.mean() >= MIN_BACKGROUND else np.ones_like(mask)


def track_camera(clip: Clip, probability: Callable[[int], F32]) -> Camera:
    """Place every frame of a clip.

    `probability(drawing)` is the largest network probability of a character, float32 0-1, of any size.
    Memory: key frames only (one per quarter of a frame of movement).
    """
    width, height = clip.size
    small = working_size(width, height, REGISTRATION_SIDE)
    matrices, pairs, track, last = [], [], None, None
    for index in range(len(clip.frames)):
        drawing = int(clip.drawing[index])
        grey = resized(luma(np.ascontiguousarray(clip.frames[index])), small)
        if track is not None and last == drawing and _holds(grey, track):
            pair, matrix = pairs[-1], matrices[-1]
        else:
            mask = background_mask(resized(probability(drawing), small))
            track, pair, matrix = _place(View(grey, mask), track)
        matrices.append(matrix)
        pairs.append(pair)
        last = drawing
    scale = np.diag([width / small[0], height / small[1], 1.0])
    placed = scale @ np.stack(matrices) @ np.linalg.inv(scale)
    return _on_canvas(placed, pairs, clip.size)


def _holds(grey: U8, track: _Track) -> bool:
    """A repeated drawing under a camera that stood still: identity explains the background as well as it can."""
    reference = track.previous.view
    return score(View(grey, reference.mask), reference, np.eye(3)) >= HOLD_SCORE


def _place(view: View, track: _Track | None) -> tuple[_Track, Pair, F64]:
    if track is None:
        key = _Key(view, np.eye(3))
        return _Track([key], key), Pair(np.eye(3), 1.0, MotionKind.IDENTITY), np.eye(3)
    expected = track.previous.matrix @ track.step
    key = _nearest_key(track.keys, expected, view)
    pair = register_pair(view, key.view, np.linalg.inv(key.matrix) @ expected)
    matrix = key.matrix @ pair.matrix
    if pair.score < WEAK_SCORE:
        pair, matrix = _by_previous(view, track, pair, matrix)
    track.step = np.linalg.inv(track.previous.matrix) @ matrix
    track.previous = _Key(view, matrix)
    if _left(_nearest_key(track.keys, matrix, view).matrix, matrix, view):
        track.keys.append(track.previous)
    return track, pair, matrix


def _by_previous(view: View, track: _Track, pair: Pair, matrix: F64) -> tuple[Pair, F64]:
    """A frame that its key frame explains badly: the previous frame may do better, the effect or cel has moved less."""
    other = register_pair(view, track.previous.view, track.step)
    if other.score > pair.score + 0.05:
        return other, track.previous.matrix @ other.matrix
    return pair, matrix


def _centre(matrix: F64, view: View) -> F32:
    height, width = view.grey.shape
    return apply(matrix, np.array([[(width - 1) / 2, (height - 1) / 2]]))[0]


def _nearest_key(keys: list[_Key], matrix: F64, view: View) -> _Key:
    """The key frame that overlaps most: a camera that comes back meets its old key frames, so no drift adds up."""
    centre = _centre(matrix, view)

    def distance(key: _Key) -> float:
        zoom = abs(np.log(zoom_of(matrix) / zoom_of(key.matrix))) / np.log(KEY_ZOOM)
        shift = np.abs(_centre(key.matrix, view) - centre).max() / view.grey.shape[1] / KEY_SHIFT
        return float(max(zoom, shift))

    return min(keys, key=distance)


def _left(key: F64, matrix: F64, view: View) -> bool:
    height, width = view.grey.shape
    shift = np.abs(_centre(matrix, view) - _centre(key, view)) / zoom_of(key)
    zoom = zoom_of(matrix) / zoom_of(key)
    moved = shift[0] > KEY_SHIFT * width or shift[1] > KEY_SHIFT * height
    return bool(moved or not 1 / KEY_ZOOM < zoom < KEY_ZOOM)


def _on_canvas(matrices: F64, pairs: list[Pair], size: tuple[int, int]) -> Camera:
    """Shift and scale all placements so that every frame lies on the canvas at the largest zoom of the shot."""
    width, height = size
    finest = min(zoom_of(matrix) for matrix in matrices)
    scale = 1.0 if finest > 0.995 else 1.0 / finest
    placed = np.diag([scale, scale, 1.0]) @ matrices
    corners = np.array([[0, 0], [width - 1, 0], [0, height - 1], [width - 1, height - 1]], np.float64)
    seen = placed[:, :2, :2] @ corners.T + placed[:, :2, 2:]
    low = np.floor(seen.min(axis=(0, 2)) + 1e-3)
    high = np.ceil(seen.max(axis=(0, 2)) - 1e-3)
    shift = np.eye(3)
    shift[:2, 2] = -low
    canvas = (int(high[0] - low[0]) + 1, int(high[1] - low[1]) + 1)
    support = np.array([pair.score for pair in pairs], np.float32)
    return Camera(shift @ placed, support, tuple(pair.kind for pair in pairs), canvas)
