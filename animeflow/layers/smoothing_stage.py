"""The stage `smoothed_layers`: stable alpha, colour solved again, instances settled, recomposition measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, TypeVar

import cv2
import numpy as np

from animeflow.layers.background import HOLE_FROM, Background, Provenance
from animeflow.layers.character import quantised, rgba, solved_colour
from animeflow.layers.clip import Clip
from animeflow.layers.difference import Difference, noise_level
from animeflow.layers.effects import Blend, has_lines
from animeflow.layers.fitness import Why, settled
from animeflow.layers.flow import Flicker, flicker, judged, stabilised
from animeflow.layers.instances import boxes_of, label_instances
from animeflow.layers.pixels import F32, U8
from animeflow.layers.recompose import outside, psnr, recompose, without_effect
from animeflow.layers.store import (
    LayerWriter,
    Row,
    ShownDrawing,
    base_row,
    drawing_rows,
    picture_at,
    spacious,
)
from animeflow.layers.warp import to_frame
from animeflow.settings.layers import LayersSettings
from animeflow.tables.handle import Handle

OUTSIDE_ALPHA = 5  # of 255: below 0.02


@dataclass(frozen=True)
class StoredEffect:
    """An effect as `effect_layers` wrote it."""

    picture: U8
    blend: Blend
    intensity: float


T = TypeVar("T")


@dataclass(frozen=True)
class Read(Sequence[T], Generic[T]):
    """What lies in the files of a clip's drawings, read when it is asked for: a clip may have hundreds."""

    rows: Sequence[Row]
    read: Callable[[Row], T]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, drawing):  # type: ignore[no-untyped-def]
        return self.read(self.rows[drawing])


def stored_characters(handle: Handle, clip: Clip, video_id: str) -> Sequence[U8]:
    """The characters of a clip as `character_layers` wrote them: straight RGBA, one per drawing."""
    rows = drawing_rows(handle, "character_layers", clip, video_id)
    return Read(rows, lambda row: picture_at(handle, row["media_path"]))


def stored_alphas(handle: Handle, clip: Clip, video_id: str) -> Sequence[F32]:
    """Their alphas, float32 [h, w] 0-1."""
    return Alphas.of(stored_characters(handle, clip, video_id))


@dataclass(frozen=True)
class Alphas(Sequence[F32]):
    """Alphas of a clip, float32 [h, w] 0-1, kept as the bytes they were stored in."""

    values: U8  # [drawings, h, w]

    @classmethod
    def of(cls, layers: Sequence[U8]) -> Alphas:
        """The alphas of straight RGBA pictures of one size."""
        height, width = layers[0].shape[:2]
        values = spacious((len(layers), height, width), np.uint8)
        for drawing, layer in enumerate(layers):
            values[drawing] = layer[..., 3]
        return cls(values)

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, drawing):  # type: ignore[no-untyped-def]
        return self.values[drawing].astype(np.float32) / np.float32(255)


def stored_effects(handle: Handle, clip: Clip, video_id: str) -> Sequence[StoredEffect | None]:
    """The effects of a clip as `effect_layers` wrote them, None for a drawing without one."""
    rows = drawing_rows(handle, "effect_layers", clip, video_id)
    return Read(rows, lambda row: _stored_effect(handle, row))


def _stored_effect(handle: Handle, row: Row) -> StoredEffect | None:
    if row["effect_path"] is None:
        return None
    return StoredEffect(picture_at(handle, row["effect_path"]), Blend(row["blend"]), row["intensity"])


@dataclass(frozen=True)
class Smoothed:
    """Alphas of a clip, whether they were smoothed, and flicker before and after (None for one drawing)."""

    alphas: Sequence[F32]
    done: bool
    before: float | None
    after: float | None


def smooth_alphas(clip: Clip, alphas: Sequence[F32], settings: LayersSettings) -> Smoothed:
    """Median of neighbours along the flow, kept only where it makes the clip steadier by another flow's judgement.

    Both are judged in one pass, by the same flow.
    """
    options = settings.smoothing
    if not options.enabled or clip.drawings < 2:
        before = flicker(clip.picture, alphas)
        return Smoothed(alphas, False, before, before)
    found = stabilised(
        clip.picture, alphas, flow_px=options.max_flow_error_px, colour=options.max_colour_error
    )
    width, height = clip.size
    steady = spacious((clip.drawings, height, width), np.float32)
    rough, smooth = Flicker(), Flicker()
    for drawing, alpha in enumerate(found):
        steady[drawing] = alpha
        if drawing:
            seen = judged(clip.picture, drawing)
            rough.add(alphas[drawing - 1], alphas[drawing], seen)
            smooth.add(steady[drawing - 1], steady[drawing], seen)
    before, after = rough.value, smooth.value
    if before is None or before < options.min_excess or after is None or after > before:
        return Smoothed(alphas, False, before, before)
    return Smoothed(list(steady), True, before, after)


def smooth_clip(
    clip: Clip,
    shown: Sequence[ShownDrawing],
    video_id: str,
    shot: int,
    characters: Sequence[U8],
    effects: Sequence[StoredEffect | None],
    background: Background,
    writer: LayerWriter,
    settings: LayersSettings,
) -> tuple[list[Row], Row]:
    """Rows of `smoothed_layers` and the row of `layer_clips`. `characters` are straight RGBA as stored."""
    smoothed = smooth_alphas(clip, Alphas.of(characters), settings)
    labels = label_instances(clip.picture, smoothed.alphas, min_px=settings.character.min_instance_px)
    rows, proofs = [], []
    for drawing, instances in enumerate(labels):
        row, proof = _publish(
            clip, drawing, smoothed.alphas[drawing], effects[drawing], instances, background, writer, settings
        )
        rows.append({**base_row(clip, drawing, video_id, shown), "shot": shot, **row})
        proofs.append(proof)
    return rows, _clip_row(clip, video_id, rows, proofs, smoothed, background)


