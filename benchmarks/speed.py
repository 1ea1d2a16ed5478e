"""Speed against what a user would pick instead, in one run, alternating, medians: `make bench`.

Each row names its peer and its physical limit. Ratios count, those of processor seconds before those of the clock:
seconds are those of a machine that may be shared.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from animeflow.sample import draw_episode
from benchmarks import speed_cases as cases
from benchmarks import speed_floors as floors
from benchmarks.common import alternate, markdown, save
from benchmarks.speed_cases import Case

SEED = 77
SD = f"{cases.PICTURE_REPEATS * 300} frames of 640x360"
HD = f"{cases.REPEATS * 638} frames of 1920x1080"
NETWORK_ROUNDS = 3  # of the candidates that take many seconds


class Material(NamedTuple):
    """What the rows are about: a drawn episode, the same several times in a row, and a folder for what they write."""

    episode: Path
    long: Path
    folder: Path


def hd_of(material: Material) -> Path:
    """A drawn video of 1080p several times in a row, made when the first row asks for it."""
    video = material.folder / "hd.mkv"
    return video if video.exists() else cases.repeated(cases.drawn_hd(), video)


def minutes_of(material: Material) -> Path:
    """The drawn episode many times in a row: minutes, as episodes have."""
    video = material.folder / "minutes.mkv"
    return video if video.exists() else cases.repeated(material.episode, video, cases.PICTURE_REPEATS)


MAKERS: dict[str, Callable[[Material], Case]] = {
    "decode": lambda m: cases.decode_once(m.long),
    "everything": lambda m: cases.all_without_network(m.long, "640x360"),
    "everything-hd": lambda m: cases.all_without_network(hd_of(m), "1920x1080"),
    "everything-floor": lambda m: floors.scaling(m.long, "640x360"),
    "everything-floor-hd": lambda m: floors.scaling(hd_of(m), "1920x1080"),
    "network": lambda m: cases.network_of_a_table(m.episode),
    "text": lambda m: cases.text_in_the_pass(m.episode),
    "pictures": lambda m: cases.with_pictures(minutes_of(m), m.folder, (), SD),
    "pictures-one": lambda m: cases.with_pictures(minutes_of(m), m.folder, ("-n", "1"), SD),
    "pictures-hd": lambda m: cases.with_pictures(hd_of(m), m.folder, (), HD),
    "pictures-floor": lambda m: floors.known_pictures(minutes_of(m), m.folder, SD),
    "pictures-floor-hd": lambda m: floors.known_pictures(hd_of(m), m.folder, HD),
    "shots": lambda m: cases.shots_of_a_file(m.long),
    "encode": lambda m: cases.encode(m.episode, m.folder),
    "archive": lambda m: cases.archive(m.folder),
    "archive-floor": lambda m: floors.copying(m.folder),
    "definitions": lambda _: cases.definitions(),
    "shots-network": lambda m: cases.shots_by_network(m.episode, m.folder),
}
FEW_ROUNDS = ("network", "text", "shots-network")
MANY_ROUNDS = ("archive", "archive-floor")  # of a tenth of a second each
MANY = 3  # times as many


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--only", nargs="+", default=list(MAKERS), choices=list(MAKERS), help="only these rows"
    )
    parser.add_argument("--no-save", action="store_true", help="print only")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="animeflow-bench-") as name:
        rows = list(measured(Path(name), arguments))
    table = markdown(rows)
    print(table)
    body = (
        f"Medians of {arguments.rounds} alternating rounds ({rounds_of('network', arguments.rounds)} of the network, "
        f"{rounds_of('archive', arguments.rounds)} of archives) after one to warm up; a "
        "ratio (the median of those of the rounds) below 1: animeflow is faster. Load at the start: "
        f"{load:.1f} (where others use the machine, seconds are longer; the ratios stand). Two cores and the same "
        f"files on both sides (ffmpeg alone gains nothing by more threads). A goal is one of the clock.\n\n{table}"
    )
    if not arguments.no_save:
        command = f"make bench  # {arguments.rounds} rounds"
        save("speed", "Speed beside what a user would pick instead", body, command)
    return 0


def measured(folder: Path, arguments: argparse.Namespace) -> Iterator[dict[str, object]]:
    """The rows, one after the other; material is made when the first row that needs it is asked for."""
    episode = folder / "episode.mkv"
    draw_episode(episode, seed=SEED)
    material = Material(episode, cases.repeated(episode, folder / "long.mkv"), folder)
    for name, make in MAKERS.items():
        if name in arguments.only:
            row = compare(rounds_of(name, arguments.rounds), *make(material))
            print(
                f"{name}: CPU {row['CPU ratio']:.3f}, clock {row['clock ratio']:.3f}",
                file=sys.stderr,
                flush=True,
            )
            yield row


def rounds_of(name: str, asked: int) -> int:
    """Rounds of a row: fewer of those that take many seconds, more of those that take few milliseconds."""
    return (
        min(asked, NETWORK_ROUNDS) if name in FEW_ROUNDS else asked * MANY if name in MANY_ROUNDS else asked
    )


def compare(
    rounds: int,
    what: str,
    peer: str,
    limit: str,
    ours: Callable[[], object],
    theirs: Callable[[], object],
    goal: float | None = None,
) -> dict[str, object]:
    """One row: both medians and their ratios."""
    costs = alternate({"ours": ours, "peer": theirs}, rounds=rounds)
    one, other = costs["ours"], costs["peer"]
    ratio = one.clock_over(other)
    return {
        "what": what,
        "peer": peer,
        "CPU s": one.cpu_s,
        "peer CPU s": other.cpu_s,
        "CPU ratio": one.cpu_over(other),
        "clock s": one.clock_s,
        "peer clock s": other.clock_s,
        "clock ratio": ratio,
        "goal": None if goal is None else f"≤ {goal:.3g}",
        "reached": None if goal is None else ratio <= goal,
        "physical limit": limit,
    }


if __name__ == "__main__":
    sys.exit(main())
