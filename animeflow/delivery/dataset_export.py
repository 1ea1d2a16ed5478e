"""The exports of a shard, written side by side: each is the content of a repository of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from animeflow.delivery.clips import by_video, frame_times
from animeflow.delivery.episode_export import Episode, episodes_file, export_episode
from animeflow.delivery.episode_numbers import episode_numbers
from animeflow.delivery.export_files import ExportFiles
from animeflow.delivery.folder_export import export_folder
from animeflow.delivery.layers_export import export_layers
from animeflow.delivery.published_layers import PublishedLayers
from animeflow.settings.delivery import ExportSettings
from animeflow.tables.handle import Handle
from animeflow.tables.specs import TABLES
from animeflow.tables.staging import Staging


@dataclass(frozen=True)
class ExportRun:
    """The table `dataset_export`, and the summary of the `folder` export where it was written."""

    tables: Mapping[str, pa.Table]
    summary: Mapping[str, Any]


def build_exports(
    inputs: Mapping[str, Handle], staging: Staging, settings: ExportSettings, *, threads: int = 1
) -> ExportRun:
    """Write the exports of a shard that the settings ask for under media/<export>/data/<shard>/.

    `inputs` are {asset: handle} of the stage's inputs. `embeddings` may be among them. A video without published layers
    has no episode; what is missing is listed in the summary and in the published manifest.
    """
    rows: list[dict[str, Any]] = []
    summary: dict[str, Any] = {}
    for kind in settings.kinds:
        files = ExportFiles(kind, staging)
        if kind == "folder":
            summary = export_folder(inputs, files, settings)
        elif kind == "layers":
            export_layers(inputs["smoothed_layers"], files)
        else:
            _export_episodes(inputs, files, settings, threads)
        rows += files.rows
    rows.sort(key=lambda row: (row["export"], row["path"]))
    return ExportRun({"dataset_export": TABLES["dataset_export"].table(rows)}, summary)


def _export_episodes(
    inputs: Mapping[str, Handle], files: ExportFiles, settings: ExportSettings, threads: int
) -> None:
    layers = PublishedLayers(inputs["smoothed_layers"])
    episodes = []
    videos = _videos(inputs["shard_files"])
    numbers = episode_numbers([video["path"] for video in videos])
    for number, video in zip(numbers, videos, strict=True):
        if video["video_id"] not in layers.videos:
            continue
        episode = _episode(number, video, inputs, layers)
        export_episode(episode, layers, files, jpeg_quality=settings.jpeg_quality, threads=threads)
        episodes.append(episode)
    files.write_text("episodes.json", episodes_file(episodes))


def _videos(shard_files: Handle) -> list[dict[str, Any]]:
    return sorted((row for row in shard_files.rows() if row["usable"]), key=lambda row: str(row["path"]))


def _episode(
    number: int, video: Mapping[str, Any], inputs: Mapping[str, Handle], layers: PublishedLayers
) -> Episode:
    video_id = video["video_id"]
    clips = by_video(row for row in inputs["kept_clips"].rows() if row["keep"]).get(video_id, [])
    return Episode(
        number=number,
        video_id=video_id,
        path=video["path"],
        times=frame_times(inputs["frame_signals"], video_id),
        clips=clips,
        drawings=layers.drawings(video_id, clips),
        motion=_column(inputs, "motion", "motion"),
        captions=_column(inputs, "captions", "caption"),
        vectors={
            row["drawing_id"]: row["vector"]
            for row in _rows(inputs, "embeddings")
            if row["vector"] is not None
        },
    )


def _rows(inputs: Mapping[str, Handle], asset: str) -> list[dict[str, Any]]:
    return inputs[asset].rows() if asset in inputs else []


def _column(inputs: Mapping[str, Handle], asset: str, column: str) -> dict[str, Any]:
    """{clip_id: value}."""
    return {row["clip_id"]: row[column] for row in _rows(inputs, asset)}
