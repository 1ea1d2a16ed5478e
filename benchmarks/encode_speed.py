"""The AV1 encode beside `ffmpeg -c:v libsvtav1` with the same settings, and beside av1an: `make bench-encode`.

Ours has key frames on cuts, packets, times and streams proved; then the full decode; then a metric, in a column of its
own. Alternating, medians, presets 6 and 8. SVT-AV1 itself is the physical limit: key frames cost it processor time
whoever forces them, which a second ffmpeg command with the same key frames shows.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from animeflow.media.decode.reader import open_video
from animeflow.media.encode.encoders import svt
from animeflow.media.encode.group_plan import plan_groups
from animeflow.media.encode.plan import EncodePlan, encode_command, make_plan
from animeflow.media.encode.video import encode_video
from animeflow.media.ffmpeg import ffmpeg_path
from animeflow.media.probe.file import probe
from animeflow.sample import ACCURACY_PLANS, EpisodeTruth, draw_episode
from animeflow.settings.media import Av1Settings
from benchmarks.av1an import ENCODER, VERSION, Av1an, encoder_program, encoder_words
from benchmarks.common import Cost, alternate, cache, markdown, save

PROFILES = {"p6": "animation", "p8": "fast"}
GOALS = {"proved": 0.97, "decoded": 0.88}
SHOTS = 10  # of the drawn sample "travel": 27 s, shots of 2.7 s


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--video", type=Path, help="a video to encode (default: the drawn sample)")
    parser.add_argument("--cut-every", type=int, default=60, help="frames between the cuts of such a video")
    parser.add_argument("--presets", nargs="+", choices=PROFILES, default=list(PROFILES))
    parser.add_argument("--encoder", type=Path, help="a SvtAv1EncApp for av1an (default: the one on PATH)")
    parser.add_argument("--no-save", action="store_true", help="print only")
    given = parser.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="animeflow-bench-") as name:
        folder = Path(name)
        video = given.video or drawn_sample()
        with open_video(video, purpose="benchmark") as reader:
            pts = [frame.pts for frame in reader]
        cuts = list(range(given.cut_every, len(pts), given.cut_every))
        if given.video is None:
            cuts = list(EpisodeTruth.load(video.with_suffix(".truth")).cuts)
        program = encoder_program(given.encoder)
        av1an = None if program is None else Av1an.install(folder, program)
        rows = [
            row
            for preset in given.presets
            for row in measure(preset, video, folder, pts=pts, cuts=cuts, rounds=given.rounds, av1an=av1an)
        ]
    body = (
        f"{len(pts)} frames, {len(cuts)} cuts. Medians of {given.rounds} alternating rounds after one to warm up. "
        "Speed is the clock time of the first row divided by that of the row in the same round, the median of the "
        f"rounds: 1 is as fast; the goals are {GOALS['proved']:g} with packets and times proved and "
        f"{GOALS['decoded']:g} with the full decode. `beside keys` is the same against the second row, plain ffmpeg "
        "that is given the same key frames: what our proofs cost. The rest is what forced key frames cost the encoder "
        "itself; no program that wants them is spared it. "
        "`speed by CPU` counts processor seconds, which others on the machine disturb less. "
        f"Load of the machine at the start: {load:.1f}.\n\n{markdown(rows)}"
    )
    print(body)
    if not given.no_save:
        save("encode_speed", "Speed of the AV1 encode", body, f"make bench-encode  # {given.rounds} rounds")
    return 0


def drawn_sample() -> Path:
    """A drawn video of 27 s, kept for the next time."""
    video = cache() / f"travel-{SHOTS}-shots.mkv"
    if not video.is_file():
        plan = ACCURACY_PLANS["travel"]
        draw_episode(video, seed=77, plan=replace(plan, steps=plan.steps[:SHOTS]), layers=False)
    return video


def measure(
    preset: str,
    video: Path,
    folder: Path,
    *,
    pts: Sequence[int],
    cuts: Sequence[int],
    rounds: int,
    av1an: Av1an | None,
) -> list[dict[str, object]]:
    """The rows of one preset."""
    plan = make_plan(probe(video), cuts=cuts, pts=pts, encoder=svt(PROFILES[preset]))
    peer = plain_command(plan, folder / "plain.mkv")
    forced = plain_command(plan, folder / "forced.mkv", key_frames=True)

    def ours(full_decode: bool, metric: str = "none") -> Callable[[], object]:
        out = folder / "ours.mkv"
        return lambda: encode_video(plan, out, cuts=cuts, pts=pts, full_decode=full_decode, metric=metric)

    candidates = {
        "peer": lambda: subprocess.run(peer, check=True, capture_output=True),
        "forced": lambda: subprocess.run(forced, check=True, capture_output=True),
        "proved": ours(full_decode=False),
        "decoded": ours(full_decode=True),
        "ssim": ours(full_decode=True, metric="ssim"),
        "groups": lambda: encode_video(
            groups_of(plan, cuts, pts), folder / "groups.mkv", cuts=cuts, pts=pts, full_decode=False
        ),
    }
    if av1an is not None:
        candidates |= {
            "piped": lambda: piped(plan, av1an, folder / "piped.ivf"),
            "av1an": lambda: av1an.encode(plan, cuts, len(pts), folder / "av1an.mkv"),
        }
    costs = alternate(candidates, rounds=rounds)
    metric_s = costs["ssim"].clock_s - costs["decoded"].clock_s
    rows = [
        _row(preset, what, costs, name, goal, takes)
        for name, what, goal, takes in (
            ("peer", "ffmpeg -c:v libsvtav1, same settings, nothing proved", None, None),
            ("forced", "the same with -force_key_frames on the cuts", None, None),
            ("proved", "ours: key frames on cuts, packets, times, streams", GOALS["proved"], None),
            ("decoded", "ours, and every frame decoded", GOALS["decoded"], metric_s),
            ("groups", "ours, shot groups in parallel (media.av1.parallel=on)", GOALS["proved"], None),
        )
    ]
    if av1an is None:
        reason = f"not run: it needs {ENCODER}, which is not on PATH here"
        return [*rows, {"preset": preset, "what": f"av1an {VERSION}", "remark": reason}]
    remark = f"{av1an.encoder}, built from source"
    rows += [
        _row(preset, f"ffmpeg | {ENCODER}, the whole video, nothing proved", costs, "piped", remark=remark),
        _row(
            preset,
            f"av1an {VERSION}, chunks on the same cuts, a worker per two cores",
            costs,
            "av1an",
            remark=remark,
        ),
    ]
    return rows


def groups_of(plan: EncodePlan, cuts: Sequence[int], pts: Sequence[int]) -> EncodePlan:
    """The plan with shot groups, as `media.av1.parallel=on` makes them."""
    settings = Av1Settings(parallel="on")
    return plan_groups(plan, settings, cuts=cuts, pts=pts, ffmpeg=ffmpeg_path()).plan


def plain_command(plan: EncodePlan, output: Path, *, key_frames: bool = False) -> list[str]:
    """What a user types: the same encoder options, without forced key frames or with them."""
    bare = plan if key_frames else replace(plan, key_times=())
    covers = [output.with_suffix(f".{n}") for n, _ in enumerate(plan.of_kind("cover"))]
    for path in covers:
        path.write_bytes(b"\xff\xd8\xff\xd9")
    return encode_command(bare, ffmpeg_path(), output, covers)


def piped(plan: EncodePlan, av1an: Av1an, output: Path) -> None:
    """The encoder program that av1an drives, on the whole video at once."""
    decode = [ffmpeg_path(), "-v", "error", "-nostdin", "-i", plan.probe.path, "-map", "0:v:0", "-strict", "-1",
              "-pix_fmt", "yuv420p10le", "-f", "yuv4mpegpipe", "-"]  # fmt: skip
    encode = [av1an.programs / ENCODER, "-i", "stdin", *encoder_words(plan), "-b", output]
    with subprocess.Popen(decode, stdout=subprocess.PIPE) as decoder:
        subprocess.run(encode, stdin=decoder.stdout, check=True, capture_output=True)


def _row(
    preset: str,
    what: str,
    costs: Mapping[str, Cost],
    name: str,
    goal: float | None = None,
    metric_s: float | None = None,
    *,
    remark: str | None = None,
) -> dict[str, object]:
    cost = costs[name]
    speed = 1 / cost.clock_over(costs["peer"])
    return {
        "preset": preset,
        "what": what,
        "clock s": cost.clock_s,
        "CPU s": cost.cpu_s,
        "speed": speed,
        "speed by CPU": 1 / cost.cpu_over(costs["peer"]),
        "beside keys": None if name == "peer" else 1 / cost.clock_over(costs["forced"]),
        "goal": goal,
        "met": None if goal is None else speed >= goal,
        "SSIM takes, s": metric_s,
        "physical limit": "SVT-AV1 at this preset",
        "remark": remark,
    }


if __name__ == "__main__":
    sys.exit(main())
