"""kill -9 at random moments of a whole run, and at every phase of writing a result."""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from animeflow.hubs.publication import PHASES as PUBLISHING
from animeflow.tables.staging import PHASES as WRITING
from benchmarks.faults.commands import Ended, animeflow, run, strays
from benchmarks.faults.workspaces import copy, differences, digests, leftovers

# Which asset is killed in which phase: small and large ones, with media and without, early and late in the graph.
PHASE_ASSETS: Mapping[str, tuple[str, ...]] = {
    "staged": ("shard_files", "smoothed_layers"),
    "before_fsync": ("frame_signals", "clip_videos"),
    "before_media": ("av1_videos", "background_layers"),
    "before_tables": ("shots", "image_archives"),
    "before_status": ("kept_clips", "dataset_export"),
    "before_manifest": ("key_frames", "character_layers"),
    "finished": ("frame_signals", "transcripts"),
    "before_upload": ("published_videos",),
    "before_publish_manifest": ("published_dataset", "published_archives"),
    "before_remove_stale": ("published_videos",),
    "published": ("published_dataset",),
}
ONE_PASS = {
    "frame_signals": ("frame_signals", "text_boxes")
}  # a kill between the two leaves the second alone
# One of the two videos is broken; a small disk is refused by what it lacks, not beforehand.
KEEP_NO_ROOM = ("--set", "run.min_free_gb=0")
# Less arithmetic, the same files.
CHEAP = (
    "--set", "layers.segmentation.net_drawings=1", "--set", "layers.segmentation.grabcut_iterations=0",
    "--set", "models.matte.short_side_px=64", "--set", "media.av1.encoder.profile=draft",
)  # fmt: skip
GRACE_S = 2.0  # a child dies by its parent's death signal; the kernel needs a moment


@dataclass(frozen=True)
class Outcome:
    """One case: what was done to it, and what was wrong afterwards."""

    case: str
    detail: str
    faults: tuple[str, ...]
    wall_s: float

    @property
    def ok(self) -> bool:
        return not self.faults


@dataclass(frozen=True)
class Scene:
    """The mini shard, an undisturbed workspace of it, and room for others."""

    source: Path
    scratch: Path
    undisturbed: Path
    expected: Mapping[str, str]
    whole_s: float
    whole_cpu_s: float
    options: tuple[str, ...] = ()

    def command(self, workspace: Path, *more: str, phase: tuple[str, str] | None = None) -> list[str]:
        words = (
            "-q",
            "run",
            str(self.source),
            "--out",
            str(workspace),
            *KEEP_NO_ROOM,
            *CHEAP,
            *self.options,
            *more,
        )
        return animeflow(*words, phase=phase)


def undisturbed(source: Path, scratch: Path, options: tuple[str, ...] = ()) -> tuple[Scene, list[str]]:
    """Run once without disturbance; the mini shard has a broken video, so the exit code is 3."""
    target = scratch / "undisturbed"
    scene = Scene(source, scratch, target, {}, 0.0, 0.0, options)
    ended = run(scene.command(target))
    faults = [] if ended.code == 3 else [f"undisturbed run: exit code {ended.code}: {ended.last_line}"]
    return Scene(source, scratch, target, digests(target), ended.wall_s, ended.cpu_s, options), faults


def again(scene: Scene) -> Outcome:
    """A second run in a fresh workspace gives the same bytes: else nothing below means anything."""
    began, target = time.monotonic(), scene.scratch / "again"
    ended = run(scene.command(target))
    faults = wrong(scene, target, ended)
    shutil.rmtree(target, ignore_errors=True)
    return Outcome(
        "undisturbed twice", f"{len(scene.expected)} files", tuple(faults), time.monotonic() - began
    )


def random_kill(scene: Scene, rng: random.Random, number: int) -> Outcome:
    """Kill a fresh run at a random moment of its work, run again, compare."""
    began, target = time.monotonic(), scene.scratch / f"random-{number}"
    share = rng.uniform(0.03, 0.97)
    while run(scene.command(target), kill_after_cpu_s=share * scene.whole_cpu_s).code != -signal.SIGKILL:
        shutil.rmtree(target)  # it had ended by then: an earlier moment
        share *= 0.9
    stands = sum(1 for _ in target.glob("*/*/*/manifest.json"))
    when = f"at {share:.0%} of its work, {stands} stages done"
    return _after(scene, target, f"kill {number}", when, began)


def phase_kill(scene: Scene, phase: str, asset: str, *, replace: bool) -> Outcome:
    """Kill one stage at a phase while it writes its first result, or replaces a standing one; run again, compare."""
    began, target = time.monotonic(), copy(scene.undisturbed, scene.scratch / f"{phase}-{asset}")
    names = ONE_PASS.get(asset, (asset,))
    if not replace:
        for name in names:
            for folder in (target / "shards").glob(f"*/{name}"):
                shutil.rmtree(folder)
    if phase in PUBLISHING:  # a target that already holds everything is left alone
        shutil.rmtree(target / "published" / asset.removeprefix("published_"))
    words = [word for name in names for word in ("--select", name)] + ["--force", asset] * replace
    killed = run(scene.command(target, *words, phase=(phase, asset)))
    how = f"{phase} of {asset}, {'replacing' if replace else 'first'}"
    if killed.code != -signal.SIGKILL:
        fault = f"was not killed: exit code {killed.code}: {killed.last_line}"
        return Outcome(how, "", (fault,), time.monotonic() - began)
    return _after(scene, target, how, "", began)


def phase_cases(phases: Sequence[str]) -> list[tuple[str, str, bool]]:
    """The phases with their assets; publishing phases happen only where something is to be brought."""
    cases = []
    for phase in phases:
        for place, asset in enumerate(PHASE_ASSETS[phase]):
            cases.append((phase, asset, phase in WRITING and place % 2 == 1))
    return cases


def _after(scene: Scene, target: Path, case: str, detail: str, began: float) -> Outcome:
    time.sleep(GRACE_S)
    faults = [f"still running: {line}" for line in strays(target)]
    ended = run(scene.command(target))
    faults += wrong(scene, target, ended)
    if not faults:
        shutil.rmtree(target, ignore_errors=True)
    return Outcome(case, detail, tuple(faults), time.monotonic() - began)


def wrong(scene: Scene, target: Path, ended: Ended) -> list[str]:
    """What tells a workspace from the undisturbed one after a run that should have completed it."""
    faults = [] if ended.code == 3 else [f"exit code {ended.code}: {ended.last_line}"]
    return faults + differences(scene.expected, digests(target)) + leftovers(target)
