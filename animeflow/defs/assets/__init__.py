"""The assets, one module per group.

Two rules of these modules: no `from __future__ import annotations` (Dagster looks at the type of `context` itself),
and the core functions are imported inside the asset, so that loading the definitions needs neither OpenCV nor torch.
"""

from __future__ import annotations

from animeflow.defs.assets import (
    annotation,
    catalog,
    curation,
    delivery,
    layers,
    measures,
    media,
    shots,
    source,
    speech,
)

ASSETS = [
    source.shard_files,
    shots.one_decode,
    shots.shots,
    shots.drawings,
    shots.clips,
    media.av1_videos,
    media.key_frames,
    measures.flash,
    measures.statistics,
    measures.text,
    measures.quality,
    measures.aesthetics,
    measures.motion,
    curation.kept_clips,
    media.clip_videos,
    layers.segmentation,
    layers.background_layers,
    layers.character_layers,
    layers.effect_layers,
    layers.smoothed_layers,
    annotation.annotations,
    annotation.embeddings,
    annotation.captions,
    speech.audio_stems,
    speech.transcripts,
    delivery.image_archives,
    delivery.dataset_export,
    delivery.published_videos,
    delivery.published_archives,
    delivery.published_dataset,
    catalog.source_catalog,
    catalog.dataset_index,
    catalog.calibration_report,
    catalog.character_identities,
]
