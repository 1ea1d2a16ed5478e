"""The root of the settings tree: one section per stage package, named like it."""

from __future__ import annotations

from typing import Any

from animeflow.settings.annotation import AnnotationSettings
from animeflow.settings.base import Section, no_digest
from animeflow.settings.catalog import CatalogSettings
from animeflow.settings.curation import CurationSettings
from animeflow.settings.delivery import DeliverySettings
from animeflow.settings.layers import LayersSettings
from animeflow.settings.measures import MeasuresSettings
from animeflow.settings.media import MediaSettings
from animeflow.settings.models import ModelsSettings
from animeflow.settings.run import LogSettings, RunSettings
from animeflow.settings.shots import ShotsSettings
from animeflow.settings.source import SourceSettings
from animeflow.settings.speech import SpeechSettings


class Settings(Section):
    """Everything that can be set."""

    profile: str = no_digest("embedded")
    """Name of the profile the tree started from."""
    run: RunSettings = RunSettings()
    log: LogSettings = LogSettings()
    models: ModelsSettings = ModelsSettings()
    source: SourceSettings = SourceSettings()
    shots: ShotsSettings = ShotsSettings()
    media: MediaSettings = MediaSettings()
    measures: MeasuresSettings = MeasuresSettings()
    curation: CurationSettings = CurationSettings()
    layers: LayersSettings = LayersSettings()
    annotation: AnnotationSettings = AnnotationSettings()
    speech: SpeechSettings = SpeechSettings()
    delivery: DeliverySettings = DeliverySettings()
    catalog: CatalogSettings = CatalogSettings()

    def part(self, path: str) -> Any:
        """The section or value at a dotted path (`shots.detector`)."""
        node: Any = self
        for word in path.split("."):
            node = getattr(node, word)
        return node

    def digest_parts(self, paths: tuple[str, ...]) -> dict[str, Any]:
        """What of the named parts can change a result, for the input digest of a stage."""
        parts = {}
        for path in paths:
            node = self.part(path)
            parts[path] = node.digest_view() if isinstance(node, Section) else node
        return parts
