"""A drawn shot in one zip: a JSON of numbers and PNGs of what differs from frame to frame."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from animeflow.errors import ContractError
from animeflow.sample.compose import recompose
from animeflow.sample.plates import look
from animeflow.sample.truth import DrawnShot, TextTruth

_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_layers(path: Path, shot: DrawnShot) -> None:
    """Store all layers of the shot without loss; equal pictures once. The frames are recomposed on reading."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        meta: dict[str, Any] = {
            "kind": shot.kind, "seed": shot.seed, "fps": str(shot.fps), "blend": shot.effect_blend, "grain": shot.grain,
            "size": [shot.frames.shape[2], shot.frames.shape[1]], "drawing": shot.drawing.tolist(),
            "cel_drawing": shot.cel_drawing.tolist(), "camera": shot.camera.tolist(), "motion": shot.motion.tolist(),
            "on_screen": shot.on_screen.astype(int).tolist(), "flash": [list(f) for f in shot.flash],
            "text": [[[b.text, b.role, b.polygon.tolist()] for b in boxes] for boxes in shot.text_boxes],
        }  # fmt: skip
        _put(archive, "plate.png", _png(shot.plate))
        meta["background"] = None if _seen_plate(shot) else _put_all(archive, "background", shot.background)
        for name, frames in _stacks(shot):
            meta[name] = _put_all(archive, name, frames)
        # a character on its own is the whole character layer
        alone = len(shot.instances) == 1
        meta["instances"] = [
            None if alone else _put_all(archive, f"instance{i}", np.rint(alpha * 255).astype(np.uint8))
            for i, alpha in enumerate(shot.instances)
        ]
        _put(archive, "shot.json", json.dumps(meta, ensure_ascii=False).encode())


def read_layers(path: Path) -> DrawnShot:
    """The shot again, every array as it was (instances to the nearest 1/255)."""
    if not path.is_file():
        raise ContractError(f"{path} is not there: the episode was drawn without layers, or moved")
    with zipfile.ZipFile(path) as archive:
        meta = json.loads(archive.read("shot.json"))
        count, size = len(meta["drawing"]), (meta["size"][0], meta["size"][1])
        camera, plate = np.asarray(meta["camera"]), _picture(archive, "plate.png")
        background = (
            np.stack([look(plate, m, size) for m in camera])
            if meta["background"] is None
            else _get_all(archive, "background", meta["background"], (size[1], size[0], 3))
        )
        effect = _get_all(archive, "effect", meta["effect"], (size[1], size[0], 3))
        alpha = _get_all(archive, "effect_alpha", meta["effect_alpha"], (size[1], size[0]))
        mask = alpha >= 13 if meta["blend"] == "over" else effect.max(axis=-1) >= 8
        character = _get_all(archive, "character", meta["character"], (size[1], size[0], 4))
        instances = [
            character[..., 3]
            if index is None
            else _get_all(archive, f"instance{i}", index, (size[1], size[0]))
            for i, index in enumerate(meta["instances"])
        ]
        shot = DrawnShot(
            kind=meta["kind"], seed=meta["seed"], fps=Fraction(meta["fps"]),
            drawing=np.asarray(meta["drawing"], np.int32),
            frames=np.broadcast_to(np.zeros(1, np.uint8), (count, size[1], size[0], 3)),
            cel_drawing=np.asarray(meta["cel_drawing"], np.int32), camera=camera, plate=plate, background=background,
            character=character,
            instances=tuple(a.astype(np.float32) / np.float32(255) for a in instances),
            effect=effect, effect_alpha=alpha.astype(np.float32) / np.float32(255), effect_blend=meta["blend"],
            effect_mask=mask, overlay=_get_all(archive, "overlay", meta["overlay"], (size[1], size[0], 4)),
            motion=np.asarray(meta["motion"]),
            text_boxes=tuple(tuple(TextTruth(t, r, np.asarray(p)) for t, r, p in boxes) for boxes in meta["text"]),
            flash=tuple((a, b) for a, b in meta["flash"]), on_screen=np.asarray(meta["on_screen"], bool),
            grain=meta["grain"],
        )  # fmt: skip
    return replace(shot, frames=recompose(shot))


def _stacks(shot: DrawnShot) -> list[tuple[str, np.ndarray]]:
    covers = shot.effect_blend == "over"
    alpha = np.rint(shot.effect_alpha * 255).astype(np.uint8) if covers else shot.effect_mask[:0]
    return [
        ("character", shot.character),
        ("effect", shot.effect),
        ("effect_alpha", alpha),
        ("overlay", shot.overlay),
    ]  # fmt: skip


def _seen_plate(shot: DrawnShot) -> bool:
    """The background is nothing but the plate through the camera."""
    size = (shot.frames.shape[2], shot.frames.shape[1])
    last: tuple[bytes, np.ndarray] | None = None
    for camera, background in zip(shot.camera, shot.background, strict=True):
        if last is None or last[0] != camera.tobytes():
            last = (camera.tobytes(), look(shot.plate, camera, size))
        if not np.array_equal(last[1], background):
            return False
    return True


def _put_all(archive: zipfile.ZipFile, name: str, frames: np.ndarray) -> list[int]:
    """Write the pictures that differ; the number of the picture per frame, -1 where all is zero."""
    known: dict[bytes, int] = {}
    index = []
    for frame in frames:
        if not frame.max():  # in a thirtieth of the time of any()
            index.append(-1)
            continue
        digest = hashlib.blake2b(np.ascontiguousarray(frame).data, digest_size=16).digest()
        if digest not in known:
            known[digest] = len(known)
            _put(archive, f"{name}/{known[digest]:04d}.png", _png(frame))
        index.append(known[digest])
    return index


def _get_all(archive: zipfile.ZipFile, name: str, index: list[int], shape: tuple[int, ...]) -> np.ndarray:
    count = len(index)
    if not index or max(index) < 0:
        return np.broadcast_to(np.zeros((), np.uint8), (_length(archive, count), *shape))
    out = np.zeros((count, *shape), np.uint8)
    cache: tuple[int, np.ndarray] | None = None
    for t, k in enumerate(index):
        if k >= 0:
            if cache is None or cache[0] != k:
                cache = (k, _picture(archive, f"{name}/{k:04d}.png"))
            out[t] = cache[1]
    return out


def _length(archive: zipfile.ZipFile, count: int) -> int:
    return count or len(json.loads(archive.read("shot.json"))["drawing"])


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)


def _png(picture: np.ndarray) -> bytes:
    order = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}
    bgr = picture if picture.ndim == 2 else cv2.cvtColor(picture, order[picture.shape[2]])
    fine, data = cv2.imencode(".png", bgr, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    if not fine:
        raise ContractError(f"a picture of shape {picture.shape} could not be written as PNG")
    return data.tobytes()


def _picture(archive: zipfile.ZipFile, name: str) -> np.ndarray:
    bgr = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), cv2.IMREAD_UNCHANGED)
    if bgr is None:
        raise ContractError(f"{archive.filename}: {name} is not a picture")
    order = {3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGBA}
    return bgr if bgr.ndim == 2 else cv2.cvtColor(bgr, order[bgr.shape[2]])
