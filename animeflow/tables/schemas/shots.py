"""Tables of the group `shots`: what the one decode stored, and what follows from it."""

from __future__ import annotations

import pyarrow as pa

from animeflow.tables.schema import Column, TableSpec
from animeflow.tables.schemas.common import (
    BOOL,
    CLIP_ID,
    DRAWING_ID,
    END,
    END_PTS,
    F32,
    FRAME,
    I32,
    I64,
    SHOT,
    START,
    START_PTS,
    STR,
    TIME_BASE,
    VIDEO_ID,
    media_columns,
    scalar,
)

THUMB_WIDTH, THUMB_HEIGHT = 48, 27
THUMB_BYTES = THUMB_WIDTH * THUMB_HEIGHT * 3
_FIRST = "the first frame has no previous one"


def _signal(name: str, text: str, unit: str, null: str | None = None) -> Column:
    return Column(name, F32, text, unit, null)


FRAME_SIGNALS = TableSpec(
    name="frame_signals",
    version=1,
    grain="one frame of a video",
    key=("video_id", "frame"),
    columns=(
        VIDEO_ID,
        FRAME,
        Column("pts", I64, "presentation time stamp", "time base of the video stream"),
        *TIME_BASE,
        Column("key", BOOL, "key frame of the source"),
        Column("corrupt", BOOL, "the decoder concealed damage in this frame"),
        Column(
            "retimed",
            BOOL,
            "the file gives no time for this frame, or one that does not ascend: pts is made",
            None,
            "read by an animeflow that did not keep it",
        ),
        Column("thumbnail", pa.binary(THUMB_BYTES), "27 rows of 48 RGB pixels, area scaled"),
        _signal("diff_rgb", "mean |RGB - previous| at 48x27", "8-bit levels", _FIRST),
        _signal("diff_rms", "rms of luma - previous luma at 160x90", "8-bit levels", _FIRST),
        _signal(
            "diff_block", "largest 4x4-block mean of |luma - previous| at 160x90", "8-bit levels", _FIRST
        ),
        _signal(
            "diff_strong",
            "largest 4x4-block mean of max(0, |luma - previous| - 3) at 160x90: above grain and codec noise",
            "8-bit levels",
            _FIRST,
        ),
        _signal("delta_hue", "PySceneDetect's mean |hue - previous|", "8-bit levels", _FIRST),
        _signal("delta_sat", "PySceneDetect's mean |saturation - previous|", "8-bit levels", _FIRST),
        _signal("delta_lum", "PySceneDetect's mean |value - previous|", "8-bit levels", _FIRST),
        _signal("sharpness", "variance of the Laplacian of luma at 320x180", "8-bit levels squared"),
        _signal("brightness", "mean of luma at 160x90", "8-bit levels"),
        _signal("contrast", "standard deviation of luma at 160x90", "8-bit levels"),
        _signal("saturation", "mean of HSV saturation at 48x27", "0-1"),
        _signal("colourfulness", "Hasler-Suesstrunk colourfulness at 48x27", "8-bit levels"),
    ),
)

TEXT_BOXES = TableSpec(
    name="text_boxes",
    version=1,
    grain="one sampled frame of a video",
    key=("video_id", "frame"),
    columns=(
        VIDEO_ID,
        FRAME,
        Column("width", I32, "width of the frame the polygons refer to", "px"),
        Column("height", I32, "height of the frame the polygons refer to", "px"),
        Column(
            "method",
            STR,
            "read, spared (too few edges for text: no boxes) or repeated (same picture as the sample before: its boxes)",
        ),
        Column(
            "boxes",
            pa.list_(
                pa.struct(
                    [("polygon", pa.list_(pa.float32(), 8)), ("text", pa.string()), ("score", pa.float32())]
                )
            ),
            "quadrilaterals x1 y1 .. x4 y4 in px, the recognised text and its score 0-1",
        ),
    ),
)

