"""A peer's video operators beside ours, on the same file: `make bench-peers`.

Data-Juicer is the toolbox whose operators do these jobs one by one, each with a decode of its own. It is installed
into a temporary environment with what the operators import, and no more: all its extras pin an old torch. Its time is
taken inside its process, after its imports; ours starts from the bare file too.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from animeflow.measures.motion import measure_motion
from animeflow.models.registry import create
from animeflow.sample import draw_episode
from animeflow.settings.shots import ContentDetector, ShotsSettings
from animeflow.settings.tree import Settings
from animeflow.shots.clips import cut_clips
from animeflow.shots.detectors import detect_shots
from animeflow.shots.signals import analyse
from animeflow.tables.frames import seconds
from benchmarks.common import cpu_s, environment_with, markdown, save
from benchmarks.everything import THREADS, VIDEO

PEER = "py-data-juicer==1.6.1"
NEEDS = (
    "datasets>=4.7.0", "dill==0.3.8", "multiprocess==0.70.16", "loguru", "jsonargparse[signatures]", "jsonlines",
    "dep-logic", "httpx", "psutil", "pydantic", "tqdm", "pandas", "pillow", "regex", "requests", "tabulate", "tomli",
    "tomli-w", "zstandard", "lz4", "emoji==2.2.0", "gitpython", "wget", "uv", "opencv-python-headless",
    "scenedetect==0.7", "av", "aiohttp", "beautifulsoup4",
)  # fmt: skip
OCR_REASON = (
    "not run: it reads with easyocr, which downloads its weights at first use from outside any package index"
)
OPERATOR_S = 600

# The operator is made and asked once to warm up, then timed.
TIMED = """
import json, sys, time
operator, video, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
from data_juicer.utils.constant import Fields, StatsKeys
if operator == "motion":
    from data_juicer.ops.filter.video_motion_score_filter import VideoMotionScoreFilter
    made = VideoMotionScoreFilter()
    def work():
        sample = made.compute_stats_single({"videos": [video], Fields.stats: {}})
        return float(sample[Fields.stats][StatsKeys.video_motion_score][0])
else:
    from data_juicer.ops.mapper.video_split_by_scene_mapper import VideoSplitBySceneMapper, scenedetect
    made = VideoSplitBySceneMapper(min_scene_len=12)
    def work():  # what the operator does before it has ffmpeg cut
        found = scenedetect.detect(
            video, made.detector_class(made.threshold, made.min_scene_len), show_progress=False, start_in_scene=True
        )
        return len(found)
value = work()
taken = []
for _ in range(rounds):
    clock, cpu = time.perf_counter(), time.process_time()
    work()
    taken.append((time.perf_counter() - clock, time.process_time() - cpu))
print(json.dumps({"value": value, "taken": taken}))
"""


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--python", type=Path, help="a Python that has the peer already")
    parser.add_argument("--no-save", action="store_true", help="print only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="animeflow-bench-") as name:
        folder = Path(name)
        video = folder / "episode.mkv"
        draw_episode(video, seed=77, layers=False)
        python = arguments.python or environment_with(folder / "peer", (PEER,), NEEDS)
        rows = [
            compare("scenes (ContentDetector 27), no cutting", "video_split_by_scene_mapper", "scenes", scenes,
                    video, python, arguments.rounds),
            compare("motion score (ours: DIS flow between drawings; theirs: Farneback at 2 frames a second)",
                    "video_motion_score_filter", "motion", motion, video, python, arguments.rounds),
            {"what": "text's share of the frame", "peer's operator": "video_ocr_area_ratio_filter", "note": OCR_REASON},
        ]  # fmt: skip
    columns = [
        "what", "peer's operator", "clock s", "peer clock s", "clock ratio", "CPU s", "peer CPU s", "CPU ratio",
        "value", "peer value", "physical limit", "note",
    ]  # fmt: skip
    body = f"{__doc__}\nMedians of {arguments.rounds} rounds.\n\n{markdown(rows, columns)}"
    print(body)
    if not arguments.no_save:
        save("peers", f"Video operators of {PEER.partition('==')[0]} beside ours", body, "make bench-peers")
    return 0


def compare(
    what: str,
    peer: str,
    operator: str,
    ours: Callable[[Path], float],
    video: Path,
    python: Path,
    rounds: int,
) -> dict[str, object]:
    """One row: a round of the peer, then one of ours, in turn."""
    value = ours(video)
    mine: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    peer_value = 0.0
    for _ in range(rounds):
        result = timed_peer(python, operator, video)
        peer_value = result["value"]
        theirs += result["taken"]
        clock, cpu = time.perf_counter(), cpu_s()
        ours(video)
        mine.append((time.perf_counter() - clock, cpu_s() - cpu))
    (clock, cpu), (peer_clock, peer_cpu) = median(mine), median(theirs)
    return {
        "what": what,
        "peer's operator": peer,
        "clock s": clock,
        "peer clock s": peer_clock,
        "clock ratio": clock / peer_clock,
        "CPU s": cpu,
        "peer CPU s": peer_cpu,
        "CPU ratio": cpu / peer_cpu,
        "value": value,
        "peer value": peer_value,
        "physical limit": "the decode itself",
    }


def timed_peer(python: Path, operator: str, video: Path) -> dict[str, Any]:
    """{value, taken: [[clock, processor seconds]]} of one call of the peer's operator."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [str(python), "-c", TIMED, operator, str(video), "1"],
        check=True, capture_output=True, text=True, timeout=OPERATOR_S, env=clean,
    )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def median(taken: list[tuple[float, float]]) -> tuple[float, float]:
    """Medians of clock and processor seconds."""
    return statistics.median(one[0] for one in taken), statistics.median(one[1] for one in taken)


def scenes(video: Path) -> float:
    """Number of scenes by the same detector, with every other signal of the one decode."""
    signals, _ = analyse(video, video_id=VIDEO, settings=ShotsSettings(), threads=THREADS)
    return len(detect_shots(signals, None, ContentDetector(threshold=27.0, min_shot_frames=12)).ranges)


def motion(video: Path) -> float:
    """Mean motion of the video's clips, in px per second at 576x320, from the bare file."""
    from animeflow.shots.drawings import find_drawings

    settings = Settings()
    signals, _ = analyse(video, video_id=VIDEO, settings=settings.shots, threads=THREADS)
    shots = detect_shots(signals, None, ContentDetector())
    drawings = find_drawings(signals, shots, settings.shots.drawings, video_id=VIDEO)
    clips = cut_clips(signals, shots, settings.shots.clips, video_id=VIDEO).to_pylist()
    adapter = create(settings.models.flow, task="flow")
    adapter.load()
    table = measure_motion(
        video, clips, drawings.to_pylist(), seconds(signals), flow=adapter.flow, kind=adapter.kind,
        settings=settings.measures.motion, sampling=settings.measures.sampling,
    )  # fmt: skip
    return float(statistics.fmean(value for value in table["motion"].to_pylist() if value is not None))


if __name__ == "__main__":
    sys.exit(main())
