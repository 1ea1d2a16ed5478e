"""All that follows from one decode without a network: shots (content, adaptive), clips, drawings, flash, statistics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa

from animeflow.measures.flash import measure_flash
from animeflow.measures.statistics import measure_statistics
from animeflow.settings.measures import FlashSettings, StatisticsSettings
from animeflow.settings.media import KeyFrameSettings
from animeflow.settings.shots import (
    AdaptiveDetector,
    ClipSettings,
    ContentDetector,
    DrawingSettings,
    ShotsSettings,
)
from animeflow.shots.clips import cut_clips
from animeflow.shots.detectors import detect_shots
from animeflow.shots.drawings import find_drawings
from animeflow.shots.signals import analyse

VIDEO = "0" * 16
THREADS = 2  # of the decoder, on both sides


def everything(video: Path) -> dict[str, pa.Table]:
    """The tables of a video by name: `frame_signals` and what the stages make of it."""
    signals, _ = analyse(video, video_id=VIDEO, settings=ShotsSettings(), threads=THREADS)
    detect_shots(signals, None, ContentDetector())
    shots = detect_shots(signals, None, AdaptiveDetector())
    clips = cut_clips(signals, shots, ClipSettings(), video_id=VIDEO)
    drawings = find_drawings(signals, shots, DrawingSettings(), video_id=VIDEO)
    rows: list[dict[str, Any]] = clips.to_pylist()
    return {
        "frame_signals": signals,
        "shots": shots.table(VIDEO, signals),
        "clips": clips,
        "drawings": drawings,
        "flash": measure_flash(signals, rows, FlashSettings()),
        "statistics": measure_statistics(signals, rows, drawings.to_pylist(), StatisticsSettings()),
    }


def key_frames(video: Path, tables: dict[str, pa.Table], folder: Path) -> pa.Table:
    """The key frames of a video as WebP in `folder`: two pictures a shot."""
    from animeflow.media.decode.seeking import FrameTimes
    from animeflow.media.key_frames import key_frames_to_table
    from animeflow.tables.frames import pts, values
    from animeflow.tables.staging import Staging

    signals = tables["frame_signals"]
    return key_frames_to_table(
        video,
        tables["shots"].to_pylist(),
        saturation=values(signals, "saturation"),
        sharpness=values(signals, "sharpness"),
        times=FrameTimes.of_frames(pts(signals)),
        video_id=VIDEO,
        staging=Staging.begin("key_frames", "shard", folder),
        settings=KeyFrameSettings(),
    )