SHOTS = TableSpec(
    name="shots",
    version=1,
    grain="one shot of a video; the shots cover every frame once",
    key=("video_id", "shot"),
    columns=(
        VIDEO_ID,
        SHOT,
        START,
        END,
        START_PTS,
        END_PTS,
        Column("cut_kind", STR, "how it begins: start, hard, dissolve or fade"),
        Column(
            "transition_start",
            I32,
            "first frame of the transition into it; of the first shot: of the fade the video begins with",
            "frames",
            "it begins with a cut",
        ),
        Column("transition_end", I32, "frame after that transition", "frames", "it begins with a cut"),
        Column(
            "score", F32, "the detector's confidence in the cut into it", "0-1", "the first shot has no cut"
        ),
        Column(
            "end_transition_start",
            I32,
            "last shot: first frame of the fade the video ends with",
            "frames",
            "the video does not end with a fade, or it is not the last shot",
        ),
        Column(
            "end_transition_end",
            I32,
            "frame after that fade: the end of the video",
            "frames",
            "the video does not end with a fade, or it is not the last shot",
        ),
    ),
)

SHOT_PROBABILITIES = TableSpec(
    name="shot_probabilities",
    version=1,
    grain="one frame of a video",
    key=("video_id", "frame"),
    columns=(
        VIDEO_ID,
        FRAME,
        Column(
            "single",
            F32,
            "TransNetV2: probability that the next frame begins a shot",
            "0-1",
            "kind without network",
        ),
        Column(
            "many_hot", F32, "TransNetV2: probability to lie in a transition", "0-1", "kind without network"
        ),
    ),
)

SHOT_PICTURES = TableSpec(
    name="shot_pictures",
    version=1,
    grain="one page of the picture of a video's probabilities; none for kinds without network",
    key=("video_id", "page"),
    columns=(
        VIDEO_ID,
        Column("page", I32, "page, from 0"),
        Column("first_frame", I32, "first frame on it", "frames"),
        Column("frames", I32, "frames on it, 25 a row", "frames"),
        *media_columns("the PNG"),
        Column("width", I32, "width of the picture", "px"),
        Column("height", I32, "height of the picture", "px"),
    ),
)

CLIPS = TableSpec(
    name="clips",
    version=1,
    grain="one clip: frames of one shot, without transitions",
    key=("clip_id",),
    columns=(
        CLIP_ID,
        VIDEO_ID,
        SHOT,
        START,
        END,
        START_PTS,
        END_PTS,
        *TIME_BASE,
        Column("frames", I32, "length", "frames"),
        scalar("duration_s", "length in time, from pts", "s"),
        Column("trimmed_start", I32, "frames of the shot left out before it", "frames"),
        Column("trimmed_end", I32, "frames of the shot left out after it", "frames"),
        Column(
            "windows",
            pa.list_(pa.int32()),
            "first frames of the windows of window_frames inside it, in source frames; none in a shorter clip",
            "frames",
            "settings list no windows",
        ),
        Column("window_frames", I32, "length of each window", "frames", "settings list no windows"),
    ),
)

DRAWINGS = TableSpec(
    name="drawings",
    version=1,
    grain="one drawing: a run of identical composed frames",
    key=("drawing_id",),
    columns=(
        DRAWING_ID,
        VIDEO_ID,
        SHOT,
        START,
        END,
        Column(
            "start_pts",
            I64,
            START_PTS.description,
            START_PTS.unit,
            "the source is damaged or a frame is retimed: its frames are known by counting from the first alone",
        ),
        Column("hold", I32, "length of the run", "frames"),
        Column("change", F32, "largest 4x4-block difference to the previous drawing", "8-bit levels", _FIRST),
        Column(
            "pattern",
            STR,
            "how its shot is timed, in 24ths of a second: still, ones, twos, threes, longer (four and more) or mixed",
        ),
    ),
)

TABLES = (FRAME_SIGNALS, TEXT_BOXES, SHOTS, SHOT_PROBABILITIES, SHOT_PICTURES, CLIPS, DRAWINGS)
