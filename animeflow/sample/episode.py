"""Drawing an episode: shot after shot through transitions and grain into the encoder, truth beside it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from animeflow.sample import container
from animeflow.sample.audio import soundtrack, write_wav
from animeflow.sample.compose import add_grain
from animeflow.sample.episode_truth import EpisodeTruth, ShotTruth, TransitionTruth, layers_name
from animeflow.sample.flash_rule import flash_intervals, thumbnail
from animeflow.sample.layer_store import write_layers
from animeflow.sample.lettering import SUBTITLES
from animeflow.sample.plans import DEMO_PLAN, Plan, plan_of
from animeflow.sample.shots import FPS, draw_shot
from animeflow.sample.style import Style, rng_of
from animeflow.sample.truth import DrawnShot, TextTruth


def draw_episode(
    path: Path | str,
    *,
    seed: int,
    plan: Plan | Sequence[tuple[str, int, str]] = DEMO_PLAN,
    size: tuple[int, int] = (640, 360),
    style: Style | None = None,
    audio: bool = True,
    subtitles: bool = True,
    truth: Path | str | None = None,
    layers: bool = True,
    fps: Fraction = FPS,
) -> EpisodeTruth:
    """Draw, encode and mux one episode; the same arguments give the same bytes with the same encoder.

    `path` is the Matroska file, `truth` the folder of its truth (default: `<path without .mkv>.truth`); `layers` False
    leaves out the pictures there. Grain lies over the finished picture: the layers are clean.
    """
    path = Path(path)
    chosen = plan_of(plan, style)
    folder = path.with_suffix(".truth") if truth is None else Path(truth)
    order = _Order(name=path.stem, seed=seed, size=size, fps=fps, folder=folder)
    folder.mkdir(parents=True, exist_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".drawing-", dir=path.parent) as scratch:
        work = Path(scratch)
        with container.PictureWriter(
            work / "pictures.mkv", size=size, fps=fps, crf=chosen.style.crf
        ) as writer:
            reel = _Reel(seed=seed, sigma=chosen.style.grain, writer=writer)
            shots = _run(reel, chosen, order, layers=layers)
        result = _truth(reel, shots, chosen, order)
        _mux(work, result, audio=audio, subtitles=subtitles)
        (work / "episode.mkv").replace(path)
    result.save()
    return result


Shown = tuple[np.ndarray, tuple[TextTruth, ...]]
"""A frame and the text on it."""


@dataclass(frozen=True, kw_only=True)
class _Order:
    """What was asked for."""

    name: str
    seed: int
    size: tuple[int, int]
    fps: Fraction
    folder: Path


@dataclass(frozen=True, kw_only=True)
class _Numbers:
    """What the episode's truth keeps of a shot: no pictures."""

    seed: int
    cel_drawing: np.ndarray
    camera: np.ndarray
    motion: np.ndarray
    on_screen: np.ndarray
    effect_blend: str | None


@dataclass
class _Reel:
    """Takes the finished pictures in order and keeps what is known of each."""

    seed: int
    sigma: float
    writer: container.PictureWriter
    thumbnails: list[np.ndarray] = field(default_factory=list)
    drawing: list[int] = field(default_factory=list)
    text_boxes: list[tuple[TextTruth, ...]] = field(default_factory=list)
    _last: np.ndarray | None = None

    def add(self, clean: np.ndarray, boxes: tuple[TextTruth, ...]) -> None:
        new = self._last is None or not np.array_equal(clean, self._last)
        self.drawing.append((self.drawing[-1] + int(new)) if self.drawing else 0)
        seen = add_grain(clean, self.seed, len(self.drawing), self.sigma)
        self.thumbnails.append(thumbnail(seen))
        self.text_boxes.append(boxes)
        self.writer.write(seen)
        self._last = clean


def _run(reel: _Reel, plan: Plan, order: _Order, *, layers: bool) -> list[_Numbers]:
    """Draw all shots into the reel, one after the other: pictures of a shot are gone before the next but one."""
    palette = order.seed if plan.style.palette is None else plan.style.palette
    style = replace(plan.style, grain=0.0, palette=palette)
    kept: list[_Numbers] = []
    tail: list[Shown] = []
    before = ("cut", 0)
    for index, step in enumerate(plan.steps):
        seed = int(rng_of(order.seed, "shot", index).integers(1 << 31))
        shot = draw_shot(
            step.kind, seed=seed, size=order.size, frames=step.frames, fps=order.fps, style=style
        )
        if layers:
            write_layers(order.folder / layers_name(index), shot)
        after = step.transition if index + 1 < len(plan.steps) else ("cut", 0)
        tail = _play(reel, shot, tail, before, after)
        before = after
        kept.append(_numbers_of(shot))
    return kept


def _play(
    reel: _Reel, shot: DrawnShot, tail: list[Shown], before: tuple[str, int], after: tuple[str, int]
) -> list[Shown]:
    """Play a shot between its transitions; gives the frames that the next shot will be mixed with."""
    count = len(shot.frames)
    last = count - after[1] if after[0] == "dissolve" else count
    for t in range(last):
        frame, boxes = shot.frames[t], shot.text_boxes[t]
        if before[0] == "dissolve" and t < before[1]:
            share = (t + 1) / (before[1] + 1)
            frame = _mixed(tail[t][0], frame, share)
            boxes = boxes if share >= 0.5 else tail[t][1]
        level = _fade_level(t, count, before, after)
        if level < 1.0:
            frame = _mixed(np.zeros_like(frame), frame, level)
            boxes = boxes if level >= 0.5 else ()
        reel.add(frame, boxes)
    return [(shot.frames[t].copy(), shot.text_boxes[t]) for t in range(last, count)]


