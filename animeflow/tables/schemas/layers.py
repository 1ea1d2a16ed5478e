"""Tables of the group `layers`. Pictures lie in media/<clip_id>/, named by drawing."""

from __future__ import annotations

import pyarrow as pa

from animeflow.tables.schema import Column, TableSpec
from animeflow.tables.schemas.common import (
    BOOL,
    CLIP_ID,
    DRAWING_ID,
    F32,
    I32,
    I64,
    STR,
    VIDEO_ID,
    media_columns,
    scalar,
)

_NO_EFFECT = "the drawing has no effect"
_NO_PLATE = "the clip has no plate"
_SHOWN = (
    Column("start", I32, "first frame of the clip that shows the drawing", "frames"),
    Column("end", I32, "frame after the last one that shows it", "frames"),
)
_INSTANCES = Column(
    "instances",
    pa.list_(pa.struct([(name, pa.int32()) for name in ("instance", "x", "y", "width", "height", "area")])),
    "instances: id that stays with a character over the clip, bounding box and area in px",
)


def _file(prefix: str, what: str, null: str | None = None) -> tuple[Column, Column, Column]:
    return (
        Column(f"{prefix}_path", STR, f"{what}, relative to the asset's folder", None, null),
        Column(f"{prefix}_bytes", I64, f"size of {what}", "bytes", null),
        Column(f"{prefix}_sha256", STR, f"sha256 of {what}", None, null),
    )


def _per_drawing(name: str, *columns: Column) -> TableSpec:
    common = (CLIP_ID, DRAWING_ID, VIDEO_ID, *_SHOWN)
    return TableSpec(name, 1, "one drawing of a kept clip", ("clip_id", "drawing_id"), (*common, *columns))


SEGMENTATION = _per_drawing(
    "segmentation",
    *media_columns(
        "the seed maps: lossless WebP at working size, red = segment map, green = matte map, blue = seed"
    ),
    Column("asked", BOOL, "whether the networks saw this drawing; else flow carried its neighbours' maps"),
    Column("refined", BOOL, "whether GrabCut's result is the seed; else the mean of the networks"),
    scalar("coverage", "share of the frame under the seed", "0-1"),
    scalar(
        "agreement",
        "intersection over union of what the two networks call a character: low where one alone sees it, and the layers "
        "may lack it",
        "0-1",
        null="neither network sees a character",
    ),
    _INSTANCES,
)

BACKGROUND_LAYERS = TableSpec(
    name="background_layers",
    version=1,
    grain="one kept clip",
    key=("clip_id",),
    columns=(
        CLIP_ID,
        VIDEO_ID,
        Column("verdict", STR, "plate, effects (a plate with light or smoke over it), suspicious, or none"),
        Column("reason", STR, "what the verdict rests on, in one word"),
        Column("canvas_width", I32, "width of the plate", "px", _NO_PLATE),
        Column("canvas_height", I32, "height of the plate", "px", _NO_PLATE),
        Column("samples", I32, "drawings that voted for the plate", "drawings"),
        scalar("sigma", "codec noise of the frames against the plate", "8-bit levels"),
        scalar("unexplained", "median share outside the seeds that the plate does not explain", "0-1"),
        scalar("seen_share", "share of the clip's background pixels that some frame shows", "0-1"),
    ),
)

BACKGROUND_PICTURES = TableSpec(
    name="background_pictures",
    version=1,
    grain="one background picture of a clip: its plate, or one per drawing without a plate",
    key=("clip_id", "picture"),
    columns=(
        CLIP_ID,
        VIDEO_ID,
        Column("picture", I32, "number of the picture in its clip, from 0"),
        *_file("picture", "the picture: lossless RGB WebP"),
        *_file(
            "provenance",
            "the provenance map: PNG, 0 seen, 1 seen while an effect was off, 2 from a neighbour, 3 filled, 4 outside",
        ),
    ),
)

CAMERA_MOTION = TableSpec(
    name="camera_motion",
    version=1,
    grain="one drawing of a kept clip",
    key=("clip_id", "drawing_id"),
    columns=(
        CLIP_ID,
        DRAWING_ID,
        VIDEO_ID,
        *_SHOWN,
        Column("picture", I32, "number of the background picture that lies behind it"),
        Column("to_picture", pa.list_(pa.float64(), 9), "matrix frame px -> picture px, by rows"),
        Column("to_canvas", pa.list_(pa.float64(), 9), "matrix frame px -> canvas px, by rows"),
        Column("support", F32, "share of structured background that the placement explains", "0-1"),
        Column("model", STR, "identity, translation or similarity"),
    ),
)

