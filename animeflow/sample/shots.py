"""The table of shot kinds and `draw_shot`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import cv2
import numpy as np
import skia

from animeflow.errors import SettingsError
from animeflow.sample import camera as cam
from animeflow.sample import effects as fx
from animeflow.sample import lettering
from animeflow.sample.canvas import Layer, fill
from animeflow.sample.compose import Scene, shoot
from animeflow.sample.face import Expression
from animeflow.sample.plates import look
from animeflow.sample.pose import Pose, stand, walk, wave_arm
from animeflow.sample.scenery import bush, rect
from animeflow.sample.setup import GROUND, MARGIN, Setup
from animeflow.sample.style import Design, Style, rng_of
from animeflow.sample.truth import DrawnShot, TextTruth

FPS = Fraction(24000, 1001)
OUTDOORS = ("field", "city", "street", "sea")


@dataclass(frozen=True)
class Kind:
    description: str
    frames: int
    build: Callable[[Setup], Scene]


def draw_shot(
    kind: str,
    *,
    seed: int,
    size: tuple[int, int] = (640, 360),
    frames: int | None = None,
    fps: Fraction = FPS,
    style: Style | None = None,
) -> DrawnShot:
    """Draw one shot of `kind` (a key of `SHOT_KINDS`); the same arguments give the same pixels.

    Raises SettingsError for an unknown kind, an odd or tiny size, or a length below one frame.
    """
    if kind not in KINDS:
        raise SettingsError(f"shot kind {kind!r} is unknown; there are {', '.join(sorted(KINDS))}")
    if min(size) < 32 or size[0] % 2 or size[1] % 2:
        raise SettingsError(f"size {size} must be even and at least 32 px a side")
    count = KINDS[kind].frames if frames is None else frames
    if count < 1:
        raise SettingsError(f"a shot of {count} frames: at least one is needed")
    style = style or Style()
    setup = Setup(kind=kind, seed=seed, size=size, frames=count, fps=fps, style=style)
    scene = KINDS[kind].build(setup)
    return shoot(scene, kind=kind, seed=seed, size=size, fps=fps, grain_sigma=style.grain)


def _look(setup: Setup, *, turn: float = 0.3, **more: float) -> Expression:
    rng = setup.rng("look")
    return Expression(
        turn=turn, smile=float(rng.uniform(-0.2, 0.8)), brow=float(rng.uniform(-0.3, 0.3)), **more
    )  # type: ignore[arg-type]


def _blinking(look_: Expression, k: int, every: int = 17) -> Expression:
    lid = {0: 0.35, 1: 0.0, 2: 0.5}.get((k + 5) % every, 1.0)
    return replace(look_, lid=lid)


def _place(setup: Setup, *places: str) -> tuple[str, str]:
    return setup.pick("place", *(places or OUTDOORS)), setup.pick("hour", "day", "day", "sunset")


def _still(setup: Setup) -> Scene:
    place, hour = _place(setup, *OUTDOORS, "room")
    who, face = setup.character(hour=hour), _look(setup)
    x = setup.width * float(setup.rng("x").uniform(0.3, 0.7))
    actor = setup.actor(who, lambda k: stand(face=face), np.zeros(setup.frames, np.int32), unit=44, x=x)
    return Scene(plate=setup.plate(place, hour), camera=setup.held(), actors=(actor,))


def _held_limb(setup: Setup) -> Scene:
    place, hour = _place(setup, "room", "street", "city")
    who, face = setup.character(hour=hour), _look(setup)

    def pose(k: int) -> Pose:
        return wave_arm(k / 8, face=_blinking(face, k))

    actor = setup.actor(who, pose, setup.timing(3), unit=78, x=setup.width * 0.52, head_y=128)
    return Scene(plate=setup.plate(place, hour, near=1.25), camera=setup.held(), actors=(actor,))


def _walk_pose(setup: Setup, *, cycle: float, energy: float = 1.0) -> Callable[[int], Pose]:
    face = _look(setup, turn=0.55)
    return lambda k: walk(k / cycle, face=_blinking(face, k, 23), energy=energy)


def _pan(setup: Setup, speed: float = 7.6) -> Scene:
    place, hour = _place(setup)
    way = -1 if setup.rng("way").random() < 0.5 else 1
    span = speed * setup.width / 640.0 * (setup.frames - 1)
    plate = setup.plate(place, hour, extra=(span, 0.0))
    u = np.arange(setup.frames) * speed * setup.width / 640.0 * setup.s
    x = setup.px(MARGIN) + (u if way > 0 else span * setup.s - u)
    camera = cam.path(setup.size, x=x, y=np.full(setup.frames, setup.px(MARGIN)))
    pose = _walk_pose(setup, cycle=15)
    actor = setup.actor(
        setup.character(hour=hour),
        pose,
        setup.timing(2),
        unit=44,
        x=setup.width * (0.5 - 0.06 * way),
        facing=way,
        on_frame=True,
    )
    return Scene(plate=plate, camera=camera, actors=(actor,))


def _longpan(setup: Setup) -> Scene:
    place, hour = _place(setup)
    out = np.minimum(np.arange(setup.frames), setup.frames - 1 - np.arange(setup.frames))
    step = 15.0 * setup.width / 640.0
    span = step * float(out.max())
    plate = setup.plate(place, hour, extra=(span, 0.0))
    camera = cam.path(
        setup.size, x=setup.px(MARGIN) + out * step * setup.s, y=np.full(setup.frames, setup.px(MARGIN))
    )
    face = _look(setup, turn=0.2)
    first = setup.character(hour=hour)
    actors = (
        setup.actor(
            first,
            lambda k: stand(face=_blinking(face, k), sway=0.5 * np.sin(k * 0.6)),
            setup.timing(3),
            unit=44,
            x=span * 0.35 + 220,
        ),
        setup.actor(
            setup.character(1, hour=hour, avoid=first),
            lambda k: stand(face=face, sway=0.5 * np.sin(k * 0.5)),
            setup.timing(3),
            unit=44,
            x=span * 0.8 + 420,
            facing=-1,
        ),
    )
    return Scene(plate=plate, camera=camera, actors=actors)


def _slow_camera(setup: Setup, extra: float) -> np.ndarray:
    x = setup.px(MARGIN) + np.arange(setup.frames) * 0.44 * setup.s * setup.width / 640.0
    return cam.path(setup.size, x=x, y=np.full(setup.frames, setup.px(MARGIN)))


def _slowpan(setup: Setup) -> Scene:
    place, hour = _place(setup, *OUTDOORS, "room")
    face = _look(setup)
    actor = setup.actor(
        setup.character(hour=hour), lambda k: stand(face=_blinking(face, k), sway=0.6 * np.sin(k * 0.55)), setup.timing(2),
        unit=70, x=setup.width * 0.45, head_y=130,
    )  # fmt: skip
    plate = setup.plate(place, hour, extra=(0.44 * setup.frames + 8, 0))
    return Scene(plate=plate, camera=_slow_camera(setup, 0.44), actors=(actor,))


def _zoom_camera(setup: Setup) -> np.ndarray:
    zoom = np.geomspace(1.0, 1.35, setup.frames)
    still = np.full(setup.frames, float(setup.px(MARGIN)))
    return cam.path(setup.size, x=still, y=still, zoom=zoom)


def _zoom(setup: Setup) -> Scene:
    place, hour = _place(setup, *OUTDOORS, "room")
    face = _look(setup)
    actor = setup.actor(
        setup.character(hour=hour),
        lambda k: stand(face=_blinking(face, k), sway=0.5 * np.sin(k * 0.6)),
        setup.timing(3),
        unit=46,
        x=setup.width * 0.5,
    )
    return Scene(plate=setup.plate(place, hour), camera=_zoom_camera(setup), actors=(actor,))


def _aura(setup: Setup) -> Scene:
    place, hour = setup.pick("place", *OUTDOORS), setup.pick("hour", "sunset", "night")
    face = replace(_look(setup, turn=0.25), brow=-0.8, smile=-0.3)
    who = setup.character(hour=hour)
    timing = setup.timing(2)
    actor = setup.actor(
        who,
        lambda k: stand(face=face, sway=0.9 * np.sin(k * 0.9), near_arm=(-22, -16), far_arm=(22, 30)),
        timing,
        unit=46,
        x=setup.width * 0.5,
    )
    colour = ((120, 190, 255), (255, 190, 90), (150, 255, 170))[int(setup.rng("aura").integers(3))]
    return Scene(
        plate=setup.plate(place, hour), camera=_zoom_camera(setup), actors=(actor,), blend="add",
        effect=lambda t, alpha: fx.aura(alpha, k=int(timing[t]), seed=setup.seed, colour=colour),
    )  # fmt: skip


def _shake(setup: Setup) -> Scene:
    place = setup.pick("place", "city", "sea", "street")
    rng = setup.rng("shake")
    dx, dy = rng.uniform(-10, 10, setup.frames), rng.uniform(-10, 10, setup.frames)
    m = setup.px(MARGIN)
    camera = cam.path(setup.size, x=m + np.rint(dx * setup.s * 4) / 4, y=m + np.rint(dy * setup.s * 4) / 4)
    face = replace(_look(setup, turn=0.4), mouth=0.5, brow=-0.7)
    timing = setup.timing(2)
    actor = setup.actor(
        setup.character(hour="night"), lambda k: stand(face=face, sway=0.8 * np.sin(k), near_arm=(-40 + 4 * np.sin(k), 70), far_arm=(60 + 5 * np.sin(k), 40)),
        timing, unit=46, x=setup.width * 0.40,
    )  # fmt: skip
    start, end = round(setup.frames * 0.2), round(setup.frames * 0.8)

    def effect(t: int, alpha: np.ndarray) -> fx.Light | None:
        if not start <= t < end:
            return None
        return fx.beam(
            setup.size, k=int(timing[t]), seed=setup.seed, colour=(255, 226, 160), source=(setup.size[0] * 0.98, setup.size[1] * 0.10),
            target=(setup.size[0] * 0.22, setup.size[1] * 0.86),
        )  # fmt: skip

    return Scene(
        plate=setup.plate(place, "night"), camera=camera, actors=(actor,), effect=effect, blend="add"
    )


def _cross(setup: Setup) -> Scene:
    place, hour = _place(setup)
    first = setup.character(hour=hour)
    second = setup.character(1, hour=hour, avoid=first)
    hold = setup.timing(2)
    steps = int(hold[-1]) + 1
    stride = (setup.width + 60) / max(setup.frames, 40) * 2 * 0.8

    def at(start: float, way: int) -> Callable[[int], float]:
        return lambda k: start + way * stride * (k - steps / 2)

    pose = _walk_pose(setup, cycle=13)
    other = _walk_pose(setup, cycle=15)
    middle = setup.width / 2
    actors = (
        setup.actor(first, pose, hold, unit=43, x=at(middle, 1), facing=1),
        setup.actor(second, lambda k: other(k + 4), hold, unit=46, x=at(middle + 8, -1), facing=-1),
    )
    return Scene(plate=setup.plate(place, hour), camera=setup.held(), actors=actors)


def _smoke(setup: Setup) -> Scene:
    base = _slowpan(setup)
    timing = setup.timing(2)
    grey = int(setup.rng("smoke").integers(150, 225))
    smoke = fx.Smoke(setup.size, seed=setup.seed, colour=(grey, grey, min(grey + 8, 255)))
    return replace(base, effect=lambda t, alpha: smoke.frame(int(timing[t])), blend="over")


def _sparkles(setup: Setup) -> Scene:
    place, hour = setup.pick("place", *OUTDOORS, "room"), setup.pick("hour", "sunset", "night", "day")
    face = replace(_look(setup), smile=0.8)
    timing = setup.timing(2)
    actor = setup.actor(
        setup.character(hour=hour),
        lambda k: stand(face=_blinking(face, k), sway=0.4 * np.sin(k * 0.5)),
        setup.timing(3),
        unit=64,
        x=setup.width * 0.5,
        head_y=140,
    )
    colour = ((255, 230, 150), (180, 220, 255), (255, 180, 220))[int(setup.rng("colour").integers(3))]
    return Scene(
        plate=setup.plate(place, hour), camera=setup.held(), actors=(actor,), blend="add",
        effect=lambda t, alpha: fx.sparkles(setup.size, k=int(timing[t]), seed=setup.seed, colour=colour),
    )  # fmt: skip


def _glow(setup: Setup) -> Scene:
    face = _look(setup)
    timing = setup.timing(3)
    actor = setup.actor(
        setup.character(),
        lambda k: stand(face=_blinking(face, k), sway=0.4 * np.sin(k * 0.5)),
        timing,
        unit=64,
        x=setup.width * 0.55,
        head_y=140,
    )
    return Scene(
        plate=setup.plate(setup.pick("place", "room", "field"), "sunset"), camera=setup.held(), actors=(actor,), blend="screen",
        effect=lambda t, alpha: fx.sun_shaft(setup.size, k=int(timing[t]), colour=(255, 222, 170), lean=150),
    )  # fmt: skip


def _flat(setup: Setup) -> Scene:
    who = replace(setup.character(), outfit="shirt", light=(246, 246, 248))
    hold = setup.timing(2)
    steps = int(hold[-1]) + 1
    stride = setup.width * 0.75 / steps
    actor = setup.actor(
        who, _walk_pose(setup, cycle=15), hold, unit=46, x=lambda k: setup.width * 0.12 + stride * k
    )
    return Scene(plate=setup.plate("wall", "day"), camera=setup.held(), actors=(actor,))


def _parallax(setup: Setup) -> Scene:
    place, hour = _place(setup, "city", "sea", "field")
    slow, fast = 2.5 * setup.width / 640, 7.0 * setup.width / 640
    t = np.arange(setup.frames)
    m = setup.px(MARGIN)
    far = cam.path(setup.size, x=m + t * slow * setup.s, y=np.full(setup.frames, m))
    near = cam.path(setup.size, x=t * fast * setup.s, y=np.zeros(setup.frames))
    plane = _near_plane(setup, setup.width + fast * setup.frames)
    actor = setup.actor(
        setup.character(hour=hour),
        _walk_pose(setup, cycle=15),
        setup.timing(2),
        unit=44,
        x=setup.width * 0.45,
        on_frame=True,
    )
    plate = setup.plate(place, hour, extra=(slow * setup.frames, 0))
    return Scene(plate=plate, camera=far, near=(plane, near), actors=(actor,))


def _near_plane(setup: Setup, width: float) -> np.ndarray:
    """Hedges, posts and grass close to the camera: premultiplied RGBA."""
    layer = Layer((setup.px(width), setup.size[1]))
    layer.canvas.scale(setup.s, setup.s)
    rng = setup.rng("near")
    x = 0.0
    while x < width + 80:
        bush(layer.canvas, rng, (x, GROUND - 6), rng.uniform(120, 220), (70, 116, 66))
        if rng.random() < 0.4:
            layer.canvas.drawRect(rect(x + 90, 60, 14, GROUND - 60), fill((96, 84, 84)))
            layer.canvas.drawRect(rect(x + 90, 60, 4, GROUND - 60), fill((126, 112, 108)))
        x += rng.uniform(150, 300)
    layer.canvas.drawRect(rect(0, GROUND - 14, width + 20, 60), fill((120, 128, 84)))
    layer.canvas.drawRect(rect(0, GROUND - 14, width + 20, 5), fill((150, 160, 104)))
    return layer.premultiplied()


def _water(setup: Setup) -> Scene:
    hour = setup.pick("hour", "day", "sunset")
    plate = setup.plate("sea", hour)
    camera = setup.held()
    still = look(plate, camera[0], setup.size)
    timing = setup.timing(2)
    s, h, w = setup.s, setup.size[1], setup.size[0]
    ys, xs = np.mgrid[0:h, 0:w].astype(np.float32)
    top, bottom = (GROUND - 108) * s, (GROUND - 20) * s
    depth = np.clip((ys - top) / (bottom - top), 0, 1) * (ys < bottom)
    cache: dict[int, np.ndarray] = {}

    def behind(t: int) -> np.ndarray:
        k = int(timing[t])
        if k not in cache:
            cache.clear()
            a = k * 0.55
            dx = (
                depth
                * s
                * (5.5 * np.sin(ys / (7 * s) + 1.3 * a) + 3.5 * np.sin(xs / (31 * s) + ys / (13 * s) - a))
            )
            dy = depth * s * (2.4 * np.sin(xs / (23 * s) + a) + 1.6 * np.sin(xs / (11 * s) - 1.7 * a))
            cache[k] = cv2.remap(
                still,
                xs + dx.astype(np.float32),
                ys + dy.astype(np.float32),
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REPLICATE,
            )
        return cache[k]

    face = _look(setup)
    actor = setup.actor(
        setup.character(hour=hour),
        lambda k: stand(face=_blinking(face, k), sway=0.5 * np.sin(k * 0.6)),
        timing,
        unit=46,
        x=setup.width * 0.4,
    )
    return Scene(plate=still if False else plate, camera=camera, behind=behind, actors=(actor,))


def _fast(setup: Setup) -> Scene:
    place, hour = _place(setup, "street", "city", "field")
    speed = 34.0 * setup.width / 640
    span = speed * setup.frames
    x = setup.px(MARGIN) + np.arange(setup.frames) * speed * setup.s
    camera = cam.path(setup.size, x=x, y=np.full(setup.frames, setup.px(MARGIN)))
    drift = setup.width * 0.25 / setup.frames
    actor = setup.actor(
        setup.character(hour=hour), _walk_pose(setup, cycle=11, energy=1.9), setup.timing(1), unit=46,
        x=lambda k: setup.width * 0.35 + drift * k, on_frame=True,
    )  # fmt: skip
    return Scene(plate=setup.plate(place, hour, extra=(span, 0)), camera=camera, actors=(actor,))


def _close_up(setup: Setup, place: str, hour: str, *, moving: bool, who: Design | None = None) -> Scene:
    face = _look(setup, turn=0.3)
    rng = rng_of(setup.seed, "lips")
    shapes = [0.0, *rng.choice([0.0, 0.35, 0.7, 1.0], 64)]

    def pose(k: int) -> Pose:
        mouth = float(shapes[k % len(shapes)]) if moving else 0.0
        return stand(face=replace(face, mouth=mouth))

    timing = setup.timing(2, 2, 3)
    actor = setup.actor(
        who or setup.character(hour=hour), pose, timing, unit=150, x=setup.width * 0.5, head_y=185
    )
    return Scene(plate=setup.plate(place, hour, near=1.6), camera=setup.held(), actors=(actor,))


def _lipflap(setup: Setup) -> Scene:
    place, hour = _place(setup, *OUTDOORS, "room")
    return _close_up(setup, place, hour, moving=True)


def _same_place(setup: Setup, *, second: bool) -> Scene:
    """Both shots of the pair: same place, hour and palette; another stand of the camera and another character."""
    both = replace(setup, kind="same_place")
    place, hour = _place(both)
    plate = setup.plate(place, hour, extra=(170, 0))
    x = setup.px(MARGIN + (170 if second else 0))
    camera = cam.held(setup.size, setup.frames, x=float(x), y=float(setup.px(MARGIN)))
    face = _look(setup)
    first = setup.character(hour=hour)
    who = setup.character(1, hour=hour, avoid=first) if second else first
    actor = setup.actor(
        who, lambda k: stand(face=_blinking(face, k), sway=0.5 * np.sin(k * 0.6)), setup.timing(3), unit=56,
        x=setup.width * (0.72 if second else 0.3) + (170 if second else 0), head_y=120, facing=-1 if second else 1,
    )  # fmt: skip
    return Scene(plate=plate, camera=camera, actors=(actor,))


def _strobe(setup: Setup) -> Scene:
    place = setup.pick("place", "city", "street")
    face = replace(_look(setup), mouth=0.7, brow=-0.6)
    actor = setup.actor(
        setup.character(hour="night"),
        lambda k: stand(face=face, sway=0.8 * np.sin(k), near_arm=(-30, 60), far_arm=(36, 50)),
        setup.timing(2),
        unit=56,
        x=setup.width * 0.5,
        head_y=130,
    )
    half = int(setup.rng("rate").integers(1, 3))
    colour = ((255, 255, 255), (255, 236, 200))[int(setup.rng("colour").integers(2))]

    def effect(t: int, alpha: np.ndarray) -> fx.Light | None:
        on = (t // half) % 2 == 1 and t >= 4
        return fx.flash(setup.size, colour=colour, power=0.78) if on else None

    return Scene(
        plate=setup.plate(place, "night"), camera=setup.held(), actors=(actor,), effect=effect, blend="add"
    )


def _subtitles(setup: Setup) -> Scene:
    place, hour = _place(setup, *OUTDOORS, "room")
    base = _close_up(setup, place, hour, moving=True)
    rng = setup.rng("lines")
    first, second = rng.permutation(len(lettering.SUBTITLES))[:2]
    half = setup.frames // 2
    drawn = [lettering.subtitle(lettering.SUBTITLES[int(i)], setup.size) for i in (first, second)]
    return replace(base, overlay=lambda t: drawn[0] if t < half or setup.frames < 24 else drawn[1])


def _sign(setup: Setup) -> Scene:
    hour = setup.pick("hour", "day", "sunset")
    plate = setup.plate("city", hour)
    words = lettering.SIGNS[int(setup.rng("sign").integers(len(lettering.SIGNS)))]
    layer = Layer((plate.shape[1], plate.shape[0]))
    layer.canvas.scale(setup.s, setup.s)
    x, y = MARGIN + setup.width * 0.70, MARGIN + 96.0
    layer.canvas.drawRoundRect(rect(x - 98, y - 24, 196, 48), 5, 5, fill((60, 70, 84)))
    layer.canvas.drawRoundRect(rect(x - 93, y - 19, 186, 38), 4, 4, fill((240, 232, 208)))
    box = lettering.write_line(
        layer.canvas, words, centre=(x, y), height=22, colour=(150, 50, 50), edge=None, bold=0.05
    )
    board = layer.straight()
    painted = (board[..., 3:].astype(np.float32) / 255.0) * board[..., :3] + (
        1 - board[..., 3:].astype(np.float32) / 255.0
    ) * plate
    face = _look(setup)
    actor = setup.actor(
        setup.character(hour=hour),
        lambda k: stand(face=_blinking(face, k), sway=0.4 * np.sin(k * 0.6)),
        setup.timing(3),
        unit=46,
        x=setup.width * 0.28,
    )
    return Scene(
        plate=np.rint(painted).astype(np.uint8),
        camera=setup.held(),
        actors=(actor,),
        signs=(TextTruth(words, "sign", box * setup.s - 0.5),),
    )


def _credits(setup: Setup) -> Scene:
    rng = setup.rng("credits")
    size = (setup.px(setup.width + 2 * MARGIN), setup.px(360 + 2 * MARGIN))
    plate = np.full((size[1], size[0], 3), 14, np.uint8)
    if rng.random() < 0.5:
        painted = setup.plate(setup.pick("place", *OUTDOORS), "night")
        plate = (cv2.GaussianBlur(painted, (0, 0), 6 * setup.s) * 0.45).astype(np.uint8)
    roles, names = rng.permutation(len(lettering.ROLES))[:6], rng.permutation(len(lettering.NAMES))[:6]
    rows = tuple(
        (lettering.ROLES[int(r)], lettering.NAMES[int(n)]) for r, n in zip(roles, names, strict=True)
    )
    card = lettering.credits_card(rows, setup.size)
    return Scene(plate=plate, camera=setup.held(), overlay=lambda t: card)


def _landscape(setup: Setup) -> Scene:
    place, hour = setup.pick("place", *OUTDOORS), setup.pick("hour", "day", "sunset", "night")
    return Scene(plate=setup.plate(place, hour), camera=setup.held())


KINDS: dict[str, Kind] = {
    "still": Kind("one drawing for the whole shot", 36, _still),
    "held_limb": Kind("a held body; only the arm and the hair move, on threes", 60, _held_limb),
    "pan": Kind("a walker on twos, the camera along with it at 7.6 px a frame", 60, _pan),
    "longpan": Kind("the camera out and back at 15 px a frame past two held characters", 96, _longpan),
    "slowpan": Kind("0.44 px a frame over a character on twos", 60, _slowpan),
    "zoom": Kind("zoom from 1 to 1.35", 48, _zoom),
    "aura": Kind("the same zoom with an additive aura that hugs the character", 48, _aura),
    "shake": Kind("night, random shake of 10 px, an additive beam on three fifths of the frames", 60, _shake),
    "cross": Kind("held camera, two walkers cross", 60, _cross),
    "smoke": Kind("a slow pan behind see-through smoke", 60, _smoke),
    "sparkles": Kind("additive sparkles over a held camera", 48, _sparkles),
    "glow": Kind("screened shafts of sunlight", 48, _glow),
    "flat": Kind("a plain wall behind a walker in equally white clothes", 60, _flat),
    "parallax": Kind("two planes of background at 2.5 and 7 px a frame", 60, _parallax),
    "water": Kind("a background that is not rigid", 60, _water),
    "fast": Kind("a runner on ones, the background at 34 px a frame", 36, _fast),
    "lipflap": Kind("close-up, only the mouth moves", 48, _lipflap),
    "same_place_a": Kind(
        "first of two shots of one place and palette", 36, lambda s: _same_place(s, second=False)
    ),
    "same_place_b": Kind(
        "second of two shots of one place and palette", 36, lambda s: _same_place(s, second=True)
    ),
    "strobe": Kind("a night scene under a strobe that breaks the flash limits", 36, _strobe),
    "subtitles": Kind("a talking close-up with burned-in subtitles", 48, _subtitles),
    "sign": Kind("a shop sign in the scenery", 48, _sign),
    "credits": Kind("a card of credits", 36, _credits),
    "landscape": Kind("a place without a character, held", 36, _landscape),
}

SHOT_KINDS: dict[str, str] = {name: kind.description for name, kind in KINDS.items()}
