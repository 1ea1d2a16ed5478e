"""Shots, drawings, flashes, text and motion of drawn episodes against their truth, beside baselines.

Two episodes of about 25 s per seed, one clean and one grainy; four seeds in a row hold every kind of shot and of
transition on both materials. Everything is read from the encoded file by the code that the stages run.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from animeflow.measures.flash import measure_flash
from animeflow.measures.motion import measure_motion
from animeflow.measures.text import measure_text
from animeflow.measures.union import union_share
from animeflow.models.registry import create
from animeflow.sample.episode import draw_episode
from animeflow.sample.episode_truth import EpisodeTruth, ShotTruth
from animeflow.sample.plans import ACCURACY_PLANS, DEMO_PLANS, Plan
from animeflow.sample.style import Style
from animeflow.sample.truth import ROLES
from animeflow.settings.shots import (
    AdaptiveDetector,
    ContentDetector,
    Detector,
    FusedDetector,
    TransNetV2Detector,
)
from animeflow.settings.tree import Settings
from animeflow.shots.cuts import Cut, Shots, gradual
from animeflow.shots.detectors import detect_shots, shot_probabilities
from animeflow.shots.drawings import find_drawings, new_drawings
from animeflow.shots.signals import analyse
from animeflow.tables.frames import seconds, values
from animeflow.tables.ids import clip_id
from benchmarks.bounds import Bound
from benchmarks.shot_table import HALF_COVERED, common, f1

Row = dict[str, Any]

SETTINGS = Settings()
DETECTORS: tuple[Detector, ...] = (
    FusedDetector(),
    TransNetV2Detector(),
    AdaptiveDetector(),
    ContentDetector(),
)
MATERIAL = ("clean", "grain")
MOVES = ("pan", "slowpan", "tilt", "zoom", "still", "landscape")
VIDEO = "0" * 16
TEXT_AREA = 0.002  # share of the frame from which a shot counts as one with text: half a short subtitle line
LEAST_MOTION = 20.0  # px per second at 576x320: below it an error is measured against this

BOUNDS: list[Bound] = [
    Bound("hard-cut F1", "fused", MATERIAL, least=True, limit=0.99),
    Bound("hard-cut F1", "fused", MATERIAL, least=True, limit=0.96, over="worst", goal=True, reason="one cut in 30"),
    Bound("gradual F1", "fused", MATERIAL, least=True, limit=0.9, goal=True, reason="a dissolve out of a strobe"),
    Bound("new drawings, precision", "drawings", ("clean",), least=True, limit=0.99),
    Bound("new drawings, recall", "drawings", ("clean",), least=True, limit=0.99),
    Bound("new drawings, precision", "drawings", ("grain",), least=True, limit=0.96),
    Bound("new drawings, recall", "drawings", ("grain",), least=True, limit=0.96),
    Bound("decisions right", "flash", MATERIAL, least=True, limit=1.0, over="worst"),
    Bound("decisions right", "text", MATERIAL, least=True, limit=1.0, over="worst"),
    Bound("motion, relative error", "dis", ("pan", "slowpan", "tilt", "zoom"), least=False, limit=0.15, goal=True,
          reason="a character that walks with the camera does not move on the screen"),
]  # fmt: skip


def measure(seed: int, *, quick: bool = False) -> list[Row]:
    """Rows {kind, method, measure, value, higher_is_better} of one seed. `quick`: the demo's shorter plans."""
    rows: list[Row] = []
    for material, plan in plans_of(seed, quick=quick).items():
        with tempfile.TemporaryDirectory(prefix="animeflow-accuracy-") as folder:
            episode = Episode.draw(Path(folder), seed, plan, material)
            for part in (cut_rows, drawing_rows, flash_rows, text_rows, motion_rows):
                rows += part(episode)
    return rows


def plans_of(seed: int, *, quick: bool) -> dict[str, Plan]:
    """A clean and a grainy plan. Four seeds in a row hold both halves of both stories on both materials."""
    if quick:
        first, second = DEMO_PLANS[seed % 2], DEMO_PLANS[1 - seed % 2]
        return {"clean": first, "grain": Plan(second.steps, Style(grain=3.0, crf=18))}
    stories, part = ("travel", "night")[:: 1 if seed % 2 else -1], seed // 2 % 2
    return {
        "clean": half(ACCURACY_PLANS[stories[0]], part),
        "grain": half(ACCURACY_PLANS[f"{stories[1]}_grain"], 1 - part),
    }


