"""The tables of the groups source, shots and media for a drawn video."""

from __future__ import annotations

import io

import av
import numpy as np
from PIL import Image

from animeflow.tables import ids
from animeflow.tables.schemas.shots import THUMB_HEIGHT, THUMB_WIDTH
from animeflow.tables.staging import Staging
from animeflow_tests.report.shard_writer import (
    KEPT,
    RATE,
    SHARD,
    TIME_BASE,
    DrawnVideo,
    Row,
    Writer,
    clip_of,
    clip_span,
    pts,
    put,
    webp,
)

DIFFERENCES = ("diff_rgb", "diff_rms", "diff_block", "delta_hue", "delta_sat", "delta_lum")


def write_source(writer: Writer) -> None:
    rows: list[Row] = []
    staging = writer.workspace.staging(SHARD, "shard_files")
    for video in writer.videos:
        height, width = video.frames.shape[1:3]
        source = put(staging, f"{video.id}.mkv", encode(video.frames))
        rows.append(
            {
                "path": video.name,
                "video_id": video.id,
                "size_bytes": 3_456_789,
                "sha256": video.sha256,
                "usable": True,
                "media_path": source["media_path"],
                "container": "matroska,webm",
                "duration_s": 12.0,
                "codec": "h264",
                "frames": len(video.frames),
                "width": width,
                "height": height,
                "time_base_num": TIME_BASE[0],
                "time_base_den": TIME_BASE[1],
                "first_pts": pts(0),
                "last_pts": pts(len(video.frames) - 1),
                "rate_num": RATE,
                "rate_den": 1,
                "variable_rate": False,
                "sar_num": 1,
                "sar_den": 1,
                "rotation": 0,
                "pix_fmt": "yuv420p",
                "bit_depth": 8,
                "color_primaries": 1,
                "color_transfer": 1,
                "color_space": 1,
                "color_range": 1,
                "interlaced": False,
                "audio_json": '[{"codec": "aac"}]',
                "subtitles_json": '[{"codec": "ass"}]',
                "attachments_json": "[]",
                "chapters_json": "[]",
                "start_time_s": 0.0,
                "key_frames": 1,
                "last_duration": 1000 // RATE,
                "times_sound": True,
                "truncated": False,
                "field_order": "progressive",
                "hdr_dynamic": "none",
                "tags_json": '{"container":{},"video":{}}',
                "unmapped_json": "[]",
            }
        )
    rows += [
        {"path": bad.path, "size_bytes": 12, "usable": False, "error": bad.message} for bad in writer.bad
    ]
    writer.finish("shard_files", {"shard_files": rows}, staging=staging)


def encode(frames: np.ndarray) -> bytes:
    """Frames as H.264 in Matroska."""
    sink = io.BytesIO()
    with av.open(sink, "w", format="matroska") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast", "crf": "12"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    return sink.getvalue()


def write_shots(writer: Writer) -> None:
    signals, shots, probabilities, clips, drawings, text = [], [], [], [], [], []
    for video in writer.videos:
        signals += _signals(video)
        shots += _shots(video)
        clips += _clips(video)
        drawings += _drawings(video)
        cuts = set(video.starts[1:-1])
        count = len(video.frames)
        probabilities += [
            {"video_id": video.id, "frame": f, "single": 0.97 if f + 1 in cuts else 0.02, "many_hot": 0.1}
            for f in range(count)
        ]
        text += [
            {"video_id": video.id, "frame": f, "width": 128, "height": 72, "method": "read", "boxes": []}
            for f in range(0, count, 12)
        ]
    writer.finish("frame_signals", {"frame_signals": signals}, decoded=1.0)
    writer.finish("text_boxes", {"text_boxes": text})
    staging = writer.workspace.staging(SHARD, "shots")
    pictures = [_page(staging, video) for video in writer.videos]
    tables = {"shots": shots, "shot_probabilities": probabilities, "shot_pictures": pictures}
    writer.finish("shots", tables, staging=staging)
    writer.finish("drawings", {"drawings": drawings})
    writer.finish("clips", {"clips": clips})


def _signals(video: DrawnVideo) -> list[Row]:
    rows, before = [], None
    for number, frame in enumerate(video.frames):
        small = Image.fromarray(frame).resize((THUMB_WIDTH, THUMB_HEIGHT), Image.Resampling.BOX)
        now = np.asarray(small).astype(np.float32)
        change = None if before is None else float(np.abs(now - before).mean())
        before = now
        rows.append(
            {
                "video_id": video.id,
                "frame": number,
                "pts": pts(number),
                "time_base_num": 1,
                "time_base_den": 1000,
                "key": number % 48 == 0,
                "corrupt": False,
                "retimed": False,
                "thumbnail": small.tobytes(),
                **dict.fromkeys(DIFFERENCES, change),
                "sharpness": 120.0,
                "brightness": float(now.mean()),
                "contrast": float(now.std()),
                "saturation": 0.4,
                "colourfulness": 30.0,
            }
        )
    return rows


