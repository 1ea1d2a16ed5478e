"""Kept clips, layer beside layer: which are shown, with how many drawings, and what is said about each."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from statistics import mean, median

import numpy as np
import numpy.typing as npt

from animeflow.report.frames import source_frames
from animeflow.report.panes import Pane, draw_panes
from animeflow.report.pictures import Budget, evenly
from animeflow.report.shard import Row, ShardData
from animeflow.report.text import decibel, number, percent, plural
from animeflow.report.timeline import VideoTimeline

U8 = npt.NDArray[np.uint8]
MOST_CLIPS = 24
MOST_DRAWINGS = 24
CLIP_BYTES = 520_000


@dataclass(frozen=True)
class ShownClip:
    """A clip with its panes. `holds`: seconds of each drawing; `names`: what the player says of it."""

    clip_id: str
    title: str
    facts: Sequence[tuple[str, str]]
    warning: str
    holds: Sequence[float]
    names: Sequence[str]
    panes: Sequence[Pane]
    note: str


@dataclass(frozen=True)
class LayerView:
    """The clips that are shown, and a sentence about those that are not."""

    clips: Sequence[ShownClip] = ()
    note: str = ""


def layer_view(data: ShardData, lines: Sequence[VideoTimeline], budget: Budget) -> LayerView:
    """Clips with published layers in the order of the films, evenly chosen where there are too many."""
    drawings = _by_clip(data.rows("smoothed_layers"))
    summaries = {row["clip_id"]: row for row in data.rows("smoothed_layers", "layer_clips")}
    agreed = _agreement(data.rows("segmentation", columns=("clip_id", "agreement")))
    clocks = {line.video_id: line for line in lines}
    order = sorted(drawings, key=lambda clip: _place(drawings[clip][0], list(clocks)))
    chosen = [order[i] for i in evenly(len(order), MOST_CLIPS)]
    shown: list[ShownClip] = []
    with closing(_frames_ahead(data, [_picked(drawings[clip]) for clip in chosen])) as pictures:
        for place, clip in enumerate(chosen):
            share = min(CLIP_BYTES, budget.left // (len(chosen) - place))
            if share < CLIP_BYTES // 12:
                break
            rows, frames = drawings[clip], next(pictures)
            line = clocks.get(rows[0]["video_id"])
            own = Budget(share)
            shown.append(_clip(data, clip, rows, frames, summaries.get(clip), agreed.get(clip), line, own))
            budget.used += own.used
    return LayerView(shown, _left_out(len(order), len(shown)))


def _picked(rows: Sequence[Row]) -> list[Row]:
    """The drawings of a clip that the page shows."""
    return [rows[i] for i in evenly(len(rows), MOST_DRAWINGS)]


def _frames_ahead(data: ShardData, clips: Sequence[Sequence[Row]]) -> Generator[list[U8 | None]]:
    """The source's frames of each clip's drawings; while a clip is drawn, the next one is decoded."""

    def decoded(rows: Sequence[Row]) -> list[U8 | None]:
        return source_frames(data, rows[0]["video_id"], [row["start"] for row in rows])

    with ThreadPoolExecutor(max_workers=1) as pool:
        coming = deque(pool.submit(decoded, rows) for rows in clips[:1])
        for rows in clips[1:]:
            coming.append(pool.submit(decoded, rows))
            yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def _by_clip(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["clip_id"], row["start"])):
        found[row["clip_id"]].append(row)
    return dict(found)


def _place(row: Row, videos: Sequence[str]) -> tuple[int, int]:
    return (videos.index(row["video_id"]) if row["video_id"] in videos else len(videos), row["start"])


def _left_out(total: int, shown: int) -> str:
    if shown == total:
        return ""
    return (
        f"{shown} of {plural(total, 'clip')} with layers are shown, evenly chosen, to keep the page small; "
        "all of them are in smoothed_layers."
    )


def _clip(
    data: ShardData,
    clip: str,
    rows: Sequence[Row],
    frames: Sequence[U8 | None],
    summary: Row | None,
    agreement: float | None,
    line: VideoTimeline | None,
    budget: Budget,
) -> ShownClip:
    chosen = evenly(len(rows), MOST_DRAWINGS)
    picked = [rows[i] for i in chosen]
    kept, panes = draw_panes(data, picked, frames, budget)
    chosen = [chosen[i] for i in kept]
    note = ""
    if len(chosen) < len(rows):
        note = (
            f"{len(chosen)} of {len(rows)} drawings are shown, evenly chosen; playing keeps the clip's time."
        )
    return ShownClip(
        clip_id=clip,
        title=_title(rows, line),
        facts=_facts(rows, summary, agreement),
        warning=_warning(summary),
        holds=_holds(rows, chosen, line.clock.at if line else _frame_time),
        names=[_name(rows, i) for i in chosen],
        panes=panes,
        note=note,
    )


def _frame_time(frame: float) -> float:
    """Where no time is known: 24 frames a second, to play by."""
    return frame / 24.0


def _title(rows: Sequence[Row], line: VideoTimeline | None) -> str:
    where = f" of {line.name}" if line else ""
    return f"shot {rows[0]['shot']}{where}, frames {rows[0]['start']}–{rows[-1]['end'] - 1}"


def _name(rows: Sequence[Row], index: int) -> str:
    start, end = rows[index]["start"], rows[index]["end"]
    span = f"frame {start}" if end - start == 1 else f"frames {start}–{end - 1}"
    return f"{index + 1} of {len(rows)}, {span}"


def _holds(rows: Sequence[Row], chosen: Sequence[int], at: Callable[[float], float]) -> list[float]:
    """Seconds that each shown drawing stands for: until the next shown one begins."""
    starts = [rows[i]["start"] for i in chosen]
    ends = [*starts[1:], rows[-1]["end"]]
    return [round(max(0.001, at(end) - at(start)), 4) for start, end in zip(starts, ends, strict=True)]


def _agreement(rows: Sequence[Row]) -> dict[str, float]:
    """Mean agreement of the seed networks by clip, over the drawings where one of them sees a character."""
    found: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row["agreement"] is not None:
            found[row["clip_id"]].append(row["agreement"])
    return {clip: mean(values) for clip, values in found.items()}


def _facts(rows: Sequence[Row], summary: Row | None, agreement: float | None) -> list[tuple[str, str]]:
    facts = [("drawings", number(len(rows)))]
    if agreement is not None:
        facts.append(("networks agree", percent(agreement)))
    recomposed = [row["recomposition_psnr"] for row in rows]
    facts.append(("recomposition", f"{decibel(median(recomposed))}, worst {decibel(min(recomposed))}"))
    outside = [row["outside_psnr"] for row in rows if row["outside_psnr"] is not None]
    if outside:
        facts.append(("outside the character", decibel(median(outside))))
    facts.append(("background seen", percent(median(row["seen_share"] for row in rows))))
    if summary is None:
        return facts
    if summary["instance_count"]:
        facts.append(("instances", number(summary["instance_count"])))
    if summary["effect_share"]:
        facts.append(("with an effect", percent(summary["effect_share"])))
    if summary["flicker"] is not None:
        facts.append(("flicker", f"{summary['flicker_before']:.1f} → {summary['flicker']:.1f}"))
    return facts


def _warning(summary: Mapping[str, object] | None) -> str:
    if summary is None or summary["verdict"] in ("plate", "effects"):
        return ""
    said = {
        "none": "This clip has no plate",
        "suspicious": "The plate of this clip does not explain its frames well",
    }
    return f"{said.get(str(summary['verdict']), summary['verdict'])}: {str(summary['reason']).replace('_', ' ')}."
