"""One file through the stages of the group `layers`, in a workspace that lives only as long as that takes."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from animeflow.cli.each_file import printable
from animeflow.cli.file_work import FileWork
from animeflow.cli.terminal import Terminal, one_line, stage_text
from animeflow.defs import progress
from animeflow.defs.layer_work import WORKS
from animeflow.defs.opening import open_stage
from animeflow.defs.runner import Outcome, run_per_video
from animeflow.errors import AnimeflowError
from animeflow.settings.tree import Settings
from animeflow.source.names import as_text, folder_name, media_suffix
from animeflow.tables.handle import Handle
from animeflow.tables.ids import split_clip_id
from animeflow.tables.specs import TABLES
from animeflow.tables.stages import STAGES
from animeflow.tables.staging import Staged, finalise
from animeflow.tables.status import Status
from animeflow.tables.workspace import Workspace

SHARD, DECODE = "file", "frame_signals"
PUBLISHED = ("smoothed_layers", "layer_clips")


def separate_file(path: Path, out: Path, settings: Settings, terminal: Terminal) -> dict[str, Any]:
    """Separate every clip of a video file and write its layers to a folder of its own in `out`; how far it is, is said
    as in a run.
    """
    with _shown(terminal):
        terminal.line(f"file {one_line(printable(path))}")
        return _separate(FileWork(path, settings), out, terminal)


def _separate(work: FileWork, out: Path, terminal: Terminal) -> dict[str, Any]:
    path = work.path
    _decode(work, terminal)
    target = out / f"{folder_name(path.stem)}-{work.id}"
    with tempfile.TemporaryDirectory(dir=out, prefix=".separating-") as scratch:
        published = separate_in(work, Workspace(Path(scratch)), terminal)["smoothed_layers"]
        _take_over(published, target)
        return {"out": printable(target), "clips": [_clip(row) for row in published.rows("layer_clips")]}


@contextmanager
def _shown(terminal: Terminal) -> Iterator[None]:
    """Stages that work inside the block say on the terminal how far they are."""
    progress.listeners.append(terminal.progress)
    try:
        yield
    finally:
        progress.listeners.remove(terminal.progress)
        terminal.clear()


def _decode(work: FileWork, terminal: Terminal) -> None:
    """The one decode, which no stage does here."""
    started = time.monotonic()
    watch = progress.Watch(SHARD, DECODE, lambda _: None)
    watch.file(1, 1, printable(work.path.name))
    with suppress(AnimeflowError):  # the decode itself says it better
        frames = work.facts.frames
        work.progress = lambda done: watch.tick(done, frames)
    rows = work.signals.num_rows
    wall_s = time.monotonic() - started
    terminal.line(stage_text(DECODE, _numbers(wall_s, rows, rows)))


def _numbers(wall_s: float, frames: int, rows: int) -> dict[str, Any]:
    rate = {"frames_per_s": frames / wall_s} if wall_s > 0 else {}
    return {"wall_s": wall_s, "dagster/row_count": rows, **rate}


def separate_in(work: FileWork, workspace: Workspace, terminal: Terminal) -> dict[str, Handle]:
    """Run the stages of the group on one file inside a workspace; what each of them stored, by name."""
    handles = _stored(work, workspace)
    for name, make in WORKS.items():
        inputs = [handles[other] for other in STAGES[name].inputs]
        stage = open_stage(name, shard=SHARD, settings=work.settings, workspace=workspace, inputs=inputs)
        try:
            outcome = run_per_video(stage, make(stage))
            handles[name] = _finished(outcome)
        finally:
            stage.models.close()
        timing = outcome.timing
        rows = sum(file.rows for file in handles[name].manifest.tables[name])
        terminal.line(stage_text(name, _numbers(timing.wall_s, timing.source_frames, rows)))
    return handles


def _stored(work: FileWork, workspace: Workspace) -> dict[str, Handle]:
    """The tables that the stages read: the file, its drawings, and every clip as kept."""
    path, video, name = work.path, work.id, as_text(work.path.name)
    kept = [
        {
            **{column: clip[column] for column in ("clip_id", "video_id", "shot", "start", "end")},
            "keep": True,
            "reason": "kept",
            "failed": [],
            "unmeasured": [],
        }
        for clip in work.clips
    ]
    media = f"{video}{media_suffix(name)}"
    file = {"path": name, "video_id": video, "size_bytes": path.stat().st_size, "usable": True}
    rows: dict[str, Iterable[Mapping[str, Any]]] = {
        "shard_files": [file | {"media_path": f"media/{media}"}],
        "drawings": work.drawings,
        "kept_clips": kept,
    }
    status = Status(name, video, source_frames=work.found.frames)
    handles = {}
    for asset, found in rows.items():
        staging = workspace.staging(SHARD, asset)
        if asset == "shard_files":
            staging.path(media).symlink_to(path.absolute())
        staging.write_table(asset, TABLES[asset].table(found))
        finalise(Staged(staging, [status], "none", {}), workspace.asset_dir(SHARD, asset))
        handles[asset] = workspace.handle(SHARD, asset)
    return handles


def _finished(outcome: Outcome) -> Handle:
    try:
        if isinstance(outcome.value, Staged):
            finalise(outcome.value, outcome.stage.folder)
    finally:
        outcome.release()
    return Handle.open(outcome.stage.folder)


def _take_over(published: Handle, target: Path) -> None:
    """Move the pictures, and write the tables as JSON lines; what an earlier call left there is replaced."""
    target.mkdir(parents=True, exist_ok=True)  # a video without clips has no pictures
    for ref in published.manifest.media:
        place = target / ref.path
        place.parent.mkdir(parents=True, exist_ok=True)
        published.media(ref.path).replace(place)
    for name in PUBLISHED:
        lines = [json.dumps(row, ensure_ascii=False, sort_keys=True) for row in published.rows(name)]
        (target / f"{name}.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def _clip(row: Mapping[str, Any]) -> dict[str, Any]:
    _, start, end = split_clip_id(row["clip_id"])
    hidden = ("video_id",)
    return {"start": start, "end": end, **{name: value for name, value in row.items() if name not in hidden}}
