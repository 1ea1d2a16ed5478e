"""Tables of the group `annotation`: what is said about kept clips and their drawings."""

from __future__ import annotations

import pyarrow as pa

from animeflow.tables.schema import Column, TableSpec
from animeflow.tables.schemas.common import BOOL, CLIP_ID, DRAWING_ID, F32, FRAME, I32, SHOT, STR, VIDEO_ID

PALETTE = pa.list_(pa.struct([("hex", pa.string()), ("share", pa.float32())]))
_NO_FIGURE = "no character is visible, or the clip has no layers"
_NO_MODEL = "no model, see reason"
_NO_MOTION = "the camera or the motion of the clip was not measured"


def _evidence(name: str, text: str, unit: str, null: str = _NO_FIGURE) -> Column:
    return Column(name, F32, text, unit, null)


ANNOTATIONS = TableSpec(
    name="annotations",
    version=1,
    grain="one kept clip",
    key=("clip_id",),
    columns=(
        CLIP_ID,
        VIDEO_ID,
        SHOT,
        Column(
            "shot_scale", STR, "extreme_close_up, close_up, medium, full, long or very_long", None, _NO_FIGURE
        ),
        _evidence("character_share", "mean share of the frame that characters cover", "0-1"),
        _evidence("character_height", "median height of the characters' box over the frame's", "0-1"),
        Column("palette", PALETTE, "colours of the clip, largest share first"),
        Column(
            "character_palette", PALETTE, "colours of the characters, largest share first", None, _NO_FIGURE
        ),
        Column("motion_class", STR, "still, slow, moderate or fast", None, _NO_MOTION),
        Column(
            "camera_move",
            STR,
            "static, pan_left, pan_right, tilt_up, tilt_down, pan_tilt, zoom_in, zoom_out or shake",
            None,
            _NO_MOTION,
        ),
        _evidence(
            "camera_x", "net travel of the camera to the right over the clip", "frame widths", _NO_MOTION
        ),
        _evidence(
            "camera_y", "net travel of the camera downwards over the clip", "frame heights", _NO_MOTION
        ),
        _evidence("camera_zoom", "scale at the end over scale at the start", "ratio", _NO_MOTION),
        Column(
            "has_text", BOOL, "whether text outside the subtitle band was read", None, "text was not measured"
        ),
        Column(
            "has_subtitle", BOOL, "whether text in the subtitle band was read", None, "text was not measured"
        ),
        Column(
            "hold_pattern",
            STR,
            "how long drawings are held, in 24ths of a second: ones, twos, threes, longer, mixed or still",
        ),
        Column("drawings", I32, "drawings that are seen in the clip"),
        Column("hold_ones", F32, "share of the clip's time in drawings held for 1/24 s, or less", "0-1"),
        Column("hold_twos", F32, "share of the clip's time in drawings held for 2/24 s", "0-1"),
        Column("hold_threes", F32, "share of the clip's time in drawings held for 3/24 s", "0-1"),
        Column("hold_longer", F32, "share of the clip's time in drawings held longer", "0-1"),
        Column("derivation_json", STR, "{label: how it was derived, or why it is null} as JSON"),
    ),
)

DRAWING_ANNOTATIONS = TableSpec(
    name="drawing_annotations",
    version=1,
    grain="one drawing of a kept clip",
    key=("clip_id", "drawing_id"),
    columns=(
        CLIP_ID,
        DRAWING_ID,
        VIDEO_ID,
        FRAME,
        _evidence("character_share", "share of the frame that characters cover", "0-1", "see reason"),
        Column("box_x", I32, "left edge of the characters' box", "px", _NO_FIGURE),
        Column("box_y", I32, "upper edge of the characters' box", "px", _NO_FIGURE),
        Column("box_width", I32, "width of the characters' box", "px", _NO_FIGURE),
        Column("box_height", I32, "height of the characters' box", "px", _NO_FIGURE),
        Column("palette", PALETTE, "colours of the drawing, largest share first"),
        Column(
            "character_palette", PALETTE, "colours of the characters, largest share first", None, _NO_FIGURE
        ),
        Column("reason", STR, "why there is no character", None, "there is one"),
    ),
)

EMBEDDINGS = TableSpec(
    name="embeddings",
    version=1,
    grain="one drawing of a kept clip under one model",
    key=("clip_id", "drawing_id", "model"),
    columns=(
        CLIP_ID,
        DRAWING_ID,
        VIDEO_ID,
        Column("model", STR, "kind of the network; `none` where there is none"),
        Column(
            "vector",
            pa.list_(pa.float32()),
            "embedding of unit length",
            None,
            _NO_MODEL,
            null_on_embedded=True,
        ),
        Column("reason", STR, "why there is no embedding", None, "there is one"),
    ),
)

CAPTIONS = TableSpec(
    name="captions",
    version=1,
    grain="one kept clip",
    key=("clip_id",),
    columns=(
        CLIP_ID,
        VIDEO_ID,
        Column("model", STR, "kind of the captioner; `none` where there is none"),
        Column("caption", STR, "what is seen, in words", None, _NO_MODEL, null_on_embedded=True),
        Column("reason", STR, "why there is no caption", None, "there is one"),
    ),
)

TABLES = (ANNOTATIONS, DRAWING_ANNOTATIONS, EMBEDDINGS, CAPTIONS)
