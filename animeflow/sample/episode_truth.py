"""The truth of an episode on disk: `truth.json`, and one zip of lossless pictures per shot, read when asked for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from animeflow.errors import ContractError
from animeflow.sample.layer_store import read_layers
from animeflow.sample.truth import DrawnShot, TextTruth

VERSION = 1


@dataclass(frozen=True, kw_only=True)
class TransitionTruth:
    """[start, end): frames that are neither wholly the one shot nor the other. `kind`: dissolve or fade."""

    start: int
    end: int
    kind: str


@dataclass(frozen=True, kw_only=True)
class ShotTruth:
    """[start, end) covers every frame of the episode once; a transition is split at its middle.

    [first, first + count) are the frames the shot was drawn for, transitions included: its layers' frame 0 is `first`.
    [pure_start, pure_end) show nothing but this shot, at full strength; `flashes`: they break the flash limits by
    themselves, whatever comes before and after.
    """

    index: int
    kind: str
    seed: int
    start: int
    end: int
    first: int
    count: int
    pure_start: int
    pure_end: int
    effect_blend: str | None
    flashes: bool


@dataclass(frozen=True, kw_only=True)
class EpisodeTruth:
    """What was drawn.

    Per frame: `drawing` and `cel_drawing` int32 [T], `camera` float64 [T,3,3] of the shot that covers the frame,
    `motion` [T] px, `on_screen` bool [T], `text_boxes`. `cuts` are the first frames of new shots at hard cuts.
    Inside a dissolve or fade every frame whose picture changes is a new drawing. `flash`: [start, end) ranges.
    """

    name: str
    seed: int
    size: tuple[int, int]
    fps: Fraction
    frames: int
    grain: float
    cuts: tuple[int, ...]
    transitions: tuple[TransitionTruth, ...]
    shots: tuple[ShotTruth, ...]
    drawing: np.ndarray
    cel_drawing: np.ndarray
    camera: np.ndarray
    motion: np.ndarray
    on_screen: np.ndarray
    text_boxes: tuple[tuple[TextTruth, ...], ...]
    flash: tuple[tuple[int, int], ...]
    folder: Path

    def layers(self, shot: int) -> DrawnShot:
        """The shot as drawn, before grain, transitions and encoding: its frames are recomposed from its layers."""
        return read_layers(self.folder / layers_name(shot))

    def save(self) -> None:
        """Write `truth.json` into the folder."""
        text = json.dumps(_to_json(self), ensure_ascii=False, indent=None, separators=(",", ":"))
        (self.folder / "truth.json").write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path | str) -> EpisodeTruth:
        """Read a truth folder. Raises ContractError when it was written by another version."""
        folder = Path(folder)
        data = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        if data.pop("version", None) != VERSION:
            raise ContractError(f"{folder / 'truth.json'} is not of version {VERSION}: draw the sample again")
        return cls(**_from_json(data), folder=folder)


def layers_name(shot: int) -> str:
    return f"shot-{shot:02d}.zip"


def _to_json(truth: EpisodeTruth) -> dict[str, Any]:
    return {
        "version": VERSION, "name": truth.name, "seed": truth.seed, "size": list(truth.size), "fps": str(truth.fps),
        "frames": truth.frames, "grain": truth.grain, "cuts": list(truth.cuts),
        "transitions": [asdict(t) for t in truth.transitions], "shots": [asdict(s) for s in truth.shots],
        "drawing": truth.drawing.tolist(), "cel_drawing": truth.cel_drawing.tolist(),
        "camera": [m[:2].ravel().tolist() for m in truth.camera], "motion": truth.motion.tolist(),
        "on_screen": truth.on_screen.astype(int).tolist(), "text": list(_text_runs(truth.text_boxes)),
        "flash": [list(f) for f in truth.flash],
    }  # fmt: skip


def _from_json(data: dict[str, Any]) -> dict[str, Any]:
    camera = np.tile(np.eye(3), (data["frames"], 1, 1))
    camera[:, :2] = np.asarray(data["camera"]).reshape(-1, 2, 3)
    boxes: list[tuple[TextTruth, ...]] = [()] * data["frames"]
    for run in data.pop("text"):
        found = tuple(
            TextTruth(b["text"], b["role"], np.asarray(b["polygon"], np.float64)) for b in run["boxes"]
        )
        boxes[run["start"] : run["end"]] = [found] * (run["end"] - run["start"])
    return data | {
        "size": tuple(data["size"]), "fps": Fraction(data["fps"]), "cuts": tuple(data["cuts"]),
        "transitions": tuple(TransitionTruth(**t) for t in data["transitions"]),
        "shots": tuple(ShotTruth(**s) for s in data["shots"]), "drawing": np.asarray(data["drawing"], np.int32),
        "cel_drawing": np.asarray(data["cel_drawing"], np.int32), "camera": camera,
        "motion": np.asarray(data["motion"]),
        "on_screen": np.asarray(data["on_screen"], bool), "text_boxes": tuple(boxes),
        "flash": tuple((int(a), int(b)) for a, b in data["flash"]),
    }  # fmt: skip


def _text_runs(boxes: tuple[tuple[TextTruth, ...], ...]) -> Iterator[dict[str, Any]]:
    """Frames that show the same lines at the same places, as ranges."""
    start = 0
    plain = [
        [{"text": b.text, "role": b.role, "polygon": b.polygon.tolist()} for b in frame] for frame in boxes
    ]
    for t in range(1, len(plain) + 1):
        if t == len(plain) or plain[t] != plain[start]:
            if plain[start]:
                yield {"start": start, "end": t, "boxes": plain[start]}
            start = t