def _fade_level(t: int, count: int, before: tuple[str, int], after: tuple[str, int]) -> float:
    """Brightness of a shot's frame: black at the first and the last frame of a fade."""
    level = 1.0
    if before[0] == "fade" and t < before[1]:
        level = t / before[1]
    if after[0] == "fade" and t >= count - after[1]:
        level = min(level, (count - 1 - t) / after[1])
    return level


def _mixed(a: np.ndarray, b: np.ndarray, share: float) -> np.ndarray:
    """`a` with `share` of `b`, rounded."""
    weight = round(share * 256)
    return ((a.astype(np.uint16) * (256 - weight) + b.astype(np.uint16) * weight + 128) >> 8).astype(np.uint8)


def _numbers_of(shot: DrawnShot) -> _Numbers:
    return _Numbers(
        seed=shot.seed, cel_drawing=shot.cel_drawing, camera=shot.camera, motion=shot.motion, on_screen=shot.on_screen,
        effect_blend=shot.effect_blend,
    )  # fmt: skip


def _truth(reel: _Reel, shots: list[_Numbers], plan: Plan, order: _Order) -> EpisodeTruth:
    thumbnails = np.stack(reel.thumbnails)
    cuts, transitions, rows = _timeline(plan, shots, thumbnails, order.fps)
    pick = [(r.index, t - r.first) for r in rows for t in range(r.start, r.end)]
    offsets = np.cumsum([0, *(int(s.cel_drawing[-1]) + 1 for s in shots)])
    return EpisodeTruth(
        name=order.name, seed=order.seed, size=order.size, fps=order.fps, frames=len(reel.drawing),
        grain=plan.style.grain, cuts=cuts, transitions=transitions, shots=rows,
        drawing=np.asarray(reel.drawing, np.int32),
        cel_drawing=np.asarray([offsets[i] + shots[i].cel_drawing[t] for i, t in pick], np.int32),
        camera=np.stack([shots[i].camera[t] for i, t in pick]),
        motion=np.asarray([shots[i].motion[t] for i, t in pick]),
        on_screen=np.asarray([shots[i].on_screen[t] for i, t in pick]),
        text_boxes=tuple(reel.text_boxes), flash=flash_intervals(thumbnails, order.fps), folder=order.folder,
    )  # fmt: skip


def _timeline(
    plan: Plan, shots: list[_Numbers], thumbnails: np.ndarray, fps: Fraction
) -> tuple[tuple[int, ...], tuple[TransitionTruth, ...], tuple[ShotTruth, ...]]:
    """Cuts, transitions and shots in frames of the episode."""
    cuts: list[int] = []
    transitions: list[TransitionTruth] = []
    rows: list[ShotTruth] = []
    first = start = pure = 0
    for index, (step, shot) in enumerate(zip(plan.steps, shots, strict=True)):
        stop = first + step.frames
        kind, length = step.transition if index + 1 < len(plan.steps) else ("end", 0)
        # of a dissolve the next shot has `length` frames already; a fade takes `length` frames on either side
        overlap = length if kind == "dissolve" else 0
        pure_end, split = stop - length, stop - overlap + overlap // 2
        next_pure = stop + length - overlap
        if kind == "cut":
            cuts.append(stop)
        elif kind != "end":
            transitions.append(TransitionTruth(start=pure_end, end=next_pure, kind=kind))
        rows.append(ShotTruth(
            index=index, kind=step.kind, seed=shot.seed, start=start, end=split, first=first, count=step.frames,
            pure_start=pure, pure_end=pure_end, effect_blend=shot.effect_blend,
            flashes=bool(flash_intervals(thumbnails[pure:pure_end], fps)),
        ))  # fmt: skip
        first, start, pure = stop - overlap, split, next_pure
    return tuple(cuts), tuple(transitions), tuple(rows)


def _mux(work: Path, truth: EpisodeTruth, *, audio: bool, subtitles: bool) -> None:
    fps, changes = truth.fps, [shot.start for shot in truth.shots]
    sound, script = (work / "sound.wav" if audio else None), (work / "track.ass" if subtitles else None)
    if sound is not None:
        bells = [float(Fraction(t) / fps) for t in changes[1:]]
        write_wav(sound, soundtrack(float(Fraction(truth.frames) / fps), seed=truth.seed, bells=bells))
    if script is not None:
        lines = container.ass_track(_soft_lines(truth), size=truth.size, fps=fps, title=truth.name)
        script.write_text(lines, encoding="utf-8")
    thirds = sorted({changes[0], changes[len(changes) // 3], changes[2 * len(changes) // 3]})
    parts = [(t, f"Part {i + 1}") for i, t in enumerate(thirds)]
    text = container.chapter_file(parts, frames=truth.frames, fps=fps, title=truth.name)
    chapters = work / "chapters.txt"
    chapters.write_text(text, encoding="utf-8")
    pictures, target = work / "pictures.mkv", work / "episode.mkv"
    container.mux(
        target, pictures=pictures, chapters=chapters, sound=sound, subtitles=script, font_folder=work
    )


def _soft_lines(truth: EpisodeTruth) -> list[container.SoftLine]:
    """A soft line over every other shot that has no burned-in text."""
    lines = []
    for shot in truth.shots[::2]:
        if not truth.text_boxes[shot.start]:
            text = " ".join(SUBTITLES[(truth.seed + shot.index) % len(SUBTITLES)])
            lines.append(container.SoftLine(shot.start, shot.end, text))
    return lines