def half(plan: Plan, part: int) -> Plan:
    """The first or the second half of a plan's shots: 25 s, drawn and read in about a minute."""
    middle = len(plan.steps) // 2
    return Plan(plan.steps[middle:] if part else plan.steps[:middle], plan.style)


@dataclass(frozen=True)
class Episode:
    """A drawn and encoded episode, its truth, and what the one decode says of it."""

    path: Path
    truth: EpisodeTruth
    material: str
    signals: pa.Table
    text_boxes: pa.Table | None
    probabilities: pa.Table

    @classmethod
    def draw(cls, folder: Path, seed: int, plan: Plan, material: str, *, text: bool = True) -> Episode:
        """Draw, encode and analyse; the pictures of the truth are not kept. `text` False: no text is read."""
        path = folder / "episode.mkv"
        truth = draw_episode(path, seed=seed, plan=plan, audio=False, subtitles=False, layers=False)
        signals, boxes, probabilities = read_signals(path, text=text)
        if signals.num_rows != truth.frames or (text and boxes is None):
            raise RuntimeError(f"{truth.frames} frames were drawn, {signals.num_rows} decoded")
        return cls(path, truth, material, signals, boxes, probabilities)

    @cached_property
    def found(self) -> Shots:
        """Shots by the default detector."""
        return detect_shots(self.signals, self.probabilities, SETTINGS.shots.detector)

    @cached_property
    def true_shots(self) -> Shots:
        """The truth as shots: what drawings, flashes and text are judged on, so that no error is counted twice."""
        hard = [Cut(frame, "hard", 1.0) for frame in self.truth.cuts]
        soft = [gradual(t.start, t.end, t.kind, 1.0) for t in self.truth.transitions]  # type: ignore[arg-type]
        return Shots(self.truth.frames, tuple(sorted([*hard, *soft], key=lambda cut: cut.frame)))

    @cached_property
    def pure(self) -> list[tuple[ShotTruth, Row]]:
        """Each true shot with the clip row of its frames outside transitions."""
        times = np.append(seconds(self.signals), seconds(self.signals)[-1] + float(1 / self.truth.fps))
        return [
            (
                shot,
                {
                    "clip_id": clip_id(VIDEO, shot.pure_start, shot.pure_end),
                    "video_id": VIDEO,
                    "start": shot.pure_start,
                    "end": shot.pure_end,
                    "duration_s": float(times[shot.pure_end] - times[shot.pure_start]),
                },
            )
            for shot in self.truth.shots
        ]

    def kind_of(self, shot: ShotTruth) -> str:
        """Name of a shot's kind in the table; grainy material apart."""
        return shot.kind if self.material == "clean" else f"{shot.kind}, grain"


def read_signals(path: Path, *, text: bool) -> tuple[pa.Table, pa.Table | None, pa.Table]:
    """`frame_signals`, `text_boxes` (None when no text is read) and `shot_probabilities` of a file, as the stages."""
    with ExitStack() as stack:
        reader = stack.enter_context(create(SETTINGS.models.text, task="text")) if text else None
        if reader is not None:
            reader.load()
        signals, boxes = analyse(path, video_id=VIDEO, settings=SETTINGS.shots, text_reader=reader)
        network = stack.enter_context(create(SETTINGS.models.shots, task="shots"))
        network.load()
        return signals, boxes, shot_probabilities(signals, network)


def row(kind: str, method: str, name: str, value: float | None, *, higher: bool = True) -> Row:
    return {"kind": kind, "method": method, "measure": name, "value": value, "higher_is_better": higher}


def cut_rows(episode: Episode) -> Iterator[Row]:
    """Hard cuts at their exact frame and transitions by overlap, for every kind of detector."""
    for settings in DETECTORS:
        shots = detect_shots(episode.signals, episode.probabilities, settings)
        hard, soft = match_cuts(shots, episode.truth), match_transitions(shots, episode.truth)
        yield row(episode.material, settings.kind, "hard-cut F1", f1(*hard))
        yield row(episode.material, settings.kind, "hard cuts, false", hard[1], higher=False)
        yield row(episode.material, settings.kind, "hard cuts, missed", hard[2], higher=False)
        if episode.truth.transitions:
            yield row(episode.material, settings.kind, "gradual F1", f1(*soft))


