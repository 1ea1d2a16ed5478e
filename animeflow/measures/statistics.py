"""Picture statistics per clip, from stored signals: no decode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from animeflow.settings.measures import StatisticsSettings
from animeflow.tables.frames import values
from animeflow.tables.schemas.measures import STATISTICS

Rows = Sequence[Mapping[str, Any]]


def measure_statistics(
    signals: pa.Table, clips: Rows, drawings: Rows, settings: StatisticsSettings
) -> pa.Table:
    """The table `statistics`: one row for each row of `clips` of one video.

    `signals` are the rows of `frame_signals` of that video, `drawings` its drawings (start, end). A frame repeats the
    previous one when no drawing begins with it; medians are taken where one odd frame (a flash, a smear) must not
    decide.
    """
    columns = {name: values(signals, name) for name in ("sharpness", "brightness", "contrast", "saturation")}
    colour, corrupt = values(signals, "colourfulness"), signals["corrupt"].to_numpy(zero_copy_only=False)
    begins = np.zeros(signals.num_rows, bool)
    begins[[drawing["start"] for drawing in drawings]] = True
    black = (columns["brightness"] < settings.black_luma) & (columns["contrast"] < settings.black_contrast)
    rows = []
    for clip in clips:
        span = slice(clip["start"], clip["end"])
        rows.append(
            {
                "clip_id": clip["clip_id"],
                "video_id": clip["video_id"],
                "sharpness": float(np.median(columns["sharpness"][span])),
                "brightness": float(columns["brightness"][span].mean()),
                "contrast": float(np.median(columns["contrast"][span])),
                "saturation": float(columns["saturation"][span].mean()),
                "colourfulness": float(np.median(colour[span])),
                "still_share": float(1.0 - begins[span].mean()),
                "corrupt_share": float(corrupt[span].mean()),
                "black_share": float(black[span].mean()),
            }
        )
    return STATISTICS.table(rows)
