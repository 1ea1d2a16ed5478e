"""The background of a clip: a plate seen through the camera, or one picture per drawing where there is no plate."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from animeflow.errors import ContractError
from animeflow.layers.camera import Camera, track_camera
from animeflow.layers.clip import Clip
from animeflow.layers.difference import Difference, noise_level
from animeflow.layers.fallback import drawn_backgrounds
from animeflow.layers.fill import Inpaint, fill_holes, nearest_fill, telea
from animeflow.layers.fitness import UNJUDGED, Fitness, Verdict, Why, decide, judge_drawing
from animeflow.layers.held import held_bodies
from animeflow.layers.opaque import opaque_parts
from animeflow.layers.pixels import F32, F64, I32, U8, Mask, gradient, resized
from animeflow.layers.plate import Plate, build_plate, sample_frames, samples_of
from animeflow.layers.seeds import SeedMaps
from animeflow.layers.warp import to_frame
from animeflow.settings.layers import BackgroundSettings


class Provenance(enum.IntEnum):
    """Where a background pixel comes from: the values of a provenance map."""

    SEEN = 0  # agreed on by frames that show it
    DIMMED = 1  # seen while an effect was off
    NEIGHBOUR = 2  # carried from a neighbouring drawing (clips without a plate)
    FILLED = 3  # painted in: nobody has seen it
    OUTSIDE = 4  # a corner of the canvas that no frame looks at


HOLE_FROM = Provenance.FILLED


@dataclass(frozen=True)
class View:
    """What lies behind one drawing: `picture` uint8 RGB [h, w, 3], `provenance` uint8 [h, w]."""

    picture: U8
    provenance: U8

    @property
    def hole(self) -> Mask:
        """Painted in, never seen."""
        return self.provenance >= HOLE_FROM

    @cached_property
    def slope(self) -> F32:
        """Local gradient of the picture, float32 [h, w] (levels): see `gradient`."""
        return gradient(self.picture)


@dataclass(frozen=True)
class Background:
    """Background of a whole clip.

    pictures    uint8 RGB [H, W, 3]: the plate alone, or one per drawing without a plate
    provenance  uint8 maps of the same sizes, values of Provenance
    index       int32 [D], which of the pictures lies behind a drawing
    matrices    float64 [D, 3, 3], frame px -> picture px
    camera      placement of every frame; None where it could not be placed on one canvas
    fitness     one per drawing
    sigma       codec noise, 8-bit levels
    """

    verdict: Verdict
    reason: Why
    pictures: Sequence[U8]
    provenance: Sequence[U8]
    index: I32
    matrices: F64
    camera: Camera
    fitness: tuple[Fitness, ...]
    sigma: float
    samples: int
    _seen: dict[tuple[int, bytes, tuple[int, int]], View] = field(
        default_factory=dict, repr=False, compare=False
    )  # the last view: behind a held camera it is that of every drawing

    def __post_init__(self) -> None:
        if len(self.index) != len(self.matrices) or len(self.pictures) != len(self.provenance):
            raise ContractError(
                f"background: {len(self.index)} drawings, {len(self.matrices)} matrices, "
                f"{len(self.pictures)} pictures, {len(self.provenance)} provenance maps"
            )

    @property
    def has_plate(self) -> bool:
        return self.verdict is not Verdict.NONE

    @property
    def light(self) -> bool:
        """Whether effects are to be expected over the plate."""
        return self.verdict in (Verdict.EFFECTS, Verdict.SUSPICIOUS)

    def behind(self, drawing: int, size: tuple[int, int]) -> View:
        """What a drawing of `size` (w, h) hides and shows of its background."""
        picture, matrix = int(self.index[drawing]), self.matrices[drawing]
        key = picture, matrix.tobytes(), size
        view = self._seen.get(key)
        if view is None:
            view = View(
                to_frame(self.pictures[picture], matrix, size),
                to_frame(self.provenance[picture], matrix, size, nearest=True),
            )
            self._seen.clear()
            self._seen[key] = view
        return view


def make_background(
    clip: Clip,
    seeds: Sequence[SeedMaps],
    settings: BackgroundSettings | None = None,
    *,
    tolerance: float = 6.0,
    inpaint: Inpaint = telea,
) -> Background:
    """Camera, plate, holes and the decision whether the clip has a plate; without one, a picture per drawing.

    `tolerance` is the base of the noise tolerance (8-bit levels). Memory: `settings.samples` frames and one strip.
    """
    settings = settings or BackgroundSettings()
    camera = track_camera(clip, lambda drawing: seeds[drawing].most)
    if camera.size[0] * camera.size[1] > settings.max_canvas_mpx * 1e6:
        return _without_plate(clip, seeds, camera, Why.CANVAS, (), inpaint)
    samples = samples_of(clip, camera, seeds, sample_frames(clip, camera, settings.samples))
    plate = build_plate(samples, camera.size, low_quantile=settings.low_quantile)
    hole = held_bodies(plate, samples, clip.size) | (plate.revealed == 0)
    matrices = camera.matrices[clip.firsts]
    fitness = tuple(
        judge(
            clip,
            d,
            plate.colour,
            hole,
            matrices[d],
            seeds[d],
            noise_level(tolerance, plate.sigma),
            held=camera.held,
        )
        for d in range(clip.drawings)
    )
    verdict, reason = decide(fitness, settings)
    if verdict is Verdict.NONE:
        return _without_plate(clip, seeds, camera, reason, fitness, inpaint)
    provenance = provenance_of(plate, hole)
    return Background(
        verdict,
        reason,
        (filled(plate, provenance, inpaint),),
        (provenance,),
        np.zeros(clip.drawings, np.int32),
        matrices,
        camera,
        fitness,
        plate.sigma,
        len(samples),
    )


def judge(
    clip: Clip, drawing: int, colour: U8, hole: Mask, matrix: F64, maps: SeedMaps, noise: float, *, held: bool
) -> Fitness:
    """Fitness of a plate for one drawing.

    Under a held camera a large solid part that hides the plate is a figure that the networks missed: somebody who
    walks in does not make the background move. Under a moving one it may as well be a nearer plane.
    """
    behind = to_frame(colour, matrix, clip.size)
    unseen = to_frame(hole.view(np.uint8), matrix, clip.size, nearest=True).view(np.bool_)
    seed = resized(np.maximum(maps.seed, maps.mean), clip.size)
    difference = Difference(clip.picture(drawing), behind, noise)
    apart = opaque_parts(difference, unseen) if held else np.zeros_like(unseen)
    return judge_drawing(difference, np.maximum(seed, apart), unseen)


def provenance_of(plate: Plate, hole: Mask) -> U8:
    """The provenance map of a plate, uint8 [H, W]."""
    found = np.where(plate.dimmed, Provenance.DIMMED, Provenance.SEEN).astype(np.uint8)
    found[hole] = Provenance.FILLED
    found[plate.revealed == 0] = Provenance.OUTSIDE
    return found


def filled(plate: Plate, provenance: U8, inpaint: Inpaint) -> U8:
    """The plate with its holes painted in; canvas corners that no frame sees take the nearest colour."""
    known = nearest_fill(plate.colour, provenance == Provenance.OUTSIDE)
    return fill_holes(known, provenance == Provenance.FILLED, inpaint)


def _without_plate(
    clip: Clip,
    seeds: Sequence[SeedMaps],
    camera: Camera,
    reason: Why,
    fitness: tuple[Fitness, ...],
    inpaint: Inpaint,
) -> Background:
    pictures, sources = drawn_backgrounds(clip, seeds, inpaint)
    unit = np.broadcast_to(np.eye(3), (clip.drawings, 3, 3)).copy()
    names = np.array([Provenance.SEEN, Provenance.NEIGHBOUR, Provenance.FILLED], np.uint8)
    return Background(
        Verdict.NONE,
        reason,
        pictures,
        tuple(names[source] for source in sources),
        np.arange(clip.drawings, dtype=np.int32),
        unit,
        camera,
        fitness or (UNJUDGED,) * clip.drawings,
        0.0,
        0,
    )
