"""Which models each stage asks for, as a function of the settings: one table opens a stage and judges its staleness."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from pydantic import BaseModel

from animeflow.settings.tree import Settings

Wanted = Mapping[
    str, tuple[str, BaseModel]
]  # name in the stage -> (task, the settings value that chose a kind)


def _text(settings: Settings) -> Wanted:
    return {"text": ("text", settings.models.text)} if settings.shots.text.enabled else {}


WANTED: dict[str, Callable[[Settings], Wanted]] = {
    "text_boxes": _text,
}

# Models without which the stage still runs and says why something is null.
OPTIONAL: dict[str, tuple[str, ...]] = {
    "text_boxes": ("text",),
}


def wanted_by(stage: str, settings: Settings) -> Wanted:
    """The models of a stage; none for most."""
    return WANTED[stage](settings) if stage in WANTED else {}
