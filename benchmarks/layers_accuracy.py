"""Layers of drawn shots against their truth, beside baselines, from the layers as published.

Every shot is drawn, encoded by x264 (crf 23, 4:2:0), separated by the stages' own functions through files, and judged
from the pictures that `smoothed_layers` wrote, reopened from disk. Truth goes through the same 4:2:0 round trip.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from animeflow.layers.flow import Flicker
from animeflow.layers.flow import judged as flow_seen
from animeflow.layers.pixels import repeatable
from animeflow.layers.recompose import psnr
from animeflow.layers.seeds import asked_drawings, grabcut_seed
from animeflow.layers.smoothing_stage import stored_alphas
from animeflow.sample import DrawnShot, draw_shot, round_trip_420
from benchmarks.bounds import Bound
from benchmarks.drawn_layers import Published, Row, separate_drawn

KINDS = (
    "pan", "cross", "flat", "zoom", "shake", "held_limb", "slowpan", "longpan", "sparkles", "smoke", "aura",
    "parallax", "water",
)  # fmt: skip
QUICK_KINDS = ("pan", "cross", "flat", "shake", "water")
RIGID = ("pan", "cross", "flat", "zoom", "held_limb", "slowpan", "longpan")
CLEAR = ("pan", "cross", "flat")
WITHOUT_EFFECT = (*RIGID,)
FRAMES = {"shake": 40}  # a light that comes and goes needs time for both
FRAMES |= dict.fromkeys(RIGID, 32)
FRAMES_ELSE = 24  # of kinds that no bound on layers asks for: ten seeds must fit into half an hour
MARGIN = 7  # coverage is grown by 3 px before a pixel counts as revealed: ringing and chroma bleed
BASELINE_DRAWINGS = 3
NETS = ("u2netp", "modnet")

BOUNDS: list[Bound] = [
    Bound("registration, median px", "ours", (*RIGID, "shake"), least=False, limit=0.25, over="worst"),
    Bound("registration, worst px", "ours", (*RIGID, "shake"), least=False, limit=1.0, over="worst"),
    Bound("unexplained", "ours", RIGID, least=False, limit=0.05, over="worst"),
    Bound("unexplained", "ours", ("parallax", "water"), least=True, limit=0.2),
    Bound("plate revealed, dB", "ours", ("pan", "cross"), least=True, limit=35.0),
    Bound("plate behind effects, dB", "ours", ("shake",), least=True, limit=28.0),
    Bound("character IoU", "ours", CLEAR, least=True, limit=0.85),
    Bound("character MAD", "ours", CLEAR, least=False, limit=0.02),
    Bound("band error", "ours", CLEAR, least=False, limit=0.15),
    Bound("character IoU", "ours", CLEAR, least=True, limit=0.02, not_below=NETS),
    Bound("effect IoU", "ours", ("shake",), least=True, limit=0.75),
    Bound("false effect share", "ours", WITHOUT_EFFECT, least=False, limit=0.001, goal=True,
          reason="bright clothes that the matte refused"),
    Bound("excess flicker kept", "ours", CLEAR, least=False, limit=1.0),
    Bound("MAD kept by smoothing", "ours", CLEAR, least=False, limit=1.01),
    Bound("recomposition, dB", "ours", CLEAR, least=True, limit=39.5),
    Bound("recomposition, dB", "ours", CLEAR, least=True, limit=40.0, goal=True, reason="codec noise of one frame"),
    Bound("steadiness", "ours", RIGID, least=False, limit=1.0, over="worst"),
    Bound("necessity", "ours", CLEAR, least=True, limit=0.6, over="worst"),
    Bound("coverage ratio", "ours", CLEAR, least=True, limit=0.8),
    Bound("coverage ratio", "ours", CLEAR, least=False, limit=1.25),
    Bound("plate against frame inside, dB", "ours", CLEAR, least=False, limit=20.0, over="worst"),
]  # fmt: skip
LOWER = {bound.measure for bound in BOUNDS if not bound.least} - {"coverage ratio"}


def measure(seed: int, *, quick: bool = False) -> list[Row]:
    """Rows {kind, method, measure, value, higher_is_better} of one seed."""
    rows: list[Row] = []
    for kind in QUICK_KINDS if quick else KINDS:
        with tempfile.TemporaryDirectory(prefix="animeflow-accuracy-") as folder, repeatable():
            published = separate_drawn(
                draw_shot(kind, seed=seed, frames=FRAMES.get(kind, FRAMES_ELSE)), Path(folder)
            )
            for method, name, value in judged(published):
                rows.append(
                    {
                        "kind": kind, "method": method, "measure": name,
                        "value": None if value is None or not np.isfinite(value) else float(value),
                        "higher_is_better": name not in LOWER,
                    }
                )  # fmt: skip
    return rows


Found = Iterator[tuple[str, str, float | None]]


def judged(published: Published) -> Found:
    """(method, measure, value) of everything that is measured on one shot."""
    yield from _camera(published)
    yield from _plate(published)
    yield from _character(published)
    yield from _baselines(published)
    yield from _effect(published)
    yield from _proof(published)
    yield from _smoothing(published)


def _camera(published: Published) -> Found:
    """Mean distance over a 5x3 grid between a drawing's placement and the true one, both against the first drawing."""
    rows = sorted(published.handles["background_layers"].rows("camera_motion"), key=lambda row: row["start"])
    placed = np.stack([np.reshape(row["to_canvas"], (3, 3)) for row in rows])
    true = published.shot.camera[published.frames]
    width, height = published.clip.size
    xs, ys = np.meshgrid(np.linspace(0, width - 1, 5), np.linspace(0, height - 1, 3))
    grid = np.stack([xs.ravel(), ys.ravel(), np.ones(xs.size)])
    ours = np.linalg.inv(placed[0]) @ placed @ grid
    truth = np.linalg.inv(true[0]) @ true @ grid
    error = np.hypot(*(ours - truth)[:, :2].transpose(1, 0, 2)).mean(axis=1)
    yield "ours", "registration, median px", float(np.median(error))
    yield "ours", "registration, worst px", float(error.max())
    yield "ours", "unexplained", published.handles["background_layers"].rows()[0]["unexplained"]


