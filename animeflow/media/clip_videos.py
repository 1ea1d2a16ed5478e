"""The table `clip_videos`: the kept clips of a video as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from animeflow.media.cut import clip_source, cut_clip
from animeflow.media.encoders import choose_encoder
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.settings.media import MediaSettings
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

    A clip that begins on a key frame is copied bit for bit, another one is encoded again. Raises EncodeError when a
    file does not hold exactly the frames of its clip.
    """
    spec = TABLES["clip_videos"]
    if not kept:
        return spec.empty()
    encoder = choose_encoder(settings.av1.encoder, ffmpeg or ffmpeg_path()).encoder
    source, rows = clip_source(encode), []
    for number, clip in enumerate(kept):
        if on_clip is not None:
            on_clip(number, len(kept))
        made = cut_clip(
            source,
            staging.path(f"{video_id}/{clip['clip_id']}.mkv"),
            start=clip["start"],
            end=clip["end"],
            audio=settings.clips.audio,
            encoder=encoder,
            ffmpeg=ffmpeg,
            timeout_s=settings.av1.timeout_s,
        )
        rows.append(
            {
                "clip_id": clip["clip_id"],
                "video_id": video_id,
                **staging.add(made.path).columns(),
                "frames": made.frames,
                "method": made.method,
            }
        )
    return spec.table(rows)
