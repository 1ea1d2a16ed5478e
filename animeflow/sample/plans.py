"""Which shots an episode is made of, and how one leads to the next.

The plans were fixed before any accuracy was known; easing one is a commit that shows the figures before and after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from animeflow.errors import SettingsError
from animeflow.sample.shots import SHOT_KINDS
from animeflow.sample.style import Style

TRANSITIONS = {"cut": 0, "dissolve": 12, "fade": 10}


@dataclass(frozen=True)
class Step:
    """A shot of `frames` drawn frames and the transition to the next: `cut`, `dissolve:N` or `fade:N`.

    A dissolve mixes the last N frames of a shot with the first N of the next; a fade darkens the last N frames to
    black and brightens the first N of the next.
    """

    kind: str
    frames: int
    to_next: str = "cut"

    def __post_init__(self) -> None:
        name, length = self.transition
        if self.kind not in SHOT_KINDS or name not in TRANSITIONS:
            raise SettingsError(f"step {self.kind!r} -> {self.to_next!r}: no such kind of shot or transition")
        if not 0 <= length < self.frames:
            raise SettingsError(
                f"step {self.kind!r} of {self.frames} frames is too short for {self.to_next!r}"
            )

    @property
    def transition(self) -> tuple[str, int]:
        """Its name and its length N in frames."""
        name, _, length = self.to_next.partition(":")
        if length and not length.isdigit():
            raise SettingsError(f"transition {self.to_next!r}: write it as name or name:frames")
        return name, int(length) if length else TRANSITIONS.get(name, 0)


@dataclass(frozen=True)
class Plan:
    """The steps of an episode and its style."""

    steps: tuple[Step, ...]
    style: Style = field(default_factory=Style)

    def __post_init__(self) -> None:
        if not self.steps:
            raise SettingsError("a plan needs at least one step")
        for i, step in enumerate(self.steps[1:], 1):
            before, after = self.steps[i - 1].transition[1], step.transition[1]
            if before + after >= step.frames:
                raise SettingsError(
                    f"step {i} ({step.kind}) of {step.frames} frames is too short for its transitions"
                )

    @property
    def frames(self) -> int:
        """Frames of the episode: a dissolve shows two shots at once."""
        overlaps = [n for name, n in (s.transition for s in self.steps[:-1]) if name == "dissolve"]
        return sum(s.frames for s in self.steps) - sum(overlaps)


def plan_of(steps: Plan | Sequence[tuple[str, int, str]], style: Style | None = None) -> Plan:
    """A plan from plain (kind, frames, transition to the next) tuples; `style` replaces the plan's own."""
    if isinstance(steps, Plan):
        return steps if style is None else Plan(steps.steps, style)
    return Plan(tuple(Step(*step) for step in steps), style or Style())


DEMO_PLANS = (
    plan_of([
        ("landscape", 24, "cut"), ("pan", 48, "dissolve:10"), ("lipflap", 32, "cut"), ("same_place_a", 24, "cut"),
        ("same_place_b", 26, "fade:8"), ("shake", 40, "cut"), ("strobe", 28, "cut"), ("held_limb", 36, "cut"),
        ("subtitles", 28, "cut"), ("credits", 24, "cut"),
    ]),
    plan_of([
        ("tilt", 26, "cut"), ("cross", 44, "cut"), ("aura", 36, "dissolve:10"), ("flat", 36, "cut"),
        ("smoke", 32, "cut"), ("fast", 26, "fade:8"), ("water", 32, "cut"), ("sparkles", 28, "cut"),
        ("sign", 24, "cut"), ("still", 20, "cut"),
    ]),
)  # fmt: skip
DEMO_PLAN = DEMO_PLANS[0]

_TRAVEL = (
    ("tilt", 60, "dissolve:18"), ("pan", 84, "cut"), ("lipflap", 60, "cut"), ("same_place_a", 48, "cut"),
    ("same_place_b", 48, "cut"), ("longpan", 144, "cut"), ("still", 36, "dissolve:8"), ("slowpan", 72, "cut"),
    ("fast", 40, "cut"), ("zoom", 72, "fade:12"), ("landscape", 48, "cut"), ("cross", 72, "cut"),
    ("subtitles", 60, "cut"), ("water", 72, "dissolve:24"), ("parallax", 72, "cut"), ("held_limb", 72, "fade:6"),
    ("sign", 48, "cut"), ("credits", 60, "cut"),
)  # fmt: skip
_NIGHT = (
    ("landscape", 60, "fade:12"), ("shake", 90, "cut"), ("lipflap", 60, "dissolve:10"), ("aura", 72, "cut"),
    ("strobe", 48, "cut"), ("held_limb", 84, "cut"), ("smoke", 84, "cut"), ("flat", 72, "dissolve:16"),
    ("sparkles", 60, "cut"), ("fast", 48, "cut"), ("glow", 60, "cut"), ("same_place_a", 36, "cut"),
    ("same_place_b", 36, "fade:16"), ("zoom", 60, "cut"), ("pan", 72, "cut"), ("strobe", 36, "dissolve:12"),
    ("subtitles", 48, "cut"), ("water", 60, "cut"), ("still", 30, "cut"), ("credits", 48, "cut"),
)  # fmt: skip
ACCURACY_PLANS: dict[str, Plan] = {
    "travel": plan_of(_TRAVEL),
    "night": plan_of(_NIGHT, Style(crf=23)),
    "travel_grain": plan_of(_TRAVEL, Style(grain=2.5, crf=20)),
    "night_grain": plan_of(_NIGHT, Style(grain=4.0, crf=18, line=1.9, chroma=0.85)),
}
"""About 50 s each: every kind of shot and of transition, on clean and on grainy material."""

FAST_EDIT = plan_of([
    ("landscape", 30, "cut"), ("smear", 8, "cut"), ("still", 5, "cut"), ("whip", 36, "cut"), ("lipflap", 4, "cut"),
    ("cross", 6, "cut"), ("sparkles", 5, "cut"), ("smear", 7, "cut"), ("aura", 4, "cut"), ("tilt", 6, "cut"),
    ("fast", 8, "cut"), ("still", 4, "cut"), ("held_limb", 5, "cut"), ("glow", 7, "cut"), ("smear", 48, "cut"),
    ("shake", 6, "cut"), ("pan", 4, "cut"), ("flat", 8, "cut"), ("landscape", 30, "cut"),
])  # fmt: skip
"""Ten seconds of action: shots of 4 to 8 frames between whip pans and smears. Such short shots only meet in cuts."""
