"""The table of stages: one row per asset. Whoever adds a stage begins here.

`settings` names the parts of the settings tree that change the result (dotted paths), `code_version` is raised when
the code changes it. `tables` are the tables the asset writes, the first one named like the asset.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class StageSpec:
    """One asset of the graph."""

    name: str
    group: str
    description: str
    inputs: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()
    code_version: str = "1"
    pool: str | None = None
    kinds: tuple[str, ...] = ("python",)
    partitioned: bool = True
    priority: int = 0
    retry: bool = False
    job: str = "everything"

    def __post_init__(self) -> None:
        object.__setattr__(self, "tables", self.tables or (self.name,))


_STAGES = (
    StageSpec(
        "shard_files", "source", "Verified download, safe extraction; one row per file with the full probe, or its error.",
        settings=("source", "shots.decode.max_pixels", "shots.decode.max_frames"), pool="download", kinds=("file", "pyav"),
        retry=True, job="ingest", code_version="6",
    ),
    StageSpec(
        "frame_signals", "shots", "The one decode: what later stages need of every frame, by CPU arithmetic only.",
        ("shard_files",), ("shots.decode",), kinds=("pyav", "numpy"), job="ingest", code_version="4",
    ),
    StageSpec(
        "text_boxes", "shots", "Recognised text on sampled frames, from the same decode.",
        ("shard_files",), ("shots.decode", "shots.text", "models.text", "models.device", "models.dtype"), kinds=("onnx",), job="ingest",
        code_version="4",
    ),
    StageSpec(
        "shots", "shots", "Cuts and transitions, and the network's probability per frame, from stored thumbnails.",
        ("frame_signals",), ("shots.detector", "shots.prediction_picture", "models.shots", "models.device", "models.dtype"), ("shots", "shot_probabilities", "shot_pictures"), kinds=("pytorch",), job="ingest", code_version="4",
    ),
    StageSpec(
        "drawings", "shots", "Which frames repeat which drawing.",
        ("frame_signals", "shots"), ("shots.drawings",), kinds=("numpy",), job="ingest", code_version="6",
    ),
    StageSpec(
        "clips", "shots", "Clips by policy: shots without their transitions, of allowed length.",
        ("frame_signals", "shots"), ("shots.clips",), kinds=("numpy",), job="ingest", code_version="3",
    ),
    StageSpec(
        "av1_videos", "media", "MKV/AV1 with every audio, subtitle, chapter and font stream; key frames on cuts.",
        ("shard_files", "frame_signals", "shots"), ("media.av1",), pool="encode", kinds=("ffmpeg", "av1"), job="ingest",
        code_version="4",
    ),
    StageSpec(
        "key_frames", "media", "Pictures per shot: the middle frame and the first clear, colourful one.",
        ("shard_files", "frame_signals", "shots"), ("media.key_frames",), kinds=("pyav", "webp"), job="ingest",
    ),
    StageSpec(
        "flash", "measures", "General and red flashes per second, per clip; no decode.",
        ("shard_files", "frame_signals", "clips"), ("measures.flash",), kinds=("numpy",), job="curate",
        code_version="3",
    ),
    StageSpec(
        "statistics", "measures", "Picture statistics per clip; no decode.",
        ("frame_signals", "clips", "drawings"), ("measures.statistics",), kinds=("numpy",), job="curate",
    ),
    StageSpec(
        "text", "measures", "Share of the frame under text, per clip.",
        ("text_boxes", "clips"), ("measures.text",), kinds=("numpy",), job="curate", code_version="9",
    ),
    StageSpec(
        "quality", "measures", "DOVER quality per clip; null with the reason when its weights are not here.",
        ("shard_files", "clips", "drawings"), ("measures.quality", "measures.sampling"),
        pool="gpu", kinds=("pytorch",), job="curate",
    ),
    StageSpec(
        "aesthetics", "measures", "Aesthetic score per clip; null with the reason when its weights are not here.",
        ("shard_files", "clips", "drawings"), ("measures.aesthetics", "measures.sampling"),
        pool="gpu", kinds=("pytorch",), job="curate",
    ),
    StageSpec(
        "motion", "measures", "Optical flow between drawings, per clip.",
        ("shard_files", "frame_signals", "clips", "drawings"), ("measures.motion", "measures.sampling", "models.flow"),
        pool="gpu", kinds=("opencv",), job="curate",
    ),
    StageSpec(
        "kept_clips", "curation", "Keep or drop, with every reason: a pure function of measures and thresholds.",
        ("clips", "flash", "statistics", "text", "quality", "aesthetics", "motion"), ("curation",),
        kinds=("python",), job="curate", code_version="2",
    ),
    StageSpec(
        "clip_videos", "media", "Kept clips as files: stream copy from forced key frames, re-encoded where none is there.",
        ("av1_videos", "kept_clips", "clips"), ("media.clips", "media.av1"), pool="encode", kinds=("ffmpeg", "av1"), job="curate",
        code_version="6",
    ),
    StageSpec(
        "segmentation", "layers", "Seed masks and instances per drawing of every kept clip.",
        ("shard_files", "kept_clips", "drawings"), ("layers.segmentation", "layers.character", "models.segment", "models.matte", "models.device", "models.dtype"), pool="gpu", kinds=("onnx",), job="layers",
        code_version="3",
    ),
    StageSpec(
        "background_layers", "layers", "Motion per frame, the plate, its hole and provenance map, noise and fitness.",
        ("shard_files", "kept_clips", "drawings", "segmentation"), ("layers.background", "layers.character", "models.inpaint"),
        ("background_layers", "background_pictures", "camera_motion"), pool="gpu", kinds=("opencv",), job="layers",
        code_version="3",
    ),
    StageSpec(
        "character_layers", "layers", "Character masks and straight RGBA per drawing.",
        ("shard_files", "kept_clips", "drawings", "segmentation", "background_layers"), ("layers.character", "layers.segmentation"),
        pool="gpu", kinds=("opencv",), job="layers", code_version="3",
    ),
    StageSpec(
        "effect_layers", "layers", "Additive and see-through effect layers per drawing.",
        ("shard_files", "kept_clips", "drawings", "background_layers", "character_layers"), ("layers.effects", "layers.character"),
        pool="gpu", kinds=("opencv",), job="layers",
    ),
    StageSpec(
        "smoothed_layers", "layers", "The published layers: stable alpha, colour solved again, recomposition measured.",
        ("shard_files", "kept_clips", "drawings", "background_layers", "character_layers", "effect_layers"),
        ("layers.smoothing", "layers.character"), ("smoothed_layers", "layer_clips"), pool="gpu", kinds=("opencv",), job="layers",
        code_version="2",
    ),
    StageSpec(
        "annotations", "annotation", "Shot scale, palette, motion class, camera move, text and holds.",
        ("frame_signals", "clips", "kept_clips", "drawings", "motion", "text", "background_layers", "smoothed_layers"),
        ("annotation.labels",),
        ("annotations", "drawing_annotations"), kinds=("numpy",), job="layers", code_version="2",
    ),
    StageSpec(
        "embeddings", "annotation", "Image embeddings per drawing; null with the reason when no weights are here.",
        ("shard_files", "kept_clips", "drawings"), ("annotation.embeddings",), pool="gpu", kinds=("pytorch",), job="layers",
    ),
    StageSpec(
        "captions", "annotation", "Captions per clip; null with the reason when no weights are here.",
        ("shard_files", "kept_clips", "drawings"), ("annotation.captions",), pool="gpu", kinds=("pytorch",), job="layers",
    ),
    StageSpec(
        "audio_stems", "speech", "Vocals and accompaniment; flagged when no separator is here.",
        ("shard_files",), ("speech.separation",), pool="gpu", kinds=("audio",), job="layers",
    ),
    StageSpec(
        "transcripts", "speech", "Voice activity, and transcribed segments with SRT and VTT where weights are present.",
        ("shard_files", "clips", "audio_stems"), ("speech.transcription", "models.voice", "models.transcribe", "models.device", "models.dtype"),
        ("transcripts", "transcript_files"), pool="gpu", kinds=("audio", "onnx"), job="layers",
    ),
    StageSpec(
        "image_archives", "delivery", "Key frames of kept clips as numbered WebP in a deterministic tar.gz, verified.",
        ("frame_signals", "key_frames", "kept_clips"), ("delivery.archives",), ("image_archives", "archive_images"),
        kinds=("webp", "tar"), job="publish", code_version="2",
    ),
    StageSpec(
        "dataset_export", "delivery", "The export folders: `folder` and `episode`.",
        (
            "shard_files", "frame_signals", "clips", "kept_clips", "drawings", "clip_videos", "smoothed_layers", "annotations",
            "captions", "transcripts", "flash", "statistics", "text", "quality", "aesthetics", "motion",
        ),
        ("delivery.exports",), kinds=("file",), job="publish", code_version="4",
    ),
    StageSpec(
        "published_videos", "delivery", "The encodes in the target, verified; manifest last.",
        ("av1_videos",), ("delivery.targets",), pool="publish", kinds=("file",), retry=True, job="publish",
    ),
    StageSpec(
        "published_archives", "delivery", "The WebP archives in the target, verified; manifest last.",
        ("image_archives",), ("delivery.targets",), pool="publish", kinds=("file",), retry=True, job="publish",
    ),
    StageSpec(
        "published_dataset", "delivery", "The export in the target, verified; manifest last.",
        ("dataset_export",), ("delivery.targets",), pool="publish", kinds=("file",), retry=True, job="publish",
    ),
    StageSpec(
        "source_catalog", "catalog", "Units of the source with digest and completeness.", settings=("source",),
        partitioned=False, kinds=("file",), job="catalog",
    ),
    StageSpec(
        "dataset_index", "catalog", "All clips of all shards, with measures, decision, licences and provenance.",
        ("dataset_export",), partitioned=False, kinds=("parquet",), job="catalog", code_version="2",
    ),
    StageSpec(
        "calibration_report", "catalog", "Quantiles of every measure and what each threshold would keep.",
        ("kept_clips",), ("catalog.calibration", "curation"), ("calibration_report", "threshold_retention"),
        partitioned=False, kinds=("parquet",), job="catalog",
    ),
    StageSpec(
        "character_identities", "catalog", "The same character across clips; null with the reason without embeddings.",
        ("embeddings", "smoothed_layers"), ("catalog.identities",), partitioned=False, kinds=("parquet",), job="catalog",
    ),
)  # fmt: skip

STAGES: dict[str, StageSpec] = {stage.name: stage for stage in _STAGES}
GROUPS: tuple[str, ...] = tuple(dict.fromkeys(stage.group for stage in _STAGES))


def select(words: tuple[str, ...]) -> list[StageSpec]:
    """Stages by their name or group, in the order of the graph; ValueError names an unknown word."""
    unknown = [word for word in words if word not in STAGES and word not in GROUPS]
    if unknown:
        raise ValueError(f"no stage or group {', '.join(map(repr, unknown))}; groups: {', '.join(GROUPS)}")
    return [stage for stage in _STAGES if not words or stage.name in words or stage.group in words]
