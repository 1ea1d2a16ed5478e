"""What the kinds of shots share: sizes in units, places, casts, the pattern of held frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import cv2
import numpy as np
import skia

from animeflow.sample import camera as cam
from animeflow.sample.compose import Actor, Scene
from animeflow.sample.face import Expression
from animeflow.sample.figure import draw_figure
from animeflow.sample.plates import paint
from animeflow.sample.pose import HEAD_ABOVE_NECK, NECK, TORSO, Pose, pelvis_height, stand, walk
from animeflow.sample.style import LIGHT_OF_HOUR, Design, Rng, Style, design, rng_of

GROUND = 322.0
MARGIN = 24.0
OUTDOORS = ("field", "city", "street", "sea", "forest")
ANYWHERE = (*OUTDOORS, "room")
# hair loops: neighbours differ clearly, so that every new drawing can be seen to be one
HAIR_LOOPS = ((-0.8, 0.0, 0.8, 0.1), (-0.4, 0.4, 1.0, 0.3, -0.3, -1.0), (0.8, -0.1, -0.9, 0.0))
LIDS = {0: 0.35, 1: 0.0, 2: 0.5}
PoseAt = Callable[[int], Pose]
At = Callable[[int], float] | float


@dataclass(frozen=True)
class Kind:
    """An entry of the table of shots: what it is, its usual length in frames, who builds its scene."""

    description: str
    frames: int
    build: Callable[[Setup], Scene]


@dataclass(frozen=True, kw_only=True)
class Setup:
    """One shot's order: units are px of a frame 360 high, `s` px per unit."""

    kind: str
    seed: int
    size: tuple[int, int]
    frames: int
    fps: Fraction
    style: Style

    @property
    def s(self) -> float:
        return self.size[1] / 360.0

    @property
    def width(self) -> float:
        """Width of the frame in units."""
        return self.size[0] / self.s

    @property
    def step(self) -> float:
        """Units per px of a frame 640 px wide: camera speeds are given in those px."""
        return self.width / 640.0

    @property
    def palette(self) -> int:
        return self.seed if self.style.palette is None else self.style.palette

    @property
    def times(self) -> np.ndarray:
        return np.arange(self.frames, dtype=np.float64)

    def rng(self, what: str) -> Rng:
        return rng_of(self.seed, self.kind, what)

    def pick(self, what: str, *choices: str) -> str:
        return str(self.rng(what).choice(choices))

    def place(self, *places: str) -> tuple[str, str]:
        """A place and an hour, mostly by day."""
        return self.pick("place", *(places or OUTDOORS)), self.pick("hour", "day", "day", "sunset")

    def px(self, units: float) -> int:
        return round(units * self.s)

    def timing(self, *hold: int) -> np.ndarray:
        """Drawing index per frame: each number says how long a drawing stays, over and over."""
        pattern = self.style.hold or hold
        steps: list[int] = []
        k = 0
        while len(steps) < self.frames:
            steps += [k] * pattern[k % len(pattern)]
            k += 1
        return np.asarray(steps[: self.frames], np.int32)

    # --- cast

    def character(self, who: int | None = None, *, hour: str = "day", avoid: Design | None = None) -> Design:
        """One of the production's three leads (None: whoever is on), lit for the hour."""
        index = int(self.rng("cast").integers(3)) if who is None else who
        d = design(self.palette, index, chroma=self.style.chroma, avoid=avoid)
        return d.lit(LIGHT_OF_HOUR[hour]) if hour != "day" else d

    def pair(self, hour: str) -> tuple[Design, Design]:
        first = self.character(hour="day")
        second = self.character(7, avoid=first)
        light = LIGHT_OF_HOUR[hour]
        return first.lit(light), second.lit(light)

    def face(self, *, turn: float = 0.3, **more: float) -> Expression:
        rng = self.rng("look")
        smile, brow = float(rng.uniform(-0.2, 0.8)), float(rng.uniform(-0.3, 0.3))
        return replace(Expression(turn=turn, smile=smile, brow=brow), **more)  # type: ignore[arg-type]

    def standing(self, face: Expression, **arms: tuple[float, float]) -> PoseAt:
        """A body that stands; hair moves in a loop, eyes blink."""
        loop = HAIR_LOOPS[int(self.rng("loop").integers(len(HAIR_LOOPS)))]
        return lambda k: stand(face=blinking(face, k), sway=loop[k % len(loop)], **arms)

    def walking(self, *, cycle: float, energy: float = 1.0, phase: float = 0.0) -> PoseAt:
        """A walk with `cycle` drawings to two steps."""
        face = self.face(turn=0.55)
        return lambda k: walk((k / cycle + phase) % 1.0, face=blinking(face, k, 23), energy=energy)

    def actor(
        self, who: Design, pose: PoseAt, timing: np.ndarray, *, unit: float, x: At,
        head_y: float | None = None, facing: int | None = None, on_frame: bool = False,
    ) -> Actor:  # fmt: skip
        """A character `unit` units of the frame per unit of its body, at x, on the ground or with its head at `head_y`.

        World-bound actors count from the frame of a held camera, so that both read the same.
        """
        offset = 0.0 if on_frame else MARGIN
        way = facing or int(self.rng("facing").choice((-1, 1)))

        def place(k: int) -> float:
            return x(k) if callable(x) else x

        def draw(canvas: skia.Canvas, k: int) -> None:
            p = pose(k)
            foot_y = GROUND
            if head_y is not None:
                legs = pelvis_height(p, tall=who.tall, turn=p.face.turn)
                foot_y = head_y + unit * (TORSO + NECK + HEAD_ABOVE_NECK + legs)
            foot = ((place(k) + offset) * self.s, (foot_y + offset) * self.s)
            draw_figure(canvas, who, p, foot=foot, unit=unit * self.s, facing=way, line=self.line(unit))

        return Actor(draw=draw, timing=timing, pose=lambda k: (pose(k), place(k)), on_frame=on_frame)

    def line(self, unit: float) -> float:
        """Ink in px: a little finer on small figures, as they are drawn."""
        return self.style.line * self.s * float(np.clip(0.55 + unit / 130.0, 0.7, 1.5))

    # --- place and camera

    def plate(
        self,
        place: str,
        hour: str,
        *,
        extra: tuple[float, float] = (0.0, 0.0),
        near: float = 1.0,
        seed: int | None = None,
    ) -> np.ndarray:
        """A plate larger than the frame by `MARGIN` and `extra` units; `near` > 1 shows it closer and softer."""
        size = (self.px(self.width + 2 * MARGIN + extra[0]), self.px(360 + 2 * MARGIN + extra[1]))
        ground = GROUND + MARGIN + extra[1] if near == 1.0 else 268.0
        picture = paint(
            place,
            seed=self.seed if seed is None else seed,
            size=size,
            scale=self.s * near,
            hour=hour,
            ground=ground,
        )
        picture = _chroma(picture, self.style.chroma)
        return (
            picture if near == 1.0 else cv2.GaussianBlur(picture, (0, 0), 1.6 * self.s * (near - 1.0) + 0.3)
        )

    def held(self) -> np.ndarray:
        return cam.held(self.size, self.frames, x=float(self.px(MARGIN)), y=float(self.px(MARGIN)))

    def moved(self, dx: np.ndarray, dy: np.ndarray | float = 0.0) -> np.ndarray:
        """A camera whose first pixel lies `dx`, `dy` [T] units from the held camera's."""
        start = float(self.px(MARGIN))
        return cam.path(self.size, x=start + dx * self.s, y=start + np.broadcast_to(dy, dx.shape) * self.s)

    def zoomed(self, last: float) -> np.ndarray:
        """A zoom from 1 to `last`, even to the eye, about where a standing character has its head and chest."""
        still = np.full(self.frames, float(self.px(MARGIN)))
        return cam.path(
            self.size, x=still, y=still, zoom=np.geomspace(1.0, last, self.frames), focus=(0.5, 0.2)
        )


def blinking(face: Expression, k: int, every: int = 17) -> Expression:
    """The face with the lids that drawing `k` of a blink every `every` drawings has."""
    return replace(face, lid=LIDS.get((k + 5) % every, face.lid))


def _chroma(picture: np.ndarray, chroma: float) -> np.ndarray:
    if chroma == 1.0:
        return picture
    grey = (picture.astype(np.float32) @ np.asarray([0.299, 0.587, 0.114], np.float32))[..., None]
    return np.clip(np.rint(grey + (picture - grey) * np.float32(chroma)), 0, 255).astype(np.uint8)
