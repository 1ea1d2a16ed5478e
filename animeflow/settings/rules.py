"""The rules behind the thresholds of `curation`: which measure each of them compares, and in which direction."""

from __future__ import annotations

from dataclasses import dataclass

from animeflow.settings.curation import CurationSettings

# (name of the threshold, table, column, whether the limit itself is dropped): rules are tried in this order, cheap and
# certain ones first. The earlier filter pipeline drops at its limit; every standard allows what it names.
_RULES = (
    ("min_duration_s", "clips", "duration_s", False),
    ("max_corrupt_share", "statistics", "corrupt_share", False),
    ("max_black_share", "statistics", "black_share", False),
    ("max_flashes", "flash", "general_flashes", False),
    ("max_red_flashes", "flash", "red_flashes", False),
    ("max_broadcast_flashes", "flash", "broadcast_flashes", False),
    ("max_broadcast_red_flashes", "flash", "broadcast_red_flashes", False),
    ("max_brightness_jumps", "flash", "brightness_jumps", True),
    ("max_subtitle_area", "text", "subtitle_area_max", False),
    ("max_text_area", "text", "other_area_max", False),
    ("max_still_share", "statistics", "still_share", False),
    ("min_sharpness", "statistics", "sharpness", False),
    ("min_motion", "motion", "motion", False),
    ("max_motion", "motion", "motion", False),
    ("min_quality", "quality", "quality", False),
    ("min_aesthetics", "aesthetics", "aesthetics", False),
)


UNREAD_TEXT = "unread_text"  # the reason of a clip that no rule could compare


@dataclass(frozen=True)
class Rule:
    """A measure must be at least or at most `limit`, or beyond it where `exclusive`; `limit` None: the rule is off."""

    name: str
    table: str
    column: str
    limit: float | None
    exclusive: bool = False

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
        if value == bound:
            return not self.exclusive
        return value > bound if self.least else value < bound

    @property
    def text(self) -> str:
        """The rule in signs: `≤ 3`, `< 0.2`, `off`."""
        if self.limit is None:
            return "off"
        sign = (">" if self.exclusive else "≥") if self.least else ("<" if self.exclusive else "≤")
        return f"{sign} {self.limit:g}"


def rules_of(settings: CurationSettings) -> tuple[Rule, ...]:
    """All rules in their order. The subtitle rule is off while `subtitles` is `keep`."""
    return tuple(
        Rule(name, table, column, _limit(settings, name), exclusive)
        for name, table, column, exclusive in _RULES
    )


def refuses_unread_text(settings: CurationSettings) -> bool:
    """Whether a clip whose text was to be read and was not is dropped: where some rule compares text."""
    return settings.unread_text == "drop" and any(
        rule.on for rule in rules_of(settings) if rule.table == "text"
    )


def _limit(settings: CurationSettings, name: str) -> float | None:
    if name == "max_subtitle_area" and settings.subtitles == "keep":
        return None
    value = getattr(settings, name)
    return None if value is None else float(value)