def _revealed(shot: DrawnShot) -> np.ndarray:
    """Plate pixels that some frame shows at least 3 px away from a character, bool [H, W]."""
    height, width = shot.plate.shape[:2]
    seen = np.zeros((height, width), np.uint8)
    for alpha, camera in zip(shot.alpha, shot.camera, strict=True):
        free = (~_grown(alpha > 0.02)).view(np.uint8)
        seen |= cv2.warpAffine(free, camera[:2], (width, height), flags=cv2.INTER_NEAREST)
    return seen > 0


def _grown(mask: np.ndarray) -> np.ndarray:
    return cv2.dilate(mask.view(np.uint8), np.ones((MARGIN, MARGIN), np.uint8)) > 0


def _plate(published: Published) -> Found:
    """PSNR of the published backgrounds against the truth after 4:2:0, and precision and recall of the hole maps."""
    shot, size = published.shot, published.clip.size
    if shot.kind in ("parallax", "water"):
        return
    seen, sums = (
        _revealed(shot),
        {name: np.zeros(2) for name in ("free", "revealed", "filled", "behind effects")},
    )
    unmasked = np.zeros(2)
    hole_right = hole_all = hidden_all = 0
    median = np.median(
        np.stack([published.clip.picture(d) for d in range(published.clip.drawings)][::2]), axis=0
    )
    for drawing, frame in enumerate(published.frames):
        ours, hole = published.picture(drawing, "background"), published.picture(drawing, "hole")
        assert ours is not None and hole is not None
        truth = round_trip_420(shot.background[frame])
        error = ((ours.astype(np.int32) - truth) ** 2).mean(axis=2)
        back = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
        shown = cv2.warpAffine(seen.view(np.uint8), shot.camera[frame][:2], size, flags=back) > 0
        covered, lit = _grown(shot.alpha[frame] > 0.02), shot.effect_mask[frame]
        for name, where in (
            ("free", ~covered & ~lit),
            ("revealed", covered & shown),
            ("filled", ~shown),
            ("behind effects", lit & ~covered),
        ):
            sums[name] += error[where].sum(), where.sum()
        plain = ((median - truth) ** 2).mean(axis=2)[covered & shown]
        unmasked += plain.sum(), plain.size
        hole_right += int(((hole > 0) & ~shown).sum())
        hole_all += int((hole > 0).sum())
        hidden_all += int((~shown).sum())
    for name, (total, count) in sums.items():
        yield "ours", f"plate {name}, dB", _db(total, count)
    yield "unmasked median", "plate revealed, dB", _db(*unmasked)
    yield "ours", "hole precision", hole_right / hole_all if hole_all > 200 else None
    yield "ours", "hole recall", hole_right / hidden_all if hidden_all > 200 else None


def _db(total: float, count: float) -> float | None:
    return None if count < 200 else float(10 * np.log10(255**2 / max(total / count, 1e-9)))


