"""Peak memory of the stages that touch every frame: it must not grow with duration, nor with resolution beyond the
frames that the decoder holds: `make bench-memory`.

Each row is a fresh workspace and a fresh `animeflow run` of the one decode and all that follows from its table (shots
of kind adaptive: a network's window does not depend on the duration, its time would). Memory is the sum of the
high-water marks (VmHWM) of all processes of the run. Exit status 1 when a bound does not hold.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from animeflow.media.demux.frame_index import read_frame_index
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.sample import draw_episode
from benchmarks.common import markdown, save, watched
from benchmarks.speed_cases import run

STAGES = ("shard_files", "frame_signals", "shots", "clips", "drawings", "flash", "statistics")
SETTINGS = (
    "shots.detector={kind: adaptive}",
    "shots.text.enabled=false",  # what waits for the recogniser is bounded by run.queue_mb and no question of duration
    "run.threads=2",
    "shots.decode.threads=2",
)
LONG_SIZE = (320, 180)
SIZES = ((640, 360), (1280, 720), (1920, 1080), (3840, 2160))
SHORT_LOOPS = 1  # of the episode of 12.5 s in the rows of resolutions
GROWTH = (
    0.10  # of the shorter one's peak: what the longer may take more (plain columns are 150 bytes a frame)
)
HELD_FRAMES = 24  # H.264 lets a decoder hold 16 pictures; one per thread, and what is on its way
MEGA = 1_000_000


@dataclass(frozen=True)
class Peak:
    """One run."""

    minutes: float
    size: tuple[int, int]
    frames: int
    high_water: int
    sampled: int
    clock_s: float

    @property
    def frame_bytes(self) -> int:
        """Bytes of a decoded picture in 4:2:0 and 8 bit."""
        return self.size[0] * self.size[1] * 3 // 2

    def row(self) -> dict[str, object]:
        return {
            "minutes": round(self.minutes, 2),
            "size": f"{self.size[0]}x{self.size[1]}",
            "frames": self.frames,
            "peak MB (high-water marks)": self.high_water / MEGA,
            "peak MB (sampled sum)": self.sampled / MEGA,
            "one frame MB": self.frame_bytes / MEGA,
            "clock s": self.clock_s,
        }


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, nargs=2, default=(10.0, 60.0), metavar=("SHORT", "LONG"))
    parser.add_argument("--sizes", type=int, default=len(SIZES), help="how many sizes, from the smallest")
    parser.add_argument("--no-save", action="store_true", help="print only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="animeflow-bench-") as name:
        folder = Path(name)
        drawn = folder / "drawn.mkv"
        draw_episode(drawn, seed=77, audio=False, subtitles=False, layers=False)
        small = scaled(drawn, folder / "small.mkv", LONG_SIZE)
        durations = [measure(folder, small, LONG_SIZE, minutes) for minutes in arguments.minutes]
        resolutions = []
        for size in SIZES[: arguments.sizes]:
            source = scaled(drawn, folder / f"{size[0]}.mkv", size)
            resolutions.append(measure(folder, source, size, None))
    verdicts = [duration_verdict(*durations), *(size_verdict(resolutions[0], one) for one in resolutions[1:])]
    body = (
        f"{markdown([one.row() for one in [*durations, *resolutions]])}\n\n"
        f"{markdown(verdicts, ['what', 'grows by MB', 'allowed MB', 'frames of the larger size', 'holds'])}"
    )
    print(body)
    if not arguments.no_save:
        save(
            "memory",
            "Peak memory against duration and resolution",
            f"{__doc__}\n{body}",
            "make bench-memory",
        )
    return 0 if all(verdict["holds"] for verdict in verdicts) else 1


def duration_verdict(short: Peak, long: Peak) -> dict[str, object]:
    """Whether the peak stays where the duration grows."""
    grows, allowed = long.high_water - short.high_water, GROWTH * short.high_water
    return {
        "what": f"{short.minutes:g} to {long.minutes:g} minutes",
        "grows by MB": grows / MEGA,
        "allowed MB": allowed / MEGA,
        "holds": grows <= allowed,
    }


def size_verdict(least: Peak, other: Peak) -> dict[str, object]:
    """Whether the peak grows by no more than the frames that a decoder holds."""
    grows = other.high_water - least.high_water
    allowed = HELD_FRAMES * (other.frame_bytes - least.frame_bytes) + GROWTH * least.high_water
    return {
        "what": f"{least.size[1]} to {other.size[1]} lines",
        "grows by MB": grows / MEGA,
        "allowed MB": allowed / MEGA,
        "frames of the larger size": grows / other.frame_bytes,
        "holds": grows <= allowed,
    }


def scaled(video: Path, target: Path, size: Sequence[int]) -> Path:
    """The picture at another size, H.264 as releases have it."""
    codec = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", "-threads", "2")
    scale = ("-vf", f"scale={size[0]}:{size[1]}", *codec)
    run(ffmpeg_path(), "-nostdin", "-v", "error", "-i", video, "-map", "0:v:0", *scale, target)()
    return target


def measure(folder: Path, video: Path, size: tuple[int, int], minutes: float | None) -> Peak:
    """The peak of a fresh run on the video, repeated to so many minutes."""
    source = folder / "source"
    source.mkdir(exist_ok=True)
    target = source / "episode.mkv"
    once = seconds_of(video)
    loops = SHORT_LOOPS if minutes is None else max(1, round(minutes * 60 / once))
    loop = ("-nostdin", "-v", "error", "-y", "-stream_loop", str(loops - 1), "-i", video)
    run(ffmpeg_path(), *loop, "-map", "0:v:0", "-c", "copy", target)()
    with tempfile.TemporaryDirectory(dir=folder) as workspace:
        words = [word for stage in STAGES for word in ("--select", stage)]
        words += [word for setting in SETTINGS for word in ("--set", setting)]
        command = [
            Path(sys.executable).parent / "animeflow", "run", source, "--out", workspace, "--no-report", *words,
        ]  # fmt: skip
        cost = watched(command)
        if cost.returncode:
            raise SystemExit(f"animeflow run failed ({cost.returncode}):\n{cost.output[-4000:]}")
    frames = len(read_frame_index(target) or ())
    return Peak(loops * once / 60, size, frames, cost.high_water_bytes, cost.peak_bytes, cost.clock_s)


def seconds_of(video: Path) -> float:
    """Duration of a video by its packets."""
    index = read_frame_index(video)
    if index is None:
        raise SystemExit(f"{video} has no sound list of times")
    return float(len(index) / 24000 * 1001)


if __name__ == "__main__":
    sys.exit(main())
