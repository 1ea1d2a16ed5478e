"""What made a shard's results, as columns: models, weights, licences, settings, contents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from animeflow.tables.handle import Handle


def provenance_columns(assets: Mapping[str, Handle]) -> dict[str, list[str]]:
    """The provenance of finished assets as sorted lists of text, one entry per fact."""
    adapters: set[str] = set()
    weights: set[str] = set()
    licences: set[str] = set()
    settings, contents = [], []
    for name in sorted(assets):
        manifest = assets[name].manifest
        contents.append(f"{name}={manifest.content_digest}")
        if digest := manifest.provenance.get("settings_digest"):
            settings.append(f"{name}={digest}")
        for word, model in sorted(_models(manifest.provenance).items()):
            adapters.add(f"{name}/{word}={model['kind']}")
            licences.add(str(model["licence"]))
            weights.update(f"{weight}={sha256}" for weight, sha256 in model["weights"].items())
    return {
        "adapters": sorted(adapters),
        "weights": sorted(weights),
        "licences": sorted(licences),
        "settings_digests": settings,
        "content_digests": contents,
    }


def _models(provenance: Mapping[str, Any]) -> Mapping[str, Any]:
    models = provenance.get("models", {})
    return models if isinstance(models, Mapping) else {}