def match_cuts(shots: Shots, truth: EpisodeTruth) -> tuple[int, int, int]:
    """Right, false and missed hard cuts. A hard cut found inside a true transition is one half right: not counted."""
    found = {cut.frame for cut in shots.cuts if cut.transition is None}
    inside = {f for f in found if any(t.start <= f <= t.end for t in truth.transitions)}
    wanted = set(truth.cuts)
    return len(found & wanted), len(found - wanted - inside), len(wanted - found)


def match_transitions(shots: Shots, truth: EpisodeTruth) -> tuple[int, int, int]:
    """Right, false and missed transitions: right with the same kind and half of the union in common."""
    found = [(cut.transition, cut.kind) for cut in shots.cuts if cut.transition is not None]
    right = sum(
        any(
            kind == true.kind and common(span, (true.start, true.end)) >= HALF_COVERED for span, kind in found
        )
        for true in truth.transitions
    )
    return right, len(found) - right, len(truth.transitions) - right


def drawing_rows(episode: Episode) -> Iterator[Row]:
    """New drawings: precision and recall over all frames, per kind of shot, and of fixed thresholds beside it."""
    truth = episode.truth.drawing
    new = np.concatenate([[True], truth[1:] != truth[:-1]])
    # A drawing belongs to one shot: the split in the middle of a black hold begins one in the table only.
    judged = np.ones(len(new), bool)
    judged[[cut.frame for cut in episode.true_shots.cuts if cut.transition is not None]] = False
    found = {
        "drawings": new_drawings(episode.signals, episode.true_shots, SETTINGS.shots.drawings),
        "rms > 0.13": values(episode.signals, "diff_rms") > 0.13,
        "block > 0.56": values(episode.signals, "diff_block") > 0.56,
    }
    for method, guess in found.items():
        yield from precision_recall(episode.material, method, guess[judged], new[judged])
    for shot, _ in episode.pure:
        span = slice(shot.pure_start + 1, shot.pure_end)
        yield from precision_recall(episode.kind_of(shot), "drawings", found["drawings"][span], new[span])


def precision_recall(kind: str, method: str, guess: np.ndarray, new: np.ndarray) -> Iterator[Row]:
    both = float((guess & new).sum())
    if guess.any():
        yield row(kind, method, "new drawings, precision", both / float(guess.sum()))
    if new.any():
        yield row(kind, method, "new drawings, recall", both / float(new.sum()))


def flash_rows(episode: Episode) -> Iterator[Row]:
    """Whether each shot breaks the flash limits, against the drawn frames judged by the truth's own rule."""
    clips = [clip for _, clip in episode.pure]
    table = measure_flash(episode.signals, clips, SETTINGS.measures.flash).to_pylist()
    limits = SETTINGS.curation.max_flashes or 0, SETTINGS.curation.max_red_flashes or 0
    breaks = [one["general_flashes"] > limits[0] or one["red_flashes"] > limits[1] for one in table]
    right = [found == shot.flashes for found, (shot, _) in zip(breaks, episode.pure, strict=True)]
    yield row(episode.material, "flash", "decisions right", float(np.mean(right)))
    old = [one["brightness_jumps"] > 0.2 for one in table]
    agree = [found == shot.flashes for found, (shot, _) in zip(old, episode.pure, strict=True)]
    yield row(episode.material, "brightness jumps", "decisions right", float(np.mean(agree)))
    for shot, found in zip((shot for shot, _ in episode.pure), right, strict=True):
        if not found:
            yield row(episode.kind_of(shot), "flash", "decisions wrong", 1.0, higher=False)


