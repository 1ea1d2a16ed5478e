"""One module per kind of detector; which one runs is the type of its settings."""

from __future__ import annotations

import pyarrow as pa

from animeflow.models.shots import ShotNetwork
from animeflow.settings.shots import (
    AdaptiveDetector,
    ContentDetector,
    Detector,
    FusedDetector,
    TransNetV2Detector,
)
from animeflow.shots.cuts import Shots
from animeflow.shots.detectors import adaptive, content, fused, transnetv2
from animeflow.shots.detectors.evidence import Evidence
from animeflow.tables.frames import StoredFrames, stored_or_loaded
from animeflow.tables.schemas.shots import SHOT_PROBABILITIES

__all__ = ["detect_shots", "needs_network", "shot_probabilities"]


def needs_network(settings: Detector) -> bool:
    """Whether this kind looks at a network's probabilities."""
    return isinstance(settings, TransNetV2Detector | FusedDetector)


def shot_probabilities(signals: pa.Table | StoredFrames, network: ShotNetwork | None) -> pa.Table:
    """The table `shot_probabilities` of a video from its stored thumbnails; null in every row without a network."""
    rows = signals.num_rows
    columns = {"video_id": signals["video_id"].combine_chunks(), "frame": signals["frame"].combine_chunks()}
    if network is None:
        return SHOT_PROBABILITIES.from_columns(
            columns | {"single": pa.nulls(rows, pa.float32()), "many_hot": pa.nulls(rows, pa.float32())}
        )
    single, many_hot = network.probabilities(stored_or_loaded(signals))
    return SHOT_PROBABILITIES.from_columns(columns | {"single": single, "many_hot": many_hot})


def detect_shots(
    signals: pa.Table | StoredFrames, probabilities: pa.Table | None, settings: Detector
) -> Shots:
    """Cuts and transitions of one video: a pure function of stored tables, milliseconds to seconds, no decode.

    Raises ContractError where the kind needs probabilities and there are none.
    """
    if signals.num_rows == 0:
        return Shots(0, ())
    evidence = Evidence.of(signals, probabilities if needs_network(settings) else None)
    match settings:
        case ContentDetector():
            cuts = content.find(evidence, settings)
        case AdaptiveDetector():
            cuts = adaptive.find(evidence, settings)
        case TransNetV2Detector():
            cuts = transnetv2.find(evidence, settings)
        case FusedDetector():
            return fused.detect(evidence, settings)
    return Shots(evidence.frames, cuts)
