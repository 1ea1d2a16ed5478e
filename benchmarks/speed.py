"""Speed against what a user would pick instead, in one run, alternating, medians: `make bench`.

Each row names its peer and its physical limit. Ratios count; seconds are those of a shared machine.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from animeflow.media import open_video
from animeflow.media.archive import write_archive
from animeflow.media.encode import encode_video
from animeflow.media.encode_plan import encode_command, make_plan
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe import probe
from animeflow.sample import draw_episode
from animeflow.settings.shots import ShotsSettings
from animeflow.shots.signals import analyse
from benchmarks.common import alternate, markdown, save

CODE = "import sys, animeflow.definitions; sys.exit('torch' in sys.modules)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    with tempfile.TemporaryDirectory() as folder:
        video = Path(folder) / "episode.mkv"
        draw_episode(video, seed=77)
        rows = [
            compare(rounds, *decode_once(video)),
            compare(rounds, *against_scenedetect(video, Path(folder))),
            compare(rounds, *encode(video, Path(folder))),
            compare(rounds, *archive(Path(folder))),
            compare(rounds, *definitions()),
        ]
    body = markdown(rows)
    print(body)
    save("speed", "Speed beside what a user would pick instead", body, f"make bench  # {rounds} rounds")
    return 0


Case = tuple[str, str, str, Callable[[], object], Callable[[], object]]


def compare(
    rounds: int, what: str, peer: str, limit: str, ours: Callable[[], object], theirs: Callable[[], object]
) -> dict[str, object]:
    """One row: both medians and their ratio (below 1: ours is faster)."""
    seconds = alternate({"ours": ours, "peer": theirs}, rounds=rounds)
    return {
        "what": what,
        "peer": peer,
        "ours s": seconds["ours"],
        "peer s": seconds["peer"],
        "ours / peer": seconds["ours"] / seconds["peer"],
        "physical limit": limit,
    }


def run(*arguments: str | Path) -> Callable[[], object]:
    """An external command as a candidate; it must succeed."""
    return lambda: subprocess.run([str(word) for word in arguments], check=True, capture_output=True)


def decode_once(video: Path) -> Case:
    """All frame signals of the one decode, against decoding alone."""
    settings = ShotsSettings()
    bare = run(
        ffmpeg_path(),
        "-nostdin",
        "-v",
        "error",
        "-threads",
        "2",
        "-i",
        video,
        "-map",
        "0:v:0",
        "-f",
        "null",
        "-",
    )
    return (
        "analysis decode (signals, statistics, flash and drawing inputs)",
        "ffmpeg -f null",
        "the decode itself",
        lambda: analyse(video, video_id="0" * 16, settings=settings),
        bare,
    )


def against_scenedetect(video: Path, folder: Path) -> Case:
    """The same measures in one pass, against the command that gives cuts and pictures."""
    command = (Path(sys.executable).parent / "scenedetect", "-q", "-i", video, "-o", folder / "psd")
    return (
        "analysis decode (as above)",
        "scenedetect detect-adaptive save-images",
        "the decode itself",
        lambda: analyse(video, video_id="0" * 16, settings=ShotsSettings()),
        run(*command, "detect-adaptive", "save-images"),
    )


def encode(video: Path, folder: Path) -> Case:
    """AV1 with key frames on cuts and verification (full decode), against the same ffmpeg command alone."""
    facts = probe(video)
    with open_video(video, purpose="benchmark") as reader:
        pts = [frame.pts for frame in reader]
    cuts = list(range(0, len(pts), 60))
    plan = make_plan(facts, cuts=cuts, pts=pts, profile="fast")
    plain = encode_command(plan, ffmpeg_path(), folder / "plain.mkv", [])
    return (
        "AV1 encode, preset 8, packets, times, key frames and full decode proved",
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
        "archive of 400 pictures, 24 MB, every member read back",
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
