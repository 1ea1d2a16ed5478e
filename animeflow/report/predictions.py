"""The network's probabilities over the frames, as the page shows them: the pages of `shot_pictures`, folded away."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from animeflow.report.pictures import Budget, fit, webp_uri
from animeflow.report.shard import ShardData

WIDTH = 1000  # px on the page; a page of the picture is 1250 px wide


@dataclass
class Prediction:
    """Of one video: (first frame, last frame, picture) of each page, and how many more there are."""

    pages: list[tuple[int, int, str]] = field(default_factory=list)
    left_out: int = 0


def predictions(data: ShardData, budget: Budget) -> Mapping[str, Prediction]:
    """{video_id: what is shown}; nothing of a video without a picture (a detector without a network)."""
    found: dict[str, Prediction] = defaultdict(Prediction)
    rows = data.rows("shots", "shot_pictures")
    for row in sorted(
        rows, key=lambda row: (row["page"], row["video_id"])
    ):  # the first page of each video first
        shown = found[row["video_id"]]
        picture = None if budget.left <= 0 else data.picture("shots", row["media_path"])
        uri = "" if picture is None else webp_uri(fit(picture, WIDTH))
        if uri and len(uri) <= budget.left:
            last = row["first_frame"] + row["frames"] - 1
            shown.pages.append((row["first_frame"], last, budget.take(uri)))
        else:
            shown.left_out += 1
    return found
