"""Tables of the group `measures`: what can be said of a clip. Decisions are not made here."""

from __future__ import annotations

from animeflow.tables.schema import Column, TableSpec
from animeflow.tables.schemas.common import CLIP_ID, F64, I32, STR, VIDEO_ID, scalar

SWITCHED_OFF = "text was not read: shots.text.enabled is false"
NOT_READ = "text was not read: the recogniser or its weights are not here (animeflow doctor names them)"
NO_SAMPLE = "no sampled frame lies in the clip"
UNREAD = (NOT_READ, NO_SAMPLE)  # reading was wanted, and nobody knows what is there

_UNMEASURED = Column("reason", STR, "why the measure is null", null_reason="the measure has a value")


def _per_clip(name: str, *columns: Column) -> TableSpec:
    return TableSpec(name, 1, "one clip", ("clip_id",), (CLIP_ID, VIDEO_ID, *columns))


FLASH = _per_clip(
    "flash",
    scalar(
        "general_flashes",
        "most general flashes (WCAG 2.x) in any second; of PQ and HLG by their light, 203 cd/m2 for white",
        "flashes per second",
    ),
    scalar(
        "red_flashes",
        "most saturated-red flashes (WCAG 2.x) in any second; of PQ and HLG as above",
        "flashes per second",
    ),
    scalar(
        "brightness_jumps", "share of samples (every 5th frame) whose mean grey jumps by 60 or more", "0-1"
    ),
    scalar(
        "broadcast_flashes",
        "most flashes by ITU-R BT.1702 (cd/m2, whole screen) in any second",
        "flashes per second",
        null="see reason",
    ),
    scalar(
        "broadcast_red_flashes",
        "most transitions to and from a saturated red by ITU-R BT.1702, in pairs, in any second",
        "flashes per second",
        null="see reason",
    ),
    scalar(
        "flash_area_max",
        "largest share of the screen that turned together in a transition of the two above",
        "0-1",
        null="see reason",
    ),
    scalar(
        "longest_flashing_s",
        "longest time in which such transitions follow one another within a second",
        "s",
        null="see reason",
    ),
    Column("reason", STR, "why the BT.1702 measures are null", null_reason="they have values"),
)

STATISTICS = _per_clip(
    "statistics",
    scalar("sharpness", "median variance of the Laplacian at 320x180", "8-bit levels squared"),
    scalar("brightness", "mean luma", "8-bit levels"),
    scalar("contrast", "median standard deviation of luma", "8-bit levels"),
    scalar("saturation", "mean HSV saturation", "0-1"),
    scalar("colourfulness", "median Hasler-Suesstrunk colourfulness", "8-bit levels"),
    scalar("still_share", "share of frames that repeat the previous one", "0-1"),
    scalar("corrupt_share", "share of frames with concealed damage", "0-1"),
    scalar("black_share", "share of frames with luma below 16 and contrast below 4", "0-1"),
)

TEXT = _per_clip(
    "text",
    scalar("text_area_max", "largest share of the frame under recognised text", "0-1", null="see reason"),
    scalar(
        "text_area_mean",
        "mean share of the frame under recognised text over sampled frames",
        "0-1",
        null="see reason",
    ),
    scalar("subtitle_area_max", "largest share under text in the subtitle band", "0-1", null="see reason"),
    scalar(
        "other_area_max",
        "largest share under text that is no subtitle: credits and signs",
        "0-1",
        null="see reason",
    ),
    scalar(
        "credits_area_max", "largest share under lines of credits, rolling ones too", "0-1", null="see reason"
    ),
    scalar("sign_area_max", "largest share under signs, titles and all other text", "0-1", null="see reason"),
    Column("sampled_frames", I32, "frames that were looked at", "frames"),
    Column(
        "text",
        STR,
        "recognised lines in order of appearance, joined by newlines; U+FFFD: one that could not be read",
        null_reason="see reason",
    ),
    Column(
        "roles",
        STR,
        "what each line of `text` is: subtitle, credits or sign, joined by newlines",
        null_reason="see reason",
    ),
    _UNMEASURED,
)

QUALITY = _per_clip(
    "quality",
    Column("quality", F64, "DOVER, fused", "0-1", "see reason", null_on_embedded=True),
    Column("technical", F64, "DOVER, technical branch", "0-1", "see reason", null_on_embedded=True),
    Column("artistic", F64, "DOVER, aesthetic branch", "0-1", "see reason", null_on_embedded=True),
    _UNMEASURED,
)

AESTHETICS = _per_clip(
    "aesthetics",
    Column("aesthetics", F64, "aesthetic score", "1-10", "see reason", null_on_embedded=True),
    _UNMEASURED,
)

MOTION = _per_clip(
    "motion",
    scalar(
        "motion",
        "mean flow magnitude per second over sampled pairs, at 576x320",
        "px per second",
        null="see reason",
    ),
    scalar(
        "motion_share", "the same divided by the frame's diagonal", "diagonals per second", null="see reason"
    ),
    scalar("moving_area", "mean share of the frame that moves by more than 0.5 px", "0-1", null="see reason"),
    scalar("drawings_per_s", "new drawings per second", "1/s"),
    Column("pairs", I32, "pairs of drawings that were measured"),
    Column("kind", STR, "kind of the flow adapter"),
    _UNMEASURED,
)

TABLES = (FLASH, STATISTICS, TEXT, QUALITY, AESTHETICS, MOTION)
