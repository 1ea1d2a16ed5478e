"""The rules behind the thresholds of `curation`: which measure each of them compares, and in which direction."""

from __future__ import annotations

from dataclasses import dataclass

from animeflow.settings.curation import CurationSettings

# (name of the threshold, table, column): rules are tried in this order, cheap and certain ones first.
_RULES = (
    ("min_duration_s", "clips", "duration_s"),
    ("max_corrupt_share", "statistics", "corrupt_share"),
    ("max_black_share", "statistics", "black_share"),
    ("max_flashes", "flash", "general_flashes"),
    ("max_red_flashes", "flash", "red_flashes"),
    ("max_brightness_jumps", "flash", "brightness_jumps"),
    ("max_subtitle_area", "text", "subtitle_area_max"),
    ("max_text_area", "text", "other_area_max"),
    ("max_still_share", "statistics", "still_share"),
    ("min_sharpness", "statistics", "sharpness"),
    ("min_motion", "motion", "motion"),
    ("max_motion", "motion", "motion"),
    ("min_quality", "quality", "quality"),
    ("min_aesthetics", "aesthetics", "aesthetics"),
)


@dataclass(frozen=True)
class Rule:
    """A measure must be at least (`least`) or at most `limit`; `limit` None switches the rule off."""

    name: str
    table: str
    column: str
    limit: float | None

    @property
    def least(self) -> bool:
        return self.name.startswith("min_")

    @property
    def on(self) -> bool:
        return self.limit is not None

    def keeps(self, value: float, limit: float | None = None) -> bool:
        """Whether a value passes, by this rule's limit or another one. A rule that is off passes everything."""
        bound = self.limit if limit is None else limit
        if bound is None:
            return True
        return value >= bound if self.least else value <= bound

    @property
    def text(self) -> str:
        return "off" if self.limit is None else f"{'≥' if self.least else '≤'} {self.limit:g}"


def rules_of(settings: CurationSettings) -> tuple[Rule, ...]:
    """All rules in their order. The subtitle rule is off while `subtitles` is `keep`."""
    return tuple(Rule(name, table, column, _limit(settings, name)) for name, table, column in _RULES)


def _limit(settings: CurationSettings, name: str) -> float | None:
    if name == "max_subtitle_area" and settings.subtitles == "keep":
        return None
    value = getattr(settings, name)
    return None if value is None else float(value)
