"""Which character is which: connected parts, kept apart through contact by the masks of the previous drawing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment

from animeflow.layers.flow import pulled_along
from animeflow.layers.pixels import F32, I32, U8, Mask, components

REFERENCE_AREA = 640 * 360
OVERLAP = 0.2  # of a moved instance: a part that holds this much of it is (also) this instance
SAME_COLOURS = 0.5  # histogram intersection from which a lost instance is recognised
COLOUR_BINS = 6
MAX_INSTANCES = 250


@dataclass
class _Known:
    """Instances seen so far: their last mask, their colours while apart as a histogram that sums to 1, and which of
    them touch.
    """

    masks: dict[int, Mask] = field(default_factory=dict)
    colours: dict[int, np.ndarray] = field(default_factory=dict)
    touching: set[int] = field(default_factory=set)
    next_id: int = 1


def count_parts(mask: Mask, min_px: int) -> int:
    """Connected parts of at least `min_px` at 640x360 (it scales with the picture)."""
    _, _, stats = components(mask)
    return int((stats[1:, 4] >= min_px * mask.size / REFERENCE_AREA).sum())


def label_instances(
    pictures: Callable[[int], U8], alphas: Sequence[F32], *, min_px: int = 400
) -> Iterator[U8]:
    """Instance maps of a clip in drawing order: uint8 [h, w], 0 nobody, ids stay with a character.

    Parts that touch are split by the previous drawing's masks, moved along the flow; a lost character that comes back
    is recognised by its colours. Small parts (a strand of hair) belong to the nearest instance.
    """
    known = _Known()
    for drawing in range(len(alphas)):
        picture, mask = pictures(drawing), alphas[drawing] > 0.5
        moved = _moved(pictures(drawing - 1), picture, known) if drawing else {}
        labels = _labels(mask, picture, moved, known, min_px * mask.size / REFERENCE_AREA)
        known.masks = {int(i): labels == i for i in np.unique(labels) if i}
        for instance, where in known.masks.items():
            if instance not in known.touching:  # a split in contact is a guess: it must not teach the colours
                known.colours[instance] = _colours(picture, where)
        yield labels


def _moved(before: U8, now: U8, known: _Known) -> dict[int, F32]:
    """Masks of the previous drawing where they are now, softened for comparison."""
    if not known.masks:
        return {}
    pull = pulled_along(now, before)
    return {i: cv2.GaussianBlur(pull(m.astype(np.float32)), (0, 0), 5) for i, m in known.masks.items()}


def _labels(mask: Mask, picture: U8, moved: dict[int, F32], known: _Known, min_px: float) -> U8:
    count, parts, stats = components(mask)
    large = [p for p in range(1, count) if stats[p, 4] >= min_px]
    large.sort(key=lambda p: -int(stats[p, 4]))
    labels = np.zeros(mask.shape, np.uint8)
    taken: set[int] = set()
    together: set[int] = set()
    for part in large:
        where = parts == part
        owners = _owners(where, moved, taken)
        if len(owners) > 1:
            labels[where] = _split(where, owners, moved)
            together |= set(owners)
        else:
            owner = owners[0] if owners else _recognised(picture, where, known, set(moved) | taken)
            labels[where] = owner
            owners = [owner]
        taken |= set(owners)
    parted = known.touching - together
    known.touching = (known.touching | together) - parted
    return _with_small(_settled(labels, picture, parted, known), mask)


def _settled(labels: U8, picture: U8, parted: set[int], known: _Known) -> U8:
    """Who is who when instances part: the assignment that fits the colours they had before they met."""
    ids = sorted(i for i in parted if (labels == i).any() and i in known.colours)
    if len(ids) < 2:
        return labels
    now = [_colours(picture, labels == i) for i in ids]
    likeness = [[float(np.minimum(colours, known.colours[i]).sum()) for i in ids] for colours in now]
    out = labels.copy()
    for part, owner in zip(*linear_sum_assignment(likeness, maximize=True), strict=True):
        out[labels == ids[part]] = ids[owner]
    return out


def _owners(where: Mask, moved: dict[int, F32], taken: set[int]) -> list[int]:
    """Instances of the previous drawing that this part holds, largest share first."""
    shares = {
        i: float(soft[where].sum() / max(soft.sum(), 1e-6)) for i, soft in moved.items() if i not in taken
    }
    return sorted((i for i, share in shares.items() if share >= OVERLAP), key=lambda i: -shares[i])


def _split(where: Mask, owners: list[int], moved: dict[int, F32]) -> U8:
    """Each pixel of a part to the owner whose moved mask is strongest there."""
    votes = np.stack([moved[i][where] for i in owners])
    ids = np.array(owners, np.uint8)[votes.argmax(axis=0)]
    silent = votes.max(axis=0) < 0.02
    ids[silent] = owners[0]
    return ids


def _recognised(picture: U8, where: Mask, known: _Known, present: set[int]) -> int:
    """A lost instance of the same colours, or a new id."""
    colours = _colours(picture, where)
    likeness = {i: float(np.minimum(c, colours).sum()) for i, c in known.colours.items() if i not in present}
    best = max(likeness, key=lambda i: likeness[i], default=None)
    if best is not None and likeness[best] >= SAME_COLOURS:
        return best
    new = min(known.next_id, MAX_INSTANCES)
    known.next_id += 1
    return new


def _colours(picture: U8, where: Mask) -> np.ndarray:
    bins = (picture[where].astype(np.int32) * COLOUR_BINS) // 256
    flat = (bins[:, 0] * COLOUR_BINS + bins[:, 1]) * COLOUR_BINS + bins[:, 2]
    histogram = np.bincount(flat, minlength=COLOUR_BINS**3).astype(np.float64)
    return histogram / max(histogram.sum(), 1)


def _with_small(labels: U8, mask: Mask) -> U8:
    """Small parts take the id of the nearest instance."""
    rest = mask & (labels == 0)
    if not rest.any() or not labels.any():
        return labels
    away = (labels == 0).view(np.uint8)
    _, nearest = cv2.distanceTransformWithLabels(away, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    ids = np.zeros(int(nearest.max()) + 1, np.uint8)
    ids[nearest[labels > 0]] = labels[labels > 0]
    out = labels.copy()
    out[rest] = ids[nearest[rest]]
    return out


def boxes_of(labels: U8 | I32) -> list[dict[str, int]]:
    """Per instance: id, x, y, width, height and area in px, by id."""
    found = []
    for instance in np.unique(labels[labels > 0]):
        mask = (labels == instance).view(np.uint8)
        x, y, width, height = cv2.boundingRect(mask)
        box = {"x": x, "y": y, "width": width, "height": height, "area": cv2.countNonZero(mask)}
        found.append({"instance": int(instance), **box})
    return found
