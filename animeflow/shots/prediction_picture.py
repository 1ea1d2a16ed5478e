"""The shot network's probabilities over the frames they belong to, as a picture: what TransNetV2's own tool draws.

Twenty-five thumbnails a row. Beside each stand two bars, green for the last frame of a shot and blue for a transition,
that grow from the bottom with the probability. The thumbnails are stored already: nothing is decoded.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from animeflow.media.images import write_png
from animeflow.tables.frames import StoredFrames, stored_or_loaded, values
from animeflow.tables.schemas.shots import SHOT_PICTURES, THUMB_HEIGHT, THUMB_WIDTH
from animeflow.tables.staging import Staging

COLUMNS = 25
MOST_ROWS = 500  # of a page: 12,500 frames, 14,000 px
BARS = 2
GREEN, BLUE = 1, 2  # channels
U8 = npt.NDArray[np.uint8]
F64 = npt.NDArray[np.float64]


def write_pictures(
    signals: pa.Table | StoredFrames,
    probabilities: pa.Table,
    *,
    video_id: str,
    staging: Staging,
    most_rows: int = MOST_ROWS,
) -> pa.Table:
    """Write one PNG per page and return the table `shot_pictures`; empty for a kind without network."""
    rows = []
    if signals.num_rows and not probabilities["single"].null_count:
        thumbs = stored_or_loaded(signals)
        bars = np.stack([values(probabilities, name) for name in ("single", "many_hot")], axis=1)
        for page, first in enumerate(range(0, signals.num_rows, COLUMNS * most_rows)):
            shown = thumbs[first : first + COLUMNS * most_rows]
            picture = prediction_picture(shown, bars[first : first + len(shown)])
            path = staging.path(f"{video_id}/page_{page:03d}.png")
            write_png(path, picture)
            ref = staging.add(path)
            rows.append(
                {
                    "video_id": video_id,
                    "page": page,
                    "first_frame": first,
                    "frames": len(shown),
                    "media_path": ref.path,
                    "size_bytes": ref.size,
                    "sha256": ref.sha256,
                    "width": picture.shape[1],
                    "height": picture.shape[0],
                }
            )
    return SHOT_PICTURES.table(rows)


def prediction_picture(thumbs: U8, probabilities: F64) -> U8:
    """uint8 RGB [27, 48] thumbnails [T, 27, 48, 3], T at least 1, and probabilities [T, 2] in 0-1 -> uint8 RGB.

    A cell is 48 + 2 px wide and 27 + 1 px high (the last row has no line below it). A bar of probability p covers its
    column's lowest 1 + round(26 p) px, none where that rounds to 0; cells after the last frame are black.
    """
    count = len(thumbs)
    lines = -(-count // COLUMNS)
    cells = np.zeros((lines * COLUMNS, THUMB_HEIGHT + 1, THUMB_WIDTH + BARS, 3), np.uint8)
    cells[:count, :THUMB_HEIGHT, :THUMB_WIDTH] = thumbs
    from_bottom = np.arange(THUMB_HEIGHT)[::-1]
    for bar, channel in enumerate((GREEN, BLUE)):
        heights = np.round(probabilities[:, bar] * (THUMB_HEIGHT - 1))
        lit = (from_bottom[None] <= heights[:, None]) & (heights[:, None] > 0)
        cells[:count, :THUMB_HEIGHT, THUMB_WIDTH + bar, channel] = np.where(lit, 255, 0)
    table = cells.reshape(lines, COLUMNS, *cells.shape[1:]).swapaxes(1, 2)
    return np.ascontiguousarray(table.reshape(lines * cells.shape[1], COLUMNS * cells.shape[2], 3)[:-1])
