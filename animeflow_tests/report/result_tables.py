"""The tables of the groups measures, curation, annotation, speech and delivery for a drawn video."""

from __future__ import annotations

import json

from animeflow.sample import DrawnShot
from animeflow.tables import ids
from animeflow_tests.report.shard_writer import (
    KEPT,
    SHARD,
    Row,
    Writer,
    clip_of,
    clip_span,
    put,
)


def write_measures(writer: Writer) -> None:
    tables: dict[str, list[Row]] = {
        name: [] for name in ("flash", "statistics", "text", "quality", "aesthetics", "motion")
    }
    for video in writer.videos:
        for place, shot in enumerate(video.shots):
            head = {"clip_id": clip_of(video, place), "video_id": video.id}
            for name, values in _measures(shot, place).items():
                tables[name].append({**head, **values})
    for name, rows in tables.items():
        writer.finish(name, {name: rows}, decoded=0.25 if name == "motion" else 0.0)


def _measures(shot: DrawnShot, place: int) -> dict[str, Row]:
    luma = shot.frames.mean(axis=(1, 2, 3))
    covered = 0.11 if shot.kind == "credits" else 0.0
    none = "no model: weights_missing"
    return {
        "flash": {
            "general_flashes": 5.0 if shot.kind == "strobe" else 0.0,
            "red_flashes": 0.0,
            "brightness_jumps": 0.5 if shot.kind == "strobe" else 0.0,
            "broadcast_flashes": 5.0 if shot.kind == "strobe" else 0.0,
            "broadcast_red_flashes": 0.0,
            "flash_area_max": 1.0 if shot.kind == "strobe" else 0.0,
            "longest_flashing_s": 0.9 if shot.kind == "strobe" else 0.0,
        },
        "statistics": {
            "sharpness": 90.0 + 31 * place,
            "brightness": float(luma.mean()),
            "contrast": float(shot.frames.std()),
            "saturation": 0.35 + 0.04 * place,
            "colourfulness": 22.0 + 3 * place,
            "still_share": 1 - len(set(shot.drawing.tolist())) / len(shot.frames),
            "corrupt_share": 0.0,
            "black_share": 0.0,
        },
        "text": {
            "text_area_max": covered,
            "text_area_mean": covered / 2,
            "subtitle_area_max": 0.0,
            "other_area_max": covered,
            "sampled_frames": 3,
            "text": "STAFF" if covered else None,
            "reason": None,
        },
        "quality": {"reason": none},
        "aesthetics": {"reason": none},
        "motion": {
            "motion": 40.0 * place if place != 4 else None,
            "motion_share": 0.06 * place if place != 4 else None,
            "moving_area": 0.3 if place != 4 else None,
            "drawings_per_s": 12.0,
            "pairs": 3,
            "kind": "dis",
            "reason": "one drawing: nothing to compare" if place == 4 else None,
        },
    }


def write_curation(writer: Writer) -> None:
    broken = {"strobe": ["max_flashes", "max_broadcast_flashes"], "credits": ["max_text_area"]}
    rows = []
    for video in writer.videos:
        for place, shot in enumerate(video.shots):
            start, end = clip_span(video, place)
            failed = broken.get(shot.kind, [])
            rows.append(
                {
                    "clip_id": clip_of(video, place),
                    "video_id": video.id,
                    "shot": place,
                    "start": start,
                    "end": end,
                    "keep": not failed,
                    "reason": failed[0] if failed else "kept",
                    "failed": failed,
                    "unmeasured": [],
                }
            )
    writer.finish("kept_clips", {"kept_clips": rows})


def write_annotation(writer: Writer) -> None:
    labels, captions, embeddings = [], [], []
    for video in writer.videos:
        for place, shot in enumerate(video.shots):
            if shot.kind not in KEPT:
                continue
            clip = clip_of(video, place)
            seen = shot.kind != "cross"
            palette = [{"hex": f"#{r:02x}5f8a", "share": s} for r, s in ((40, 0.5), (120, 0.3), (220, 0.2))]
            labels.append(
                {
                    "clip_id": clip,
                    "video_id": video.id,
                    "shot": place,
                    "shot_scale": "medium" if seen else None,
                    "character_share": 0.2 if seen else None,
                    "character_height": 0.7 if seen else None,
                    "palette": palette,
                    "character_palette": palette[:2] if seen else None,
                    "motion_class": "slow",
                    "camera_move": "pan_right",
                    "camera_x": 0.4,
                    "camera_y": 0.0,
                    "camera_zoom": 1.0,
                    "has_text": False,
                    "has_subtitle": False,
                    "hold_pattern": "twos",
                    "drawings": 5,
                    "hold_ones": 0.0,
                    "hold_twos": 1.0,
                    "hold_threes": 0.0,
                    "hold_longer": 0.0,
                    "derivation_json": json.dumps({"shot_scale": "no character is visible"}),
                }
            )
            captions.append(
                {"clip_id": clip, "video_id": video.id, "model": "none", "reason": "no captioner"}
            )
            embeddings.append(
                {
                    "clip_id": clip,
                    "drawing_id": ids.drawing_id(video.id, video.starts[place]),
                    "video_id": video.id,
                    "model": "none",
                    "reason": "no network",
                }
            )
    writer.finish("annotations", {"annotations": labels, "drawing_annotations": []})
    writer.finish("captions", {"captions": captions})
    writer.finish("embeddings", {"embeddings": embeddings})


def write_speech(writer: Writer) -> None:
    stems, segments = [], []
    for video in writer.videos:
        stems.append(
            {
                "video_id": video.id,
                "stream": 1,
                "sample_rate": 48000,
                "channels": 2,
                "model": "none",
                "reason": "no separator",
            }
        )
        for number, (start, end) in enumerate(((0.2, 0.8), (1.1, 1.6))):
            segments.append(
                {
                    "video_id": video.id,
                    "segment": number,
                    "stream": 1,
                    "heard": "mix",
                    "sample_rate": 48000,
                    "start_sample": int(start * 48000),
                    "end_sample": int(end * 48000),
                    "start_s": start,
                    "end_s": end,
                    "clip_ids": [clip_of(video, 0)],
                    "voice_model": "silero_vad",
                    "model": "none",
                    "reason": "no recogniser",
                }
            )
    writer.finish("audio_stems", {"audio_stems": stems})
    writer.finish("transcripts", {"transcripts": segments, "transcript_files": []})


def write_delivery(writer: Writer) -> None:
    staging = writer.workspace.staging(SHARD, "image_archives")
    archive = {
        "part": 1,
        **put(staging, "season-one.tar.gz", b"archive"),
        "pictures": 4,
        "members_sha256": "0" * 64,
    }
    writer.finish("image_archives", {"image_archives": [archive], "archive_images": []}, staging=staging)
    staging = writer.workspace.staging(SHARD, "dataset_export")
    files = [
        {
            "export": "folder",
            "path": f"clips/{clip_of(v, p)}.mkv",
            "role": "video",
            **put(staging, f"{p}.mkv", b"x"),
            "video_id": v.id,
            "clip_id": clip_of(v, p),
        }
        for v in writer.videos
        for p, shot in enumerate(v.shots)
        if shot.kind in KEPT
    ]
    writer.finish("dataset_export", {"dataset_export": files}, staging=staging)
    for name, role in (
        ("published_videos", "data"),
        ("published_archives", "data"),
        ("published_dataset", "manifest"),
    ):
        rows = [
            {"path": f"{name}/file.bin", "size_bytes": 7, "sha256": "1" * 64, "role": role, "video_id": None}
        ]
        writer.finish(name, {name: rows})
