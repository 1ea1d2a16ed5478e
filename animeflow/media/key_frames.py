"""The table `key_frames`: per shot the picture in its middle, and the first clear, colourful one as a cover."""

from __future__ import annotations

import os
import shutil
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.errors import InputError
from animeflow.media.decode.frame import Frame, Size
from animeflow.media.decode.reader import DecodeLimits, open_video
from animeflow.media.decode.seeking import FrameTimes
from animeflow.media.images import encode_webp
from animeflow.media.isolation import isolate
from animeflow.settings.isolation import IsolationSettings
from animeflow.settings.media import KeyFrameSettings
from animeflow.tables.specs import TABLES
from animeflow.tables.staging import MEDIA, Staging

F64 = npt.NDArray[np.float64]
COVER_FRAMES = 500  # frames of a shot that are looked at for its cover
MOST_CODERS = 4  # pictures that are coded at once
AT_ONCE_BYTES = 100_000_000  # of pictures that wait for it: four of 4K, one of 8K
PURPOSE = "key_frames"


def key_frames_to_table(
    source: Path,
    shots: Sequence[Mapping[str, Any]],
    *,
    saturation: F64,
    sharpness: F64,
    times: FrameTimes | None = None,
    video_id: str,
    staging: Staging,
    settings: KeyFrameSettings,
    limits: DecodeLimits | None = None,
    isolation: IsolationSettings | None = None,
    damaged: bool = False,
) -> pa.Table:
    """Write the key frames of a video as WebP, in one sparse decode, and return one row per picture.

    `shots` have `shot`, `start`, `end`; `saturation` (0-1 at 48x27) and `sharpness` (8-bit levels squared, of the luma
    reduced to 320x180, not of the native picture) are one per frame, `times` as in `chosen_frames`. Raises `InputError`
    (`too_large`) where a side is beyond what WebP holds: that video has no key frames, the others of its shard have
    theirs.
    The decode and the writing happen in a worker process with the limits of `isolation`. A `damaged` file is decoded in
    one thread from its first frame, as the analysis did: only then is its damage concealed in one way.
    """
    wanted: dict[int, list[tuple[int, str]]] = {}
    for shot in shots:
        start, end = shot["start"], shot["end"]
        wanted.setdefault((start + end) // 2, []).append((shot["shot"], "middle"))
        cover = start + cover_frame(saturation[start:end], sharpness[start:end], settings)
        wanted.setdefault(cover, []).append((shot["shot"], "cover"))
    try:
        rows = isolate.call(
            "animeflow.media.key_frames:write_pictures",
            source,
            wanted,
            video_id=video_id,
            staging=Staging(staging.asset, staging.shard, staging.folder),
            settings=settings,
            times=None if times is None else times.chosen(wanted),
            decode=limits or DecodeLimits(),
            limits=isolation or IsolationSettings(),
            threads=1 if damaged else 0,
        )
    except BaseException:
        # Nobody has registered what a worker wrote before it failed.
        shutil.rmtree(staging.folder / MEDIA / video_id, ignore_errors=True)
        raise
    for row in rows:
        staging.add(staging.folder / row["media_path"], sha256=row["sha256"])
    return TABLES["key_frames"].table(sorted(rows, key=lambda row: (row["shot"], row["role"])))


def write_pictures(
    source: Path,
    wanted: Mapping[int, Sequence[tuple[int, str]]],
    *,
    video_id: str,
    staging: Staging,
    settings: KeyFrameSettings,
    decode: DecodeLimits,
    times: FrameTimes | None = None,
    threads: int = 0,
) -> list[dict[str, Any]]:
    """Write the frames of `wanted`, {frame: (shot, role)}, under `staging`; one row per picture, in order of frames."""
    rows: list[dict[str, Any]] = []
    coding: deque[tuple[Frame, Future[bytes]]] = deque()

    def finish() -> None:
        frame, coded = coding.popleft()
        number = frame.index
        try:
            data = coded.result()
        except InputError as error:
            raise InputError(f"frame {number}: {error.message}", reason=error.reason, path=source) from error
        width, height = written_size(frame.size, settings.long_edge)
        for shot_number, role in wanted[number]:
            path = staging.path(f"{video_id}/{shot_number:05d}-{role}.webp")
            path.write_bytes(data)
            rows.append(
                {
                    "video_id": video_id,
                    "shot": shot_number,
                    "frame": number,
                    "role": role,
                    **staging.add(path).columns(),
                    "width": width,
                    "height": height,
                }
            )

    # Converting and coding a picture takes longer than decoding it; its bytes do not depend on when and where.
    with (
        ThreadPoolExecutor(_coders()) as pool,
        open_video(source, purpose=PURPOSE, limits=decode, times=times, threads=threads) as reader,
    ):
        at_once = min(_coders(), max(1, AT_ONCE_BYTES // (reader.width * reader.height * 3)))
        for frame in reader.pick(sorted(wanted)):
            while len(coding) >= at_once:
                finish()
            coding.append((frame, pool.submit(_webp, frame, settings)))
        while coding:
            finish()
    return rows


def _webp(frame: Frame, settings: KeyFrameSettings) -> bytes:
    return encode_webp(
        frame.rgb(), quality=settings.quality, method=settings.method, long_edge=settings.long_edge
    )


def _coders() -> int:
    return min(MOST_CODERS, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)


def cover_frame(saturation: F64, sharpness: F64, settings: KeyFrameSettings) -> int:
    """Number inside the shot of its cover: the first frame that is colourful and clear, else the best of both.

    The best has the largest mean of saturation and sharpness / 1000; only the first 500 frames are looked at.
    """
    saturation, sharpness = saturation[:COVER_FRAMES], sharpness[:COVER_FRAMES]
    good = (saturation > settings.cover_saturation) & (sharpness > settings.cover_sharpness)
    if good.any():
        return int(np.argmax(good))
    return int(np.argmax((saturation + sharpness / 1000) / 2))


def written_size(size: Size, long_edge: int) -> Size:
    """(width, height) of a picture of `size` after its longer side was reduced to `long_edge`."""
    width, height = size
    scale = min(1.0, long_edge / max(height, width))
    return (width, height) if scale == 1 else (max(1, round(width * scale)), max(1, round(height * scale)))
