"""Bad input and bad surroundings: each gives a status row or a clear line, and the other files go on."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from animeflow.errors import ContractError
from animeflow.tables.status import Status
from animeflow.tables.workspace import Workspace
from benchmarks.faults.commands import Ended, animeflow, run
from benchmarks.faults.kills import Outcome, Scene, wrong
from benchmarks.faults.media import hostile_shard, odd_names_shard, tiny_video

# Enough of the graph to meet every file: probing, the one decode, an encode.
STAGES = ("--select", "source", "--select", "shots", "--select", "av1_videos", "--no-report")
BEAR_ALL = ("--set", "run.max_failed_share=1.0")
FULL_MB = (3, 6)  # full while the history is made, and while stages write


def bad_files(scratch: Path) -> Outcome:
    """A shard of hostile files beside a good one: a reason from the list for each, and the good one goes on."""
    began, source = time.monotonic(), scratch / "bad" / "source"
    expected = hostile_shard(tiny_video(_fresh(scratch / "bad")), source / "shard")
    ended = run(
        animeflow("-q", "run", str(source), "--out", str(scratch / "bad" / "out"), *STAGES, *BEAR_ALL)
    )
    faults = [] if ended.code == 3 else [f"exit code {ended.code}: {ended.last_line}"]
    found = _statuses(scratch / "bad" / "out")
    for name, words in expected.items():
        told = found.get(name)
        word = "no status row" if told is None else "ok" if told.ok else told.reason.value
        if word not in words.split():
            faults.append(f"{name}: {word} ({told.message if told else ''}), expected {words}")
    return Outcome("bad files", f"{len(expected)} files", tuple(faults), time.monotonic() - began)


def odd_names(scratch: Path) -> Outcome:
    """Names with spaces, quotes, a newline, CJK, a leading dash and 200 characters: all of them go through."""
    began, source = time.monotonic(), scratch / "odd" / "source"
    names = odd_names_shard(tiny_video(_fresh(scratch / "odd")), source / "season '1' [第一期]")
    ended = run(animeflow("-q", "run", str(source), "--out", str(scratch / "odd" / "out"), *STAGES))
    faults = [] if ended.code == 0 else [f"exit code {ended.code}: {ended.last_line}"]
    for asset in ("shard_files", "av1_videos"):
        found = _statuses(scratch / "odd" / "out", asset)
        faults += [
            f"{asset}: {name!r} is not ok" for name in names if name not in found or not found[name].ok
        ]
    return Outcome("odd names", f"{len(names)} files", tuple(faults), time.monotonic() - began)


def empty_source(scratch: Path) -> Outcome:
    """A source without videos says so and is no crash."""
    source = _fresh(scratch / "nothing") / "source" / "shard"
    source.mkdir(parents=True)
    (source / "readme.txt").write_text("nothing here", encoding="utf-8")
    return _ends(
        "empty source",
        animeflow("run", str(source.parent), "--out", str(scratch / "nothing" / "out")),
        lambda e: (
            e.code == 1 and "Traceback" not in e.output and "none of them an archive or a v" in e.output
        ),
    )


def empty_shard(scratch: Path) -> Outcome:
    """An archive without videos beside a good shard: it fails by name, and the other shard goes on."""
    began, home = time.monotonic(), _fresh(scratch / "empty")
    source = home / "source"
    (source / "good").mkdir(parents=True)
    shutil.copy(tiny_video(home), source / "good" / "good.mkv")
    with zipfile.ZipFile(source / "bare.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing here")
    ended = run(animeflow("-q", "run", str(source), "--out", str(home / "out"), *STAGES))
    faults = [] if ended.code == 1 else [f"exit code {ended.code}: {ended.last_line}"]
    if "Traceback" in ended.output or "FAILED" not in ended.output:
        faults.append(f"no clear line: {ended.last_line}")
    told = _statuses(home / "out", "av1_videos").get("good.mkv")
    if told is None or not told.ok:
        faults.append("the good shard did not go on")
    return Outcome("empty shard", ended.last_line[:70], tuple(faults), time.monotonic() - began)


def bad_settings(scratch: Path, scene: Scene) -> Outcome:
    """An unknown key: exit code 2, with file and line."""
    folder = _fresh(scratch / "settings")
    (folder / "my.yaml").write_text("media:\n  av1:\n    crff: 30\n", encoding="utf-8")
    command = animeflow(
        "run", str(scene.source), "--out", str(folder / "out"), "--settings", str(folder / "my.yaml")
    )
    return _ends(
        "bad settings file",
        command,
        lambda e: e.code == 2 and "my.yaml, line 3" in e.output and "crf" in e.output,
    )


def two_runs(scratch: Path, scene: Scene) -> Outcome:
    """While one run holds the shard a second one is refused by name, and the first one finishes."""
    began, target = time.monotonic(), _fresh(scratch / "two") / "out"
    with subprocess.Popen(
        scene.command(target), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as first:
        shard = _wait_for_lock(target, first)
        second = (
            run(scene.command(target)) if shard else Ended(0, "the first run never took its lock", 0.0, 0.0)
        )
        code = first.wait()
    faults = []
    if second.code != 1 or "is being written by run" not in second.output:
        faults.append(f"second run: exit code {second.code}: {second.last_line}")
    if code != 3:
        faults.append(f"first run: exit code {code}")
    return Outcome("two runs on one shard", "", tuple(faults), time.monotonic() - began)


def full_disk(scratch: Path, scene: Scene, megabytes: int) -> Outcome:
    """A disk that fills up during the run: a clear line, exit code 1; with room the same command finishes."""
    began = time.monotonic()
    if os.geteuid() != 0:
        return Outcome("full disk", "not tried: needs root for a small tmpfs", (), 0.0)
    with small_disk(scratch / "full", megabytes) as disk:
        command = scene.command(disk / "out")
        ended = run(command)
        faults = (
            [] if ended.code == 1 and _says_full(ended) else [f"exit code {ended.code}: {ended.last_line}"]
        )
        subprocess.run(["mount", "-o", "remount,size=2g", str(disk)], check=True)
        faults += [f"with room again: {fault}" for fault in wrong(scene, disk / "out", run(command))]
    told = ended.last_line.replace(str(disk), "")[:70]
    return Outcome(f"full disk of {megabytes} MB", told, tuple(faults), time.monotonic() - began)


def read_only(scratch: Path, scene: Scene) -> Outcome:
    """A workspace that cannot be written: one clear line, exit code 1 or 2, no stack."""
    if os.geteuid() != 0:
        return Outcome("read-only disk", "not tried: needs root for a tmpfs", (), 0.0)
    with small_disk(scratch / "read-only", 4) as disk:
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        return _ends(
            "read-only disk",
            scene.command(disk / "out"),
            lambda e: e.code in (1, 2) and "Traceback" not in e.output and "ead-only" in e.output,
        )


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A tmpfs of this size."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _says_full(ended: Ended) -> bool:
    words = ended.output.lower()
    clear = ("no space left", "gb free", "no room", "the disk is full")
    return "traceback" not in words and "[sql" not in words and any(text in words for text in clear)


def _ends(case: str, command: list[str], good: Callable[[Ended], bool]) -> Outcome:
    ended = run(command)
    faults = () if good(ended) else (f"exit code {ended.code}: {ended.last_line}",)
    return Outcome(case, ended.last_line[:70], faults, ended.wall_s)


def _statuses(out: Path, asset: str = "shard_files") -> dict[str, Status]:
    workspace, found = Workspace(out), dict[str, Status]()
    for shard in workspace.shards():
        try:
            found |= {status.path: status for status in workspace.handle(shard, asset).statuses}
        except ContractError:
            continue
    return found


def _wait_for_lock(target: Path, process: subprocess.Popen[bytes]) -> str | None:
    """The shard that the process writes, once it holds its lock."""
    while process.poll() is None:
        shards = Workspace(target).shards()
        if shards and any((target / ".locks").glob("*/*.lock")):
            return shards[0]
        time.sleep(0.1)
    return None


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