def _page(staging: Staging, video: DrawnVideo) -> Row:
    """The only page of the picture of a video's probabilities; what is on it does not matter here."""
    sink = io.BytesIO()
    Image.new("RGB", (1250, 139), (20, 120, 40)).save(sink, "PNG")
    shown = {"first_frame": 0, "frames": len(video.frames), "width": 1250, "height": 139}
    return {
        "video_id": video.id,
        "page": 0,
        **shown,
        **put(staging, f"{video.id}/page_000.png", sink.getvalue()),
    }


def _shots(video: DrawnVideo) -> list[Row]:
    rows = []
    for place, (start, end) in enumerate(zip(video.starts, video.starts[1:], strict=False)):
        soft = place % 3 == 2
        rows.append(
            {
                "video_id": video.id,
                "shot": place,
                "start": start,
                "end": end,
                "start_pts": pts(start),
                "end_pts": pts(end),
                "cut_kind": "start" if not place else "dissolve" if soft else "hard",
                "transition_start": start - 2 if soft else None,
                "transition_end": start + 2 if soft else None,
                "score": 0.97 if place else None,
            }
        )
    return rows


def _clips(video: DrawnVideo) -> list[Row]:
    rows = []
    for place in range(len(video.shots)):
        start, end = clip_span(video, place)
        rows.append(
            {
                "clip_id": ids.clip_id(video.id, start, end),
                "video_id": video.id,
                "shot": place,
                "start": start,
                "end": end,
                "start_pts": pts(start),
                "end_pts": pts(end),
                "time_base_num": 1,
                "time_base_den": 1000,
                "frames": end - start,
                "duration_s": (pts(end) - pts(start)) / 1000,
                "trimmed_start": start - video.starts[place],
                "trimmed_end": video.starts[place + 1] - end,
            }
        )
    return rows


def _drawings(video: DrawnVideo) -> list[Row]:
    rows = []
    for place, shot in enumerate(video.shots):
        base = video.starts[place]
        firsts = [int(f) for f in np.flatnonzero(np.diff(shot.drawing, prepend=-1))]
        for first, after in zip(firsts, [*firsts[1:], len(shot.frames)], strict=True):
            start, end = base + first, base + after
            rows.append(
                {
                    "drawing_id": ids.drawing_id(video.id, start),
                    "video_id": video.id,
                    "shot": place,
                    "start": start,
                    "end": end,
                    "hold": end - start,
                    "change": 20.0 if start else None,
                }
            )
    return rows


def write_media(writer: Writer) -> None:
    encodes = writer.workspace.staging(SHARD, "av1_videos")
    pictures = writer.workspace.staging(SHARD, "key_frames")
    rows, keys = [], []
    for video in writer.videos:
        file = put(encodes, f"{video.id}.mkv", b"av1" * 400_000)
        rows.append(
            {
                "video_id": video.id,
                **file,
                "source_bytes": 3_456_789,
                "frames": len(video.frames),
                "key_frames": 7,
                "cuts": 5,
                "encoder": "SVT-AV1 4.2.0",
                "profile": "animation",
                "crf": 26.0,
                "ssim": 0.9874,
                "metric": "ssim",
                "metric_value": 0.9874,
                "streams_json": "[]",
            }
        )
        for place in range(len(video.shots)):
            middle = (video.starts[place] + video.starts[place + 1]) // 2
            frame = video.frames[middle]
            for role in ("middle", "cover"):
                picture = put(pictures, f"{video.id}-{place}-{role}.webp", webp(frame))
                keys.append(
                    {
                        "video_id": video.id,
                        "shot": place,
                        "frame": middle,
                        "role": role,
                        **picture,
                        "width": frame.shape[1],
                        "height": frame.shape[0],
                    }
                )
    writer.finish("av1_videos", {"av1_videos": rows}, staging=encodes, decoded=1.0)
    writer.finish("key_frames", {"key_frames": keys}, staging=pictures, decoded=0.2)
    clips = writer.workspace.staging(SHARD, "clip_videos")
    files = [
        {
            "clip_id": clip_of(video, place),
            "video_id": video.id,
            **put(clips, f"{clip_of(video, place)}.mkv", b"clip"),
            "frames": 10,
            "method": "copy" if place else "encode",
        }
        for video in writer.videos
        for place, shot in enumerate(video.shots)
        if shot.kind in KEPT
    ]
    writer.finish("clip_videos", {"clip_videos": files}, staging=clips)
