"""Which threshold speaks about which measure, read from the settings of `curation`."""

from __future__ import annotations

from dataclasses import dataclass

from animeflow.settings.curation import CurationSettings

# Setting -> (table, column); a rule that is switched off has no threshold on the page.
_MEASURE = {
    "min_duration_s": ("clips", "duration_s"),
    "max_corrupt_share": ("statistics", "corrupt_share"),
    "max_black_share": ("statistics", "black_share"),
    "max_flashes": ("flash", "general_flashes"),
    "max_red_flashes": ("flash", "red_flashes"),
    "max_brightness_jumps": ("flash", "brightness_jumps"),
    "max_subtitle_area": ("text", "subtitle_area_max"),
    "max_text_area": ("text", "other_area_max"),
    "max_still_share": ("statistics", "still_share"),
    "min_sharpness": ("statistics", "sharpness"),
    "min_motion": ("motion", "motion"),
    "max_motion": ("motion", "motion"),
    "min_quality": ("quality", "quality"),
    "min_aesthetics": ("aesthetics", "aesthetics"),
}


@dataclass(frozen=True)
class Rule:
    """A measure must be at least (or at most) `limit`."""

    setting: str
    table: str
    column: str
    least: bool
    limit: float

    def keeps(self, value: float) -> bool:
        return value >= self.limit if self.least else value <= self.limit

    @property
    def text(self) -> str:
        return f"{'≥' if self.least else '≤'} {self.limit:g}"


def rules_of(settings: CurationSettings) -> list[Rule]:
    """The rules that are on."""
    found = []
    for setting, (table, column) in _MEASURE.items():
        limit = getattr(settings, setting)
        if limit is None or (setting == "max_subtitle_area" and settings.subtitles == "keep"):
            continue
        found.append(Rule(setting, table, column, setting.startswith("min_"), float(limit)))
    return found
