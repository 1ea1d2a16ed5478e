"""What `shots`, `measures` and `layers` do with one file: the stages' own functions, chained in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from animeflow.defs.resources.models import Models, cpu_threads
from animeflow.defs.wanted import wanted_by
from animeflow.settings.tree import Settings
from animeflow.tables.ids import file_sha256, video_id

Progress = Callable[[int], None]


@dataclass
class FileWork:
    """One video file and the tables made from it so far, each at first use."""

    path: Path
    settings: Settings
    with_text: bool = False
    progress: Progress | None = None

    @cached_property
    def id(self) -> str:
        """The id of the video."""
        return video_id(file_sha256(self.path))

    @cached_property
    def _decoded(self) -> tuple[pa.Table, pa.Table | None]:
        from animeflow.shots.signals import analyse

        reader = None
        if self.with_text and self.settings.shots.text.enabled:
            reader = self.models("text_boxes").maybe("text").model
        return analyse(
            self.path, video_id=self.id, settings=self.settings.shots, text_reader=reader, progress=self.progress
        )

    @property
    def signals(self) -> pa.Table:
        """`frame_signals`."""
        return self._decoded[0]

    @cached_property
    def found(self) -> Any:
        """The shots, as detection gives them."""
        from animeflow.shots.detectors import detect_shots, shot_probabilities

        models = self.models("shots")
        network = models.get("network") if "network" in models.wanted else None
        probabilities = shot_probabilities(self.signals, network)
        return detect_shots(self.signals, probabilities, self.settings.shots.detector)

    @cached_property
    def clips(self) -> list[dict[str, Any]]:
        """Rows of `clips`."""
        from animeflow.shots.clips import cut_clips

        return cut_clips(self.signals, self.found, self.settings.shots.clips, video_id=self.id).to_pylist()

    def models(self, stage: str) -> Models:
        """The models of a stage."""
        return Models(
            "files", self.settings.models, cpu_threads(self.settings), wanted_by(stage, self.settings)
        )


def shots_of(work: FileWork) -> dict[str, Any]:
    """Cuts, transitions and shots of a file; `fps` is informative."""
    from animeflow.tables.frames import pts, time_base

    stamps = pts(work.signals)
    seconds = float((stamps[-1] - stamps[0]) * time_base(work.signals)) if len(stamps) > 1 else 0.0
    cuts = [cut for cut in work.found.cuts if cut.transition is None]
    return {
        "frames": work.found.frames,
        "fps": round((len(stamps) - 1) / seconds, 6) if seconds else None,
        "cuts": [cut.frame for cut in cuts],
        "transitions": [
            {"start": cut.transition[0], "end": cut.transition[1], "kind": cut.kind}
            for cut in work.found.cuts
            if cut.transition is not None
        ],
        "shots": [{"start": start, "end": end} for start, end in work.found.ranges],
    }
