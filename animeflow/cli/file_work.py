"""What `shots`, `measures` and `layers` do with one file: the stages' own functions, chained in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pyarrow as pa
import pyarrow.compute as pc

from animeflow.cli.each_file import printable
from animeflow.cli.terminal import one_line
from animeflow.defs.resources.models import Models, cpu_threads
from animeflow.defs.wanted import wanted_by
from animeflow.settings.tree import Settings
from animeflow.tables.ids import file_sha256, video_id
from animeflow.tables.schemas.catalog import MEASURE_COLUMNS
from animeflow.tables.schemas.measures import NOT_READ, SWITCHED_OFF
from animeflow.tables.specs import TABLES
from animeflow.tables.words import plural

if TYPE_CHECKING:
    from animeflow.media.probe.file import VideoTrack

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
        found = analyse(
            self.path,
            video_id=self.id,
            settings=self.settings.shots,
            text_reader=reader,
            progress=self.progress,
            queue_bytes=self.settings.run.queue_mb * 1_000_000,
            threads=self.settings.run.threads,
        )
        self._say_damage(found[0])
        return found

    def _say_damage(self, signals: pa.Table) -> None:
        """On stderr: what is answered on stdout has no place for it."""
        damaged = pc.sum(signals["corrupt"]).as_py() or 0
        if damaged:
            name, frames = one_line(printable(self.path)), plural(signals.num_rows, "frame")
            click.echo(f"{name}: {damaged} of {frames} are damaged; they are taken as they decode", err=True)

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

    @cached_property
    def drawings(self) -> list[dict[str, Any]]:
        """Rows of `drawings`."""
        from animeflow.shots.drawings import find_drawings

        settings = self.settings.shots.drawings
        return find_drawings(self.signals, self.found, settings, video_id=self.id).to_pylist()

    @cached_property
    def facts(self) -> VideoTrack:
        """The main video by the probe, within the limits of the settings."""
        from animeflow.source.shard import probe_within

        return probe_within(self.settings)(self.path).video

    @property
    def colours(self) -> dict[str, int]:
        """H.273 codes of the source: color_transfer, color_primaries."""
        return {
            "color_transfer": self.facts.color_transfer,
            "color_primaries": self.facts.color_primaries,
        }

    @property
    def text_boxes(self) -> pa.Table | None:
        """`text_boxes`; None where no text was read."""
        return self._decoded[1]

    @property
    def unread(self) -> str | None:
        """Why no text was read; None where it was."""
        if self.text_boxes is not None:
            return None
        return NOT_READ if self.settings.shots.text.enabled else SWITCHED_OFF

    def models(self, stage: str) -> Models:
        """The models of a stage."""
        return Models(
            "files", self.settings.models, cpu_threads(self.settings), wanted_by(stage, self.settings)
        )


def shots_of(work: FileWork) -> dict[str, Any]:
    """Cuts, transitions and shots of a file; `fps` is informative."""
    rate = work.facts.average_rate
    plain = work.found.plain()
    return {"frames": plain.pop("frames"), "fps": None if rate is None else round(float(rate), 6), **plain}


def measures_of(work: FileWork) -> dict[str, Any]:
    """Every measure of every clip of a file; a null has its reason."""
    tables = dict(_measure_tables(work))
    clips = []
    for clip in work.clips:
        measures: dict[str, float | None] = {}
        reasons: dict[str, str] = {}
        for name, rows in tables.items():
            row = rows[clip["clip_id"]]
            for column in MEASURE_COLUMNS[name]:
                measures[column] = row[column]
                if row[column] is None:
                    reasons[column] = row.get("reason") or "not measured"
        clips.append({"start": clip["start"], "end": clip["end"], "measures": measures, "reasons": reasons})
    return {"clips": clips}


def _measure_tables(work: FileWork) -> Iterator[tuple[str, dict[str, dict[str, Any]]]]:
    """(name, rows by clip) of each measure table."""
    from animeflow.measures.flash import measure_flash
    from animeflow.measures.motion import measure_motion
    from animeflow.measures.scores import unscored
    from animeflow.measures.statistics import measure_statistics
    from animeflow.measures.text import measure_text
    from animeflow.shots.limits import decode_limits
    from animeflow.tables.frames import seconds

    settings, clips = work.settings.measures, work.clips
    boxes = work.text_boxes
    flow = work.models("motion").get("flow")
    found = {
        "flash": measure_flash(work.signals, clips, settings.flash, **work.colours),
        "statistics": measure_statistics(work.signals, clips, work.drawings, settings.statistics),
        "text": measure_text(
            TABLES["text_boxes"].empty() if boxes is None else boxes,
            clips,
            settings.text,
            unread=work.unread,
        ),
        "motion": measure_motion(
            work.path,
            clips,
            work.drawings,
            seconds(work.signals),
            flow=flow.flow,
            kind=flow.kind,
            settings=settings.motion,
            sampling=settings.sampling,
            limits=decode_limits(work.settings.shots.decode),
            isolation=work.settings.shots.decode,
        ),
        **{name: unscored(clips, TABLES[name]) for name in ("quality", "aesthetics")},
    }
    for name, table in found.items():
        yield name, {row["clip_id"]: row for row in table.to_pylist()}
