"""The demo's source folder: episodes with awkward names, truth beside it, drawn once per seed and code."""

from __future__ import annotations

import ctypes
import hashlib
import json
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from animeflow.sample.episode import draw_episode
from animeflow.sample.episode_truth import EpisodeTruth
from animeflow.sample.plans import DEMO_PLANS, Plan
from animeflow.sample.style import Style, rng_of

DEMO_SEED = 2025
PR_SET_PDEATHSIG = 1
TITLES = ("Harbour Lights", "Paper Lanterns", "The Long Way Round", "Snow on the Line", "A Letter Home")


@dataclass(frozen=True)
class DrawnSample:
    """A source folder, the folder of truths beside it, and per episode its file and truth folder."""

    source: Path
    truth: Path
    videos: tuple[Path, ...]
    truths: tuple[Path, ...]
    drawn: bool

    def load(self) -> tuple[EpisodeTruth, ...]:
        return tuple(EpisodeTruth.load(folder) for folder in self.truths)


def draw_sample(
    folder: Path | str,
    *,
    episodes: int = 2,
    seed: int = DEMO_SEED,
    size: tuple[int, int] = (640, 360),
    style: Style | None = None,
    meanwhile: Callable[[], object] | None = None,
) -> DrawnSample:
    """Draw the demo's episodes into `folder`, each in a folder of its own (a shard), and their truth beside it.

    The truth lies in `<folder>.truth`. `meanwhile` is called while other processes draw, if they do.

    When both are there already, drawn with the same arguments by the same code and unharmed, nothing is done.
    """
    source = Path(folder)
    truth = source.with_name(source.name + ".truth")
    names = [f"第{i + 1:02d}話 {TITLES[i % len(TITLES)]}" for i in range(episodes)]
    videos, truths = tuple(source / n / f"{n}.mkv" for n in names), tuple(truth / n for n in names)
    order = {"seed": seed, "size": list(size), "style": repr(style), "names": names, "code": code_digest()}
    stamp = truth / "drawn.json"
    if _is_done(stamp, order, videos):
        return DrawnSample(source, truth, videos, truths, drawn=False)
    stamp.unlink(missing_ok=True)
    _draw_all(
        [
            _Order(
                video,
                place,
                int(rng_of(seed, "episode", i).integers(1 << 31)),
                DEMO_PLANS[i % len(DEMO_PLANS)],
                size,
                style,
            )
            for i, (video, place) in enumerate(zip(videos, truths, strict=True))
        ],
        meanwhile,
    )
    stamp.write_text(
        json.dumps(order | {"sha256": [_sha256(v) for v in videos]}, ensure_ascii=False) + "\n",
        encoding="utf-8",
    )
    return DrawnSample(source, truth, videos, truths, drawn=True)


@dataclass(frozen=True)
class _Order:
    """One episode to be drawn."""

    video: Path
    truth: Path
    seed: int
    plan: Plan
    size: tuple[int, int]
    style: Style | None


def _draw_all(orders: Sequence[_Order], meanwhile: Callable[[], object] | None) -> None:
    """Draw episodes, as many at once as there are cores, each in a process of its own: drawing is one thread's work."""
    workers = min(len(orders), os.cpu_count() or 1)
    if workers < 2:
        for order in orders:
            _draw(order)
        return
    with ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=_end_with_parent
    ) as pool:
        drawn = pool.map(_draw, orders)  # begins at once
        if meanwhile:
            meanwhile()
        list(drawn)


def _draw(order: _Order) -> None:
    draw_episode(
        order.video, seed=order.seed, plan=order.plan, size=order.size, style=order.style, truth=order.truth
    )


def _end_with_parent() -> None:
    """Ctrl-C ends a worker without a word, and so does the end of the process that asked for it, however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def code_digest() -> str:
    """A digest of this package's sources: what is drawn depends on them and on nothing else of animeflow."""
    whole = hashlib.sha256()
    root = Path(__file__).parent
    for file in sorted(root.rglob("*.py")):
        whole.update(file.relative_to(root).as_posix().encode() + b"\0" + file.read_bytes())
    return whole.hexdigest()[:16]


def _is_done(stamp: Path, order: dict[str, object], videos: tuple[Path, ...]) -> bool:
    if not stamp.is_file() or not all(v.is_file() for v in videos):
        return False
    known = json.loads(stamp.read_text(encoding="utf-8"))
    return {k: known.get(k) for k in order} == order and known.get("sha256") == [_sha256(v) for v in videos]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
