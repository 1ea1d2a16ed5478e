"""Where each publication goes, which is part of what goes into it: another target is another publication."""

from __future__ import annotations

from animeflow.settings.hubs import Target
from animeflow.settings.tree import Settings

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
