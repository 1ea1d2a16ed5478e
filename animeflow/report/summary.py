"""The head of the page: the verdict in a sentence, clips by outcome, and the figures one looks for first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from animeflow.report.clips import ClipLine, reason_counts
from animeflow.report.run_view import StageLine
from animeflow.report.shard import Row, ShardData
from animeflow.report.text import number, percent, plural, seconds, size, words
from animeflow.report.timeline import VideoTimeline
from animeflow.source.remarks import not_restored, restored
from animeflow.tables.words import listed

SHOWN = 3
WITHOUT_RESULT = ("missing", "damaged", "retry")


@dataclass(frozen=True)
class Part:
    """A piece of the verdict; strong ones stand out, alerts are coloured."""

    text: str
    strong: bool = False
    alert: bool = False


@dataclass(frozen=True)
class Outcome:
    """Clips of one outcome: kept, undecided, or dropped for a reason."""

    kind: str
    label: str
    count: int


@dataclass(frozen=True)
class Figure:
    """A figure of the head; a timed one differs from run to run and is marked so in the page."""

    name: str
    value: str
    small: str = ""
    timed: bool = False


def verdict(data: ShardData, clips: Sequence[ClipLine]) -> list[Part]:
    """Which stage failed as a whole, what was kept, is it complete, what else failed."""
    parts = _failed_stages(data)
    if any(clip.decision != "undecided" for clip in clips):
        kept = [clip.duration_s for clip in clips if clip.decision == "kept"]
        parts.append(Part(f"{len(kept)} of {plural(len(clips), 'clip')} kept,", strong=True))
        parts.append(Part(f"{seconds(sum(kept))} of {seconds(sum(clip.duration_s for clip in clips))}."))
    elif data.assets["clips"].readable:
        parts.append(
            Part(f"{plural(len(clips), 'clip')}, nothing decided yet." if clips else "There are no clips.")
        )
    parts += _completeness(
        [v.name for v in data.assets.values() if v.state in WITHOUT_RESULT], len(data.assets)
    )
    return parts + _restored(data) + _failures(data) + _checks(data)


def _failed_stages(data: ShardData) -> list[Part]:
    """First of all: most of what else is missing waits for these. Stages that ran together failed together."""
    whys: dict[str, list[str]] = {}
    for last in data.failed_stages:
        whys.setdefault(last.text, []).append(last.stage)
    parts = []
    for why, names in whys.items():
        parts.append(Part(f"{', '.join(names)} failed:", strong=True, alert=True))
        parts.append(Part(why if why.endswith(".") else f"{why}."))
    return parts


def _restored(data: ShardData) -> list[Part]:
    rows = data.rows("shard_files")
    parts = []
    for word, lines in (("restored", restored(rows)), ("not restored", not_restored(rows))):
        if lines:
            more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
            parts.append(Part(f"{plural(len(lines), 'file')} {word}:", strong=True))
            parts.append(Part("; ".join(lines[:SHOWN]) + more + "."))
    return parts


def _completeness(names: Sequence[str], total: int) -> list[Part]:
    if not names:
        return [Part(f"All {total} stages have a result.")]
    head = Part(f"{len(names)} of {total} stages have no result:", strong=True, alert=True)
    return [head, Part(listed(names, SHOWN) + ".")]


def _failures(data: ShardData) -> list[Part]:
    failed = data.failed_videos
    if not failed:
        return []
    return [
        Part(f"{plural(len(failed), 'file')} failed:", strong=True, alert=True),
        Part(listed(failed, SHOWN) + "."),
    ]


def _checks(data: ShardData) -> list[Part]:
    found = data.failed_checks
    if not found:
        return []
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    said = [f"{check.text(len(data.waiting(check)))} ({check.way_out})" for check in found[:SHOWN]]
    return [
        Part(f"{plural(len(found), 'check')} failed:", strong=True, alert=True),
        Part("; ".join(said) + more + "."),
    ]


def outcomes(clips: Sequence[ClipLine]) -> list[Outcome]:
    """Kept first, then the reasons, most frequent first."""
    counts = [(kind, sum(clip.decision == kind for clip in clips)) for kind in ("kept", "undecided")]
    found = [Outcome(kind, kind, count) for kind, count in counts if count]
    return found + [Outcome("dropped", words(reason), count) for reason, count in reason_counts(clips)]


def figures(data: ShardData, lines: Sequence[StageLine], timelines: Sequence[VideoTimeline]) -> list[Figure]:
    """Videos, footage, shots, drawings, decoded frames, encode, time, memory: those that are known."""
    files = data.rows("shard_files")
    usable = [file for file in files if file["usable"]]
    # Of a video that failed after its probe nothing is delivered, and its length is only what its container claims.
    good = [file for file in usable if file["path"] not in data.failed_videos]
    ids = {file["video_id"] for file in good}
    found = []
    if files:
        found.append(Figure("videos", number(len(good)), f"of {plural(len(files), 'file')}"))
        frames = sum(file["frames"] or 0 for file in good)
        length = sum(line.clock.total for line in timelines if line.video_id in ids)
        found.append(Figure("footage", seconds(length), plural(frames, "frame")))
    found += _shot_figures(data)
    found += _encode_figures(data.rows("av1_videos"))
    analysis = next((line for line in lines if line.name == "frame_signals"), None)
    total = sum(line.frames_decoded or 0 for line in lines)
    if analysis and analysis.per_source_frame is not None:
        source = sum(file["frames"] or 0 for file in usable) or 1
        found.append(
            Figure(
                "decoded per frame",
                f"{analysis.per_source_frame:.2f}",
                f"analysis pass; {total / source:.2f} with all passes",
            )
        )
    return found + _cost_figures(lines)


def _shot_figures(data: ShardData) -> list[Figure]:
    shots, drawings = data.rows("shots"), data.table("drawings", columns=["start", "end"])
    found = []
    if shots:
        soft = sum(row["transition_start"] is not None for row in shots)
        soft += sum(row.get("end_transition_start") is not None for row in shots)
        found.append(
            Figure(
                "shots",
                number(len(shots)),
                f"{plural(soft, 'transition')} among them" if soft else "hard cuts",
            )
        )
    if drawings is not None and drawings.num_rows:
        frames = sum(drawings["end"].to_pylist()) - sum(drawings["start"].to_pylist())
        small = f"one per {frames / drawings.num_rows:.1f} frames"
        found.append(Figure("drawings", number(drawings.num_rows), small))
    return found


def _encode_figures(encodes: Sequence[Row]) -> list[Figure]:
    source = sum(row["source_bytes"] for row in encodes)
    if not source:
        return []
    made = sum(row["size_bytes"] for row in encodes)
    return [Figure("AV1", percent(made / source), f"of the source: {size(made)}")]


def _cost_figures(lines: Sequence[StageLine]) -> list[Figure]:
    timed = [line.timing for line in lines if line.timing]
    if not timed:
        return []
    wall = sum(timing.wall_s for timing in timed)
    longest = max((line for line in lines if line.timing), key=lambda line: line.share)
    peak = max(timing.peak_rss_bytes for timing in timed)
    return [
        Figure("time", seconds(wall), f"longest: {words(longest.name)}", timed=True),
        Figure("peak memory", size(peak), "with decode workers", timed=True),
    ]
