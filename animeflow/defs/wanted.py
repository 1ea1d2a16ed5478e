"""Which models each stage asks for, as data: one table opens a stage and judges its staleness."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from animeflow.settings.shots import FusedDetector, TransNetV2Detector
from animeflow.settings.tree import Settings


@dataclass(frozen=True)
class Choice:
    """A model that a stage asks for: its task and the setting that chooses its kind.

    Without an `optional` one the stage still runs, and says why something is null. `when` says under which settings it
    is asked for at all. `at_once` models of the stage compute at the same time and share its threads.
    """

    task: str
    setting: str
    optional: bool = False
    when: Callable[[Settings], bool] = lambda _: True
    at_once: int = 1


@dataclass(frozen=True)
class Wanted:
    """A choice as the settings make it; no config where no kind is chosen."""

    task: str
    setting: str
    config: BaseModel | None
    optional: bool
    at_once: int = 1


def _needs_network(settings: Settings) -> bool:
    return isinstance(settings.shots.detector, TransNetV2Detector | FusedDetector)


CHOICES: dict[str, dict[str, Choice]] = {
    "text_boxes": {"text": Choice("text", "models.text", optional=True, when=lambda s: s.shots.text.enabled)},
    "shots": {"network": Choice("shots", "models.shots", when=_needs_network)},
    "quality": {"scorer": Choice("score", "measures.quality.model", optional=True)},
    "aesthetics": {"scorer": Choice("score", "measures.aesthetics.model", optional=True)},
    "motion": {"flow": Choice("flow", "models.flow")},
    "segmentation": {
        "segment": Choice("segment", "models.segment", at_once=2),
        "matte": Choice("matte", "models.matte", at_once=2),
    },
    "background_layers": {"inpaint": Choice("inpaint", "models.inpaint")},
    "embeddings": {"embedder": Choice("embed", "annotation.embeddings.model", optional=True)},
    "captions": {"captioner": Choice("caption", "annotation.captions.model", optional=True)},
    "audio_stems": {"separator": Choice("separate", "speech.separation.model", optional=True)},
    "transcripts": {
        "voice": Choice("transcribe", "models.voice"),
        "recogniser": Choice("transcribe", "models.transcribe", optional=True),
    },
}


def wanted_by(stage: str, settings: Settings) -> Mapping[str, Wanted]:
    """The models of a stage by the name under which it asks for them; none for most stages."""
    return {
        name: Wanted(
            choice.task, choice.setting, settings.part(choice.setting), choice.optional, choice.at_once
        )
        for name, choice in CHOICES.get(stage, {}).items()
        if choice.when(settings)
    }
