"""The compositing of a frame, in the 8-bit arithmetic that the truth is defined by; a shot from its scene."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import cv2
import numpy as np
import skia

from animeflow.sample import camera as cam
from animeflow.sample.canvas import Layer, bounds, record, unpremultiply
from animeflow.sample.flash_rule import flash_intervals
from animeflow.sample.noise import grain
from animeflow.sample.plates import look
from animeflow.sample.truth import DrawnShot, TextTruth


@dataclass(frozen=True, kw_only=True)
class Actor:
    """A character in a scene. `draw(canvas, k)` draws its k-th drawing in plate px (`on_frame`: in frame px).

    `timing` int [T]: which drawing each frame shows; two drawings of equal `pose(k)` are the same drawing.
    """

    draw: Callable[[skia.Canvas, int], None]
    timing: np.ndarray
    pose: Callable[[int], Hashable]
    on_frame: bool = False


@dataclass(frozen=True, kw_only=True)
class Light:
    """One frame of an effect: `colour` uint8 [h, w, 3]; `alpha` uint8 [h, w] for effects that cover."""

    colour: np.ndarray
    alpha: np.ndarray | None = None


@dataclass(frozen=True, kw_only=True)
class Scene:
    """All that a kind of shot decides. `effect(t, alpha)` gets the characters' alpha uint8 [h, w] of frame t."""

    plate: np.ndarray
    camera: np.ndarray
    actors: tuple[Actor, ...] = ()
    behind: Callable[[int], np.ndarray] | None = None
    near: tuple[np.ndarray, np.ndarray] | None = None
    effect: Callable[[int, np.ndarray], Light | None] | None = None
    blend: str | None = None
    overlay: Callable[[int], tuple[np.ndarray, tuple[TextTruth, ...]] | None] | None = None
    signs: tuple[TextTruth, ...] = ()


