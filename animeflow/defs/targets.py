"""Where each publication goes, which is part of what goes into it: another target is another publication."""

from __future__ import annotations

from animeflow.settings.hubs import Target
from animeflow.settings.tree import Settings
from animeflow.tables.digests import digest

TARGETS = {
    "published_videos": "delivery.targets.videos",
    "published_archives": "delivery.targets.archives",
    "published_dataset": "delivery.targets.dataset",
}


def target_of(stage: str, settings: Settings) -> Target:
    """The place that a publishing stage writes to."""
    place = settings.part(TARGETS[stage])
    assert isinstance(place, Target)
    return place


def target_origin(stage: str, settings: Settings) -> dict[str, str]:
    """What of the target goes into the stage's input digest (never the location itself); empty for other stages."""
    if stage not in TARGETS:
        return {}
    place = target_of(stage, settings)
    return {"target": digest(f"{place.hub.location}/{place.prefix}")}