def _matte_scores(alpha: np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    """IoU at 0.5, mean absolute difference, and the same in a band of 2 px around the true outline."""
    ours, true = alpha > 0.5, truth > 0.5
    union = int((ours | true).sum())
    iou = 1.0 if union == 0 else float((ours & true).sum() / union)
    solid = true.view(np.uint8)
    square = np.ones((5, 5), np.uint8)
    band = (cv2.dilate(solid, square) != cv2.erode(solid, square)) | ((truth > 0.02) & (truth < 0.98))
    error = np.abs(alpha - truth)
    return iou, float(error.mean()), float(error[band].mean()) if band.any() else 0.0


def _named(method: str, scores: Sequence[tuple[float, float, float]]) -> Found:
    for name, value in zip(
        ("character IoU", "character MAD", "band error"), np.mean(scores, axis=0), strict=True
    ):
        yield method, name, float(value)


def _character(published: Published) -> Found:
    truths = [published.shot.alpha[frame] for frame in published.frames]
    alphas = [published.alpha(d) for d in range(len(truths))]
    yield from _named("ours", [_matte_scores(a, t) for a, t in zip(alphas, truths, strict=True)])
    true = sum(float(t.sum()) for t in truths)
    yield "ours", "coverage ratio", sum(float(a.sum()) for a in alphas) / true if true else None


def _baselines(published: Published) -> Found:
    """The networks on the drawing itself, and GrabCut of both: what a user would take instead."""
    asked = asked_drawings(len(published.frames), published.settings.layers.segmentation)
    scores: dict[str, list] = {name: [] for name in (*NETS, "grabcut")}
    for place in np.unique(np.linspace(0, len(asked) - 1, BASELINE_DRAWINGS).round().astype(int)):
        drawing = asked[place]
        picture, truth = published.clip.picture(drawing), published.shot.alpha[published.frames[drawing]]
        maps = [net([picture])[0] for net in (published.nets.segment, published.nets.matte)]
        cut, _ = grabcut_seed(picture, np.dstack(maps), iterations=3)
        for name, alpha in zip((*NETS, "grabcut"), (*maps, cut), strict=True):
            scores[name].append(_matte_scores(alpha, truth))
    for name, found in scores.items():
        yield from _named(name, found)


def _effect(published: Published) -> Found:
    """Overlap with the true light outside the characters, and false effect pixels where there is none."""
    both = either = 0
    false = []
    for drawing, frame in enumerate(published.frames):
        picture = published.picture(drawing, "effect")
        found = np.zeros(published.shot.alpha.shape[1:], np.bool_)
        if picture is not None:
            found = picture[..., 3] > 12 if picture.shape[2] == 4 else picture.max(axis=2) >= 8
        outside = ~_grown(published.shot.alpha[frame] > 0.02)
        true = published.shot.effect_mask[frame] & outside
        both += int((found & true).sum())
        either += int(((found & outside) | true).sum())
        false.append(float((found & ~published.shot.effect_mask[frame]).mean()))
    if published.shot.effect_blend is None:
        yield "ours", "false effect share", float(np.mean(false))
    elif either:
        yield "ours", "effect IoU", both / either


def _proof(published: Published) -> Found:
    """Recomposition from the published pictures, and the measures that a copied frame fails."""
    from animeflow.layers.effects import Blend
    from animeflow.layers.recompose import recompose

    whole, outside, inside = [], [], []
    for drawing in range(len(published.frames)):
        layer, behind = published.picture(drawing, "character"), published.picture(drawing, "background")
        effect, blend = published.picture(drawing, "effect"), published.rows[drawing]["blend"]
        assert layer is not None and behind is not None
        frame = published.clip.picture(drawing)
        put = recompose(layer, behind, effect, Blend(blend) if blend else None)
        whole.append(psnr(put, frame))
        outside.append(psnr(put, frame, layer[..., 3] < 5))
        inside.append(psnr(behind, frame, layer[..., 3] > 127))
    for name, found in (
        ("recomposition, dB", whole),
        ("recomposition outside, dB", outside),
        ("plate against frame inside, dB", inside),
    ):
        known = [value for value in found if value is not None]
        yield "ours", name, float(np.median(known)) if known else None
    yield "ours", "steadiness", published.summary["steadiness"]
    yield "ours", "necessity", published.summary["necessity"]


def _smoothing(published: Published) -> Found:
    """What smoothing kept of the flicker above the truth's own, and of the error; judged by Farneback's flow."""
    clip = published.clip
    truths = [published.shot.alpha[frame] for frame in published.frames]
    before = stored_alphas(published.handles["character_layers"], clip, clip.clip_id[:16])
    after = [published.alpha(d) for d in range(len(truths))]
    found = Flicker(), Flicker(), Flicker()
    for drawing in range(1, len(truths)):
        seen = flow_seen(clip.picture, drawing)
        for flicker, alphas in zip(found, (truths, before, after), strict=True):
            flicker.add(alphas[drawing - 1], alphas[drawing], seen)
    if found[0].value is None:
        return
    own, raw, smooth = (float(flicker.value or 0) for flicker in found)
    yield "truth", "flicker", own
    yield "raw", "flicker", raw
    yield "ours", "flicker", smooth
    yield "ours", "excess flicker kept", max(smooth - own, 0) / max(raw - own, 0.05)
    error = [
        float(np.mean([np.abs(a - t).mean() for a, t in zip(alphas, truths, strict=True)]))
        for alphas in (before, after)
    ]
    yield "ours", "MAD kept by smoothing", error[1] / max(error[0], 1e-6)