CHARACTER_LAYERS = _per_drawing(
    "character_layers",
    *media_columns("the character: straight RGBA, lossless WebP"),
    scalar("coverage", "mean alpha", "0-1"),
)

EFFECT_LAYERS = _per_drawing(
    "effect_layers",
    *_file("effect", "the effect: lossless WebP, RGB (add, screen) or straight RGBA (over)", _NO_EFFECT),
    Column("blend", STR, "add, screen or over", None, _NO_EFFECT),
    scalar("intensity", "mean of the strongest channel over the effect", "0-1", null=_NO_EFFECT),
    scalar("peak", "largest value of it", "0-1", null=_NO_EFFECT),
    scalar("area", "share of the frame under the effect", "0-1"),
)

SMOOTHED_LAYERS = _per_drawing(
    "smoothed_layers",
    Column("shot", I32, "number of the shot in its video, from 0"),
    *_file("character", "the character: straight RGBA, lossless WebP"),
    *_file("background", "the background: RGB, lossless WebP"),
    *_file("hole", "the hole map: PNG, 255 where the background was never seen and is filled"),
    *_file("instances", "the instance map: PNG, 0 nobody, else the id of the instance"),
    *_file("effect", "the effect: lossless WebP, RGB (add, screen) or straight RGBA (over)", _NO_EFFECT),
    Column("blend", STR, "how the effect goes over the rest: add, screen or over", None, _NO_EFFECT),
    scalar("effect_intensity", "mean of the strongest channel over the effect", "0-1", null=_NO_EFFECT),
    scalar("coverage", "mean alpha of the character", "0-1"),
    scalar("seen_share", "share of the background that some frame shows", "0-1"),
    scalar("recomposition_psnr", "published layers put together, against the frame", "dB; 99 when equal"),
    scalar(
        "outside_psnr", "the same where alpha is below 0.02: only this proves the background", "dB; 99 when equal",
        null="the character covers the whole frame",
    ),
    _INSTANCES,
)  # fmt: skip

LAYER_CLIPS = TableSpec(
    name="layer_clips",
    version=1,
    grain="one kept clip",
    key=("clip_id",),
    columns=(
        CLIP_ID,
        VIDEO_ID,
        Column("drawings", I32, "drawings of the clip"),
        Column(
            "verdict",
            STR,
            "what the background rests on: plate, effects, suspicious or none; suspicious too where the layers of a drawing "
            "are less than 20 dB like the frame (reason far_from_the_frame) or what was taken for light has lines, "
            "as of figures (reason effect_has_lines)",
        ),
        Column("reason", STR, "why, in one word"),
        Column("smoothed", BOOL, "whether alpha was smoothed: it flickered, and smoothing made it steadier"),
        scalar(
            "flicker_before",
            "mean |alpha - warped previous alpha| x 1000, by Farneback's flow",
            "1/1000",
            null="one drawing",
        ),
        scalar("flicker", "the same of the published alpha", "1/1000", null="one drawing"),
        scalar("seen_share", "mean share of the background that some frame shows", "0-1"),
        scalar(
            "quality", "background quality: seen 1, carried from a neighbour 0.5, filled 0, averaged", "0-1"
        ),
        scalar("recomposition_psnr", "median over drawings", "dB"),
        scalar(
            "outside_psnr",
            "median over drawings, where alpha is below 0.02",
            "dB",
            null="characters cover every frame",
        ),
        scalar(
            "necessity",
            "share of alpha > 0.5 where frame and seen background differ",
            "0-1",
            null="no character over seen background",
        ),
        scalar(
            "steadiness",
            "temporal standard deviation of the registered published backgrounds",
            "8-bit levels",
            null="one drawing or no plate",
        ),
        Column("instance_count", I32, "instances found in the clip"),
        scalar("effect_share", "share of drawings with an effect", "0-1"),
    ),
)

TABLES = (
    SEGMENTATION,
    BACKGROUND_LAYERS,
    BACKGROUND_PICTURES,
    CAMERA_MOTION,
    CHARACTER_LAYERS,
    EFFECT_LAYERS,
    SMOOTHED_LAYERS,
    LAYER_CLIPS,
)
