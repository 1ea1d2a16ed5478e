"""The table `clip_videos`: the kept clips of a video as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from animeflow.media.clips.cut import clip_source, cut_clip
from animeflow.media.clips.shape import ClipShape
from animeflow.media.encode.encoders import X264, choose_encoder
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.settings.media import ClipFileSettings, MediaSettings
from animeflow.tables.specs import TABLES
from animeflow.tables.staging import Staging


def cut_to_table(
    encode: Path,
    kept: Sequence[Mapping[str, Any]],
    *,
    video_id: str,
    staging: Staging,
    settings: MediaSettings,
    ffmpeg: Path | None = None,
    on_clip: Callable[[int, int], None] | None = None,
) -> pa.Table:
    """Cut the clips (`clip_id`, `start`, `end`) out of an encode and return one row each.

    A clip that begins on a key frame is copied bit for bit unless H.264 or another size is asked for; every other one
    is encoded again. Raises EncodeError when a file does not hold exactly the frames of its clip.
    """
    spec = TABLES["clip_videos"]
    if not kept:
        return spec.empty()
    encoder = choose_encoder(settings.av1.encoder, ffmpeg or ffmpeg_path()).encoder
    clips, shape = settings.clips, clip_shape(settings.clips)
    source, rows = clip_source(encode), []
    for number, clip in enumerate(kept):
        if on_clip is not None:
            on_clip(number, len(kept))
        name = f"{video_id}/{clip['clip_id']}"
        made = cut_clip(
            source,
            staging.path(f"{name}.{shape.container}"),
            start=clip["start"],
            end=clip["end"],
            audio=clips.audio != "mute",
            muted=staging.path(f"{name}.mute.{shape.container}") if clips.audio == "both" else None,
            shape=shape,
            encoder=encoder,
            ffmpeg=ffmpeg,
            timeout_s=settings.av1.timeout_s,
        )
        silent = None if made.muted is None else staging.add(made.muted)
        rows.append(
            {
                "clip_id": clip["clip_id"],
                "video_id": video_id,
                **staging.add(made.path).columns(),
                "frames": made.frames,
                "method": made.method,
                "codec": made.codec,
                "width": made.width,
                "height": made.height,
                "mute_media_path": None if silent is None else silent.path,
                "mute_size_bytes": None if silent is None else silent.size,
                "mute_sha256": None if silent is None else silent.sha256,
                "mute_reason": _why_not_muted(clips) if silent is None else None,
            }
        )
    return spec.table(rows)


def clip_shape(settings: ClipFileSettings) -> ClipShape:
    """What the settings ask of a clip's file."""
    h264 = X264(settings.crf, preset=settings.preset) if settings.codec == "h264" else None
    return ClipShape(settings.container, h264, settings.max_height, settings.tonemap)


def _why_not_muted(settings: ClipFileSettings) -> str:
    return "no_sound" if settings.audio == "both" else "not_asked"
