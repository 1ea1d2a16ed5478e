"""What went into an encode and what came out of it: one row per property, and why it changed where it had to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from animeflow.media.encode.fidelity_picture import time_rows, video_rows
from animeflow.media.encode.fidelity_row import MS, FidelityRow, Side, compared, tag_rows, within
from animeflow.media.encode.fidelity_tracks import place_rows, track_rows
from animeflow.media.encode.plan import EncodePlan
from animeflow.media.probe.file import Probe
from animeflow.media.probe.stream_facts import StreamFacts, read_stream_facts

# What FFmpeg's Matroska demuxer takes for a cover, of all files that are attached.
_COVER_TYPES = frozenset({"image/gif", "image/jpeg", "image/png", "image/tiff"})


def fidelity_rows(
    source: Probe,
    plan: EncodePlan,
    result: Probe,
    *,
    ffmpeg: Path,
    digests: bool = True,
    before: StreamFacts | None = None,
    pts: Sequence[int] | None = None,
) -> list[FidelityRow]:
    """Compare a source with its encode, stream by stream. Both files are read; of them, only the first sound of a
    converted track whose packets begin elsewhere is decoded.

    `digests` compares the bytes of copied packets too, for which both files are read to their ends. `before`, where the
    caller has read the source's facts already (with the same `digests`), saves reading it again. `pts` are those of the
    source's frames as the analysis decoded them; without them its packets tell when the first picture is shown.
    """
    if before is None:
        before = read_stream_facts(source, digests=digests, ffmpeg=ffmpeg)
    after = read_stream_facts(result, digests=digests, ffmpeg=ffmpeg)
    sides = Side.of(source, before, pts), Side.of(result, after)
    return [
        *video_rows(source, plan, result, before, after),
        *time_rows(source, result, pts),
        *place_rows(plan, sides, pts),
        *track_rows("audio", plan, sides, ffmpeg),
        *track_rows("subtitle", plan, sides, ffmpeg),
        *_attachment_rows(plan, result),
        *_chapter_rows(sides),
        *tag_rows("file", source.metadata, result.metadata),
        *(
            FidelityRow(f"stream {o.index}", "codec", o.codec, None, False, o.why)
            for o in plan.outcomes
            if o.action == "drop"
        ),
    ]


def _attachment_rows(plan: EncodePlan, result: Probe) -> Iterator[FidelityRow]:
    """By order within their kind: names may repeat."""
    items = {a.index: a for a in plan.probe.attachments}
    files, covers = ([items[o.index] for o in plan.of_kind(kind)] for kind in ("attachment", "cover"))
    # Covers are attached behind the files. FFmpeg reads back as covers those of some kinds, the others as files.
    added = {a.sha256 for a in [a for a in result.attachments if a.kind == "attachment"][len(files) :]}
    turned = [cover for cover in covers if cover.sha256 is not None and cover.sha256 in added]
    for cover in turned:
        yield compared(
            f"cover {cover.name}", "kind", "cover", "attachment",
            why="the same file: a reader of Matroska takes no such picture for a cover",
            expected=cover.mimetype not in _COVER_TYPES,
        )  # fmt: skip
    for kind, kept in (
        ("attachment", files + turned),
        ("cover", [cover for cover in covers if cover not in turned]),
    ):
        new = [a for a in result.attachments if a.kind == kind]
        if len(kept) != len(new):
            yield compared(f"{kind}s", "files", len(kept), len(new))
        for old, ours in zip(kept, new, strict=False):
            name = f"{kind} {old.name}"
            yield compared(name, "name", old.name, ours.name)
            yield compared(
                name, "mimetype", old.mimetype, ours.mimetype,
                why="Matroska wants one", expected=not old.mimetype,
            )  # fmt: skip
            yield compared(name, "bytes", old.size_bytes, ours.size_bytes)
            yield compared(name, "sha256", old.sha256, ours.sha256)


def _chapter_rows(sides: tuple[Side, Side]) -> Iterator[FidelityRow]:
    """ffmpeg counts from the source's first packet: chapters that end before it are left out, and one that it lies in
    begins with the file.
    """
    source, result = (side.probe for side in sides)
    numbered = list(enumerate(source.chapters, start=1))
    early = [(n, c) for n, c in numbered if round(c.end_s * 1e6) < round(source.start_time_s * 1e6)]
    kept = [item for item in numbered if item not in early]
    if len(kept) != len(result.chapters):
        yield compared("chapters", "number", len(kept), len(result.chapters))
    for number, old in early:
        yield FidelityRow(
            f"chapter {number}", "title", old.title, None, False, "it ends before the file's first packet"
        )
    starts = [side.first_s for side in sides]
    # Chapters move by the source's start alone; where sound before zero moves all streams they stay behind.
    moved = abs((starts[1] - result.start_time_s) - (starts[0] - source.start_time_s)) > MS or (
        result.start_time_s > 0
    )
    for (number, old), new in zip(kept, result.chapters, strict=False):
        name = f"chapter {number}"
        yield compared(name, "title", old.title, new.title)
        for field in ("start_s", "end_s"):
            times = [round(getattr(c, field) - start, 6) for c, start in zip((old, new), starts, strict=True)]
            clipped = field == "start_s" and old.start_s < source.start_time_s
            yield compared(
                name, field, *times, close=within(MS),
                why="it begins with the file: the source's first packet lies in it" if clipped else
                "the muxer moves streams so that none starts before zero, not chapters",
                expected=abs(new.start_s) <= MS if clipped else moved,
            )  # fmt: skip