def over(below: np.ndarray, colour: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """`colour` [h, w, 3] with `alpha` [h, w] over `below` [h, w, 3], all uint8, rounded to the nearest level."""
    out = below.copy()
    rows, columns = bounds(alpha)
    a = alpha[rows, columns, None].astype(np.uint16)
    part = a * colour[rows, columns] + (255 - a) * below[rows, columns] + 127
    out[rows, columns] = part // 255
    return out


def add_light(below: np.ndarray, light: np.ndarray, blend: str) -> np.ndarray:
    """`light` added to (`add`) or screened over (`screen`) `below`, all uint8."""
    if blend == "add":
        return cv2.add(below, light)
    dark = (255 - below.astype(np.uint16)) * (255 - light.astype(np.uint16))
    return (255 - (dark + 127) // 255).astype(np.uint8)


def recompose_frame(
    background: np.ndarray,
    character: np.ndarray,
    effect: np.ndarray,
    effect_alpha: np.ndarray,
    blend: str | None,
    overlay: np.ndarray,
) -> np.ndarray:
    """The clean frame of its layers: background, character over it, effect by its blend, text over all."""
    frame = over(background, character[..., :3], character[..., 3])
    if blend == "over":
        frame = over(frame, effect, np.rint(effect_alpha * 255).astype(np.uint8))
    elif blend is not None:
        frame = add_light(frame, effect, blend)
    if overlay[..., 3].any():
        frame = over(frame, overlay[..., :3], overlay[..., 3])
    return frame


def recompose(shot: DrawnShot) -> np.ndarray:
    """The frames of a shot computed again from its layers, grain included: uint8 [T,h,w,3]."""
    frames = [
        recompose_frame(b, c, e, a, shot.effect_blend, o)
        for b, c, e, a, o in zip(
            shot.background, shot.character, shot.effect, shot.effect_alpha, shot.overlay, strict=True
        )
    ]
    return np.stack([add_grain(f, shot.seed, t, shot.grain) for t, f in enumerate(frames)])


def add_grain(frame: np.ndarray, seed: int, t: int, sigma: float) -> np.ndarray:
    if sigma == 0:
        return frame
    noise = grain(seed, t, (frame.shape[1], frame.shape[0]), sigma)
    return np.clip(frame + noise, 0, 255).astype(np.uint8)


def shoot(
    scene: Scene, *, kind: str, seed: int, size: tuple[int, int], fps: Fraction, grain_sigma: float
) -> DrawnShot:
    """Draw every frame of the scene and keep what it was made of."""
    count = len(scene.camera)
    cels = [_cels(actor, scene.camera, size) for actor in scene.actors]
    background = _background(scene, size)
    character, instances = _characters(cels, count, size)
    effect, effect_alpha, effect_mask = _effects(scene, character, size)
    overlay, text_boxes = _texts(scene, count, size)
    frames, drawing = _frames(
        background, character, effect, effect_alpha, scene.blend, overlay, seed, grain_sigma
    )
    area = size[0] * size[1]
    shot = DrawnShot(
        kind=kind, seed=seed, fps=fps, frames=frames, drawing=drawing, cel_drawing=_cel_index(scene.actors, count),
        camera=scene.camera, plate=scene.plate, background=background, character=character, instances=instances,
        effect=effect, effect_alpha=effect_alpha, effect_blend=scene.blend, effect_mask=effect_mask, overlay=overlay,
        text_boxes=text_boxes, flash=flash_intervals(frames, fps), motion=cam.motion(scene.camera, size),
        on_screen=np.asarray([int(np.count_nonzero(c[..., 3])) > 0.002 * area for c in character]), grain=grain_sigma,
    )  # fmt: skip
    for array in (value for value in vars(shot).values() if isinstance(value, np.ndarray)):
        array.flags.writeable = False
    return shot


def _cel_index(actors: Sequence[Actor], count: int) -> np.ndarray:
    if not actors:
        return np.zeros(count, np.int32)
    changed = np.zeros(count, bool)
    for actor in actors:
        poses = [actor.pose(int(k)) for k in actor.timing]
        changed[1:] |= np.asarray([a != b for a, b in itertools.pairwise(poses)], bool)
    return np.cumsum(changed).astype(np.int32)


def _cels(actor: Actor, camera: np.ndarray, size: tuple[int, int]) -> list[np.ndarray]:
    """Premultiplied RGBA per frame; a cel that stays is drawn once."""
    pictures: dict[int, skia.Picture] = {}
    drawn: dict[tuple[int, bytes], np.ndarray] = {}
    out = []
    for t, index in enumerate(actor.timing):
        k = int(index)
        if k not in pictures:
            pictures[k] = record(partial(_draw_cel, actor, k))
        key = (k, b"" if actor.on_frame else camera[t].tobytes())
        if key not in drawn:
            layer = Layer(size)
            if not actor.on_frame:
                m = cam.to_canvas(camera[t])
                layer.canvas.concat(skia.Matrix.MakeAll(*(float(v) for v in m.ravel())))
            layer.canvas.drawPicture(pictures[k])
            drawn[key] = layer.premultiplied()
        out.append(drawn[key])
    return out


def _draw_cel(actor: Actor, k: int, canvas: skia.Canvas) -> None:
    actor.draw(canvas, k)


def _background(scene: Scene, size: tuple[int, int]) -> np.ndarray:
    count = len(scene.camera)
    if scene.behind is None and scene.near is None and (scene.camera == scene.camera[0]).all():
        still = look(scene.plate, scene.camera[0], size)
        return np.broadcast_to(still, (count, *still.shape))
    frames = []
    for t in range(count):
        frame = scene.behind(t) if scene.behind else look(scene.plate, scene.camera[t], size)
        if scene.near is not None:
            plane = unpremultiply(look(scene.near[0], scene.near[1][t], size))
            frame = over(frame, plane[..., :3], plane[..., 3])
        frames.append(frame)
    return np.stack(frames)


def _characters(
    cels: list[list[np.ndarray]], count: int, size: tuple[int, int]
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """All characters together, straight RGBA, and the visible alpha of each; later actors stand in front."""
    shape = (count, size[1], size[0])
    if not cels:
        return np.broadcast_to(np.zeros((1, *shape[1:], 4), np.uint8), (*shape, 4)), ()
    character = np.empty((*shape, 4), np.uint8)
    instances = tuple(np.empty(shape, np.float32) for _ in cels)
    for t in range(count):
        layers = [frames[t] for frames in cels]
        if t and all(frames[t] is frames[t - 1] for frames in cels):
            character[t] = character[t - 1]
            for alpha in instances:
                alpha[t] = alpha[t - 1]
            continue
        free = np.ones(shape[1:], np.float32)
        for alpha, layer in zip(instances[::-1], layers[::-1], strict=True):
            own = layer[..., 3].astype(np.float32) / np.float32(255)
            alpha[t] = own * free
            free = free * (1 - own)
        character[t] = unpremultiply(_stack(layers))
    return character, instances


def _stack(layers: list[np.ndarray]) -> np.ndarray:
    """Premultiplied layers over each other, back to front."""
    out = layers[0]
    for layer in layers[1:]:
        below = out.astype(np.uint16) * (255 - layer[..., 3:].astype(np.uint16))
        out = np.minimum(layer + (below + 127) // 255, 255).astype(np.uint8)
    return out


def _effects(
    scene: Scene, character: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    shape = (len(character), size[1], size[0])
    if scene.effect is None:
        none = np.zeros((1, size[1], size[0]), np.uint8)
        return (
            np.broadcast_to(none[..., None], (*shape, 3)),
            np.broadcast_to(none.astype(np.float32), shape),
            np.broadcast_to(none.astype(bool), shape),
        )
    colour, alpha, mask = np.zeros((*shape, 3), np.uint8), np.zeros(shape, np.float32), np.zeros(shape, bool)
    for t in range(shape[0]):
        light = scene.effect(t, character[t, ..., 3])
        if light is None:
            continue
        colour[t] = light.colour
        if light.alpha is not None:
            alpha[t] = light.alpha.astype(np.float32) / np.float32(255)
            mask[t] = light.alpha >= 13
        else:
            # channel by channel: a maximum along a short last axis takes numpy ten times as long
            mask[t] = np.maximum.reduce([light.colour[..., i] for i in range(3)]) >= 8
    return colour, alpha, mask


def _texts(
    scene: Scene, count: int, size: tuple[int, int]
) -> tuple[np.ndarray, tuple[tuple[TextTruth, ...], ...]]:
    overlay = np.broadcast_to(np.zeros((1, size[1], size[0], 4), np.uint8), (count, size[1], size[0], 4))
    boxes: list[tuple[TextTruth, ...]] = [_seen(scene.signs, m, size) for m in scene.camera]
    if scene.overlay is None:
        return overlay, tuple(boxes)
    drawn = np.zeros((count, size[1], size[0], 4), np.uint8)
    for t in range(count):
        text = scene.overlay(t)
        if text is not None:
            drawn[t] = text[0]
            boxes[t] = (*boxes[t], *text[1])
    return drawn, tuple(boxes)


def _seen(signs: tuple[TextTruth, ...], camera: np.ndarray, size: tuple[int, int]) -> tuple[TextTruth, ...]:
    """Signs painted on the plate, where the camera shows them; a sign out of the picture is left out."""
    out = []
    for sign in signs:
        points = np.c_[sign.polygon, np.ones(4)] @ np.linalg.inv(camera).T
        quad = points[:, :2]
        if (quad.max(axis=0) > 0).all() and (quad.min(axis=0) < np.asarray(size)).all():
            out.append(TextTruth(sign.text, sign.role, quad))
    return tuple(out)


def _frames(
    background: np.ndarray, character: np.ndarray, effect: np.ndarray, effect_alpha: np.ndarray, blend: str | None,
    overlay: np.ndarray, seed: int, sigma: float,
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    frames = np.empty(background.shape, np.uint8)
    drawing = np.zeros(len(background), np.int32)
    previous: np.ndarray | None = None
    for t in range(len(background)):
        clean = recompose_frame(background[t], character[t], effect[t], effect_alpha[t], blend, overlay[t])
        if previous is not None:
            drawing[t] = drawing[t - 1] + int(not np.array_equal(clean, previous))
        previous = clean
        frames[t] = add_grain(clean, seed, t, sigma)
    return frames, drawing