def text_rows(episode: Episode) -> Iterator[Row]:
    """Whether each shot has text, subtitles, too much other text, and its roles, against the drawn boxes."""
    if episode.text_boxes is None:
        return
    clips = [clip for _, clip in episode.pure]
    table = measure_text(episode.text_boxes, clips, SETTINGS.measures.text).to_pylist()
    right, roles_right = [], []
    for (shot, _), found in zip(episode.pure, table, strict=True):
        true = drawn_areas(episode, shot)
        guess = {name: found[f"{name}_area_max"] or 0.0 for name in true}
        right.append(text_decisions(guess) == text_decisions(true))
        if not right[-1]:
            yield row(episode.kind_of(shot), "text", "decisions wrong", 1.0, higher=False)
        roles = [[name for name in ROLES if one[name] >= TEXT_AREA] for one in (true, guess)]
        if roles[0]:
            roles_right.append(roles[0] == roles[1])
            if not roles_right[-1]:
                yield row(episode.kind_of(shot), "text", "roles wrong", 1.0, higher=False)
    yield row(episode.material, "text", "decisions right", float(np.mean(right)))
    if roles_right:
        yield row(episode.material, "text", "roles right", float(np.mean(roles_right)))


def text_decisions(areas: Mapping[str, float]) -> tuple[bool, bool, bool]:
    """Has text; has subtitles; has too much other text."""
    curation = SETTINGS.curation
    return (
        areas["text"] >= TEXT_AREA,
        areas["subtitle"] > curation.max_subtitle_area,
        areas["other"] > (curation.max_text_area or 1.0),
    )


def drawn_areas(episode: Episode, shot: ShotTruth) -> dict[str, float]:
    """Largest shares of a frame under the drawn boxes: all, per role as it was drawn, and all that is no subtitle."""
    width, height = episode.truth.size
    best = dict.fromkeys(("text", *ROLES, "other"), 0.0)
    shown = episode.truth.text_boxes[shot.pure_start : shot.pure_end]
    for boxes in {id(one): one for one in shown}.values():
        flat = [(box.role, box.polygon.ravel().tolist()) for box in boxes]
        parts = {name: [one for role, one in flat if role == name] for name in ROLES}
        parts["text"] = [one for _, one in flat]
        parts["other"] = [one for role, one in flat if role != "subtitle"]
        for name, part in parts.items():
            best[name] = max(best[name], union_share(part, width, height))
    return best


def motion_rows(episode: Episode) -> Iterator[Row]:
    """Mean flow of shots whose motion is the camera's, against the drawn camera path."""
    chosen = [(shot, clip) for shot, clip in episode.pure if shot.kind in MOVES and clip["duration_s"] > 0.5]
    drawings = find_drawings(
        episode.signals, episode.true_shots, SETTINGS.shots.drawings, video_id=VIDEO
    ).to_pylist()
    measures = SETTINGS.measures
    with create(SETTINGS.models.flow, task="flow") as flow:
        flow.load()
        table = measure_motion(
            episode.path, [clip for _, clip in chosen], drawings, seconds(episode.signals), flow=flow.flow,
            kind=flow.kind, settings=measures.motion, sampling=measures.sampling,
        ).to_pylist()  # fmt: skip
    for (shot, _), found in zip(chosen, table, strict=True):
        true = camera_speed(episode.truth, shot, (measures.motion.width_px, measures.motion.height_px))
        error = abs(found["motion"] - true) / max(true, LEAST_MOTION)
        yield row(shot.kind, "dis", "motion, relative error", error, higher=False)


def camera_speed(truth: EpisodeTruth, shot: ShotTruth, size: tuple[int, int]) -> float:
    """Mean over pixels and frames of how far the camera moves a point of the plate, in px per second at `size`."""
    x, y = np.meshgrid(np.arange(0, truth.size[0], 16.0), np.arange(0, truth.size[1], 16.0))
    points = np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    scale = np.array([[size[0] / truth.size[0]], [size[1] / truth.size[1]]])
    lengths = []
    for t in range(shot.pure_start, shot.pure_end - 1):
        there = np.linalg.inv(truth.camera[t + 1]) @ truth.camera[t] @ points
        lengths.append(float(np.hypot(*((there[:2] / there[2] - points[:2]) * scale)).mean()))
    return float(np.mean(lengths) * truth.fps) if lengths else 0.0


__all__ = ["BOUNDS", "measure"]


def main(seeds: Sequence[int]) -> None:
    """Print every value of some seeds: for looking at errors."""
    for seed in seeds:
        for one in measure(seed):
            print(seed, *(str(one[name]) for name in ("kind", "method", "measure", "value")), sep="\t")


if __name__ == "__main__":
    import sys

    main([int(word) for word in sys.argv[1:]])