@dataclass(frozen=True)
class _Proof:
    """What a drawing adds to the measures of its clip."""

    necessity: tuple[int, int]  # pixels of alpha > 0.5 over seen background: that differ from it, all
    quality: float
    lined: bool  # whether its light has lines


def _publish(
    clip: Clip,
    drawing: int,
    alpha: F32,
    effect: StoredEffect | None,
    instances: U8,
    background: Background,
    writer: LayerWriter,
    settings: LayersSettings,
) -> tuple[Row, _Proof]:
    frame, view = clip.picture(drawing), background.behind(drawing, clip.size)
    over = None if effect is None else (outside(effect.picture, alpha), effect.blend)
    below = frame if over is None else without_effect(frame, *over)
    layer = rgba(solved_colour(below, view.picture, alpha), alpha)
    put = recompose(layer, view.picture, *(over or ()))
    name = clip.drawing_ids[drawing]
    row: Row = {
        **writer.webp(f"{name}_char", layer, "character"),
        **writer.webp(f"{name}_bg", np.ascontiguousarray(view.picture), "background"),
        **writer.png(f"{name}_hole", view.hole.astype(np.uint8) * np.uint8(255), "hole"),
        **writer.png(f"{name}_instances", np.ascontiguousarray(instances), "instances"),
        "coverage": float(layer[..., 3].mean() / 255),
        "seen_share": float((view.provenance < HOLE_FROM).mean()),
        "recomposition_psnr": psnr(put, frame),
        "outside_psnr": psnr(put, frame, layer[..., 3] < OUTSIDE_ALPHA),
        "instances": boxes_of(instances),
    }
    if effect is not None and over is not None:
        row |= {
            **writer.webp(f"{name}_effect", over[0], "effect"),
            "blend": effect.blend.value,
            "effect_intensity": effect.intensity,
        }
    solid = (quantised(alpha) > 127) & (view.provenance < HOLE_FROM)
    noise = noise_level(settings.character.tolerance, background.sigma)
    differs = Difference(frame, view.picture, noise, view.slope).unlike & solid
    weights = np.where(
        view.provenance == Provenance.NEIGHBOUR, 0.5, (view.provenance < HOLE_FROM).astype(np.float64)
    )
    lined = over is not None and over[1] is not Blend.OVER and has_lines(over[0])
    return row, _Proof((int(differs.sum()), int(solid.sum())), float(weights.mean()), lined)


def _clip_row(
    clip: Clip,
    video_id: str,
    rows: Sequence[Row],
    proofs: Sequence[_Proof],
    smoothed: Smoothed,
    background: Background,
) -> Row:
    needed, solid = (sum(proof.necessity[i] for proof in proofs) for i in (0, 1))
    outside = [row["outside_psnr"] for row in rows if row["outside_psnr"] is not None]
    seen = {box["instance"] for row in rows for box in row["instances"]}
    worst = min(row["recomposition_psnr"] for row in rows)
    lined = sum(proof.lined for proof in proofs) / len(proofs)
    verdict, why = settled(background.verdict, Why(background.reason), worst, lined)
    return {
        "clip_id": clip.clip_id,
        "video_id": video_id,
        "drawings": clip.drawings,
        "verdict": verdict.value,
        "reason": why.value,
        "smoothed": smoothed.done,
        "flicker_before": smoothed.before,
        "flicker": smoothed.after,
        "seen_share": float(np.mean([row["seen_share"] for row in rows])),
        "quality": float(np.mean([proof.quality for proof in proofs])),
        "recomposition_psnr": float(np.median([row["recomposition_psnr"] for row in rows])),
        "outside_psnr": float(np.median(outside)) if outside else None,
        "necessity": needed / solid if solid else None,
        "steadiness": steadiness(clip, background),
        "instance_count": len(seen),
        "effect_share": sum("blend" in row for row in rows) / len(rows),
    }


def steadiness(clip: Clip, background: Background) -> float | None:
    """Mean temporal standard deviation of neighbouring background layers laid over each other (8-bit levels).

    A frame copied into the layer gives 15-23 on drawn shots, a plate below 1 (reference/layers.md section 8).
    """
    if clip.drawings < 2 or not background.has_plate:
        return None
    spread = []
    views = (background.behind(drawing, clip.size) for drawing in range(clip.drawings))
    for (first, second), (a, b) in zip(pairwise(range(clip.drawings)), pairwise(views), strict=True):
        if a is b:  # nothing moved: no difference to look for
            spread += [0.0] if not a.hole.all() else []
            continue
        across = np.linalg.inv(background.matrices[second]) @ background.matrices[first]
        moved = to_frame(b.picture, across, clip.size).astype(np.float32)
        full = np.full(b.picture.shape[:2], 255, np.uint8)
        inside = (
            cv2.warpAffine(full, across[:2], clip.size, flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP) > 0
        )
        both = inside & ~a.hole
        if both.any():
            spread.append(float(np.abs(a.picture - moved)[both].mean() / 2))
    return float(np.mean(spread)) if spread else None
