"""The group `shots`: the one decode, and what follows from its table."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial

import dagster as dg
import pyarrow as pa

from animeflow.defs.declare import declared, declared_out, failed_videos, op_tags
from animeflow.defs.partitions import SHARDS
from animeflow.defs.resources.stages import Stages
from animeflow.defs.runner import Tables
from animeflow.defs.stage import Stage, Video
from animeflow.models.text import TextReader
from animeflow.tables.handle import Handle
from animeflow.tables.schemas.shots import SHOT_PICTURES, TEXT_BOXES
from animeflow.tables.stages import STAGES
from animeflow.tables.staging import Staging, TableRows

SIGNALS, TEXT = "frame_signals", "text_boxes"
TIMES = ["frame", "pts", "time_base_num", "time_base_den"]


@dg.multi_asset(
    name="one_decode",
    outs={SIGNALS: declared_out(SIGNALS), TEXT: declared_out(TEXT)},
    ins={"shard_files": dg.AssetIn("shard_files")},
    check_specs=[failed_videos(STAGES[SIGNALS]), failed_videos(STAGES[TEXT])],
    can_subset=True,
    partitions_def=SHARDS,
    op_tags=op_tags(STAGES[SIGNALS]),
)
def one_decode(
    context: dg.AssetExecutionContext, shard_files: Handle, stages: dg.ResourceParam[Stages]
) -> Iterator[dg.MaterializeResult]:
    """Read every source frame once; text is recognised in the same pass, or sparsely where it is asked for alone."""
    from animeflow.shots.signals import analyse
    from animeflow.shots.text import read_text

    settings, run = stages.settings.shots, stages.settings.run
    queue_bytes = run.queue_mb * 1_000_000
    opened = {name: stages.open(context, shard_files, name=name) for name in (SIGNALS, TEXT)}

    def decode(video: Video, todo: Mapping[str, Staging]) -> Mapping[str, Tables]:
        reader = text_reader(opened[TEXT]) if TEXT in todo else None
        given: dict[str, Tables] = {TEXT: {TEXT: TEXT_BOXES.empty()}}
        text = None
        if SIGNALS in todo:
            tries: list[TableRows] = []
            _, text = analyse(
                video.file,
                video_id=video.id,
                settings=settings,
                text_reader=reader,
                progress=video.frames_done,
                sink=partial(_rows_of, opened[SIGNALS], video, todo[SIGNALS], tries),
                queue_bytes=queue_bytes,
                threads=run.threads,
            )
            given[SIGNALS] = {SIGNALS: tries[-1].written}
        elif reader is not None:
            text = read_text(
                video.file,
                video_id=video.id,
                settings=settings.text,
                decode=settings.decode,
                text_reader=reader,
                queue_bytes=queue_bytes,
                threads=run.threads,
            )
        if text is not None:
            given[TEXT] = {TEXT: text}
        return given

    chosen = {key.to_user_string() for key in context.selected_asset_keys}
    yield from stages.jointly([stage for name, stage in opened.items() if name in chosen], decode)


@contextmanager
def _rows_of(
    stage: Stage, video: Video, staging: Staging, tries: list[TableRows]
) -> Iterator[Callable[[pa.Table], None]]:
    """Where the rows of a video's signals go; `tries` gets each table that was begun, of which the last counts."""
    with staging.writer(SIGNALS, stem=video.id, provenance=stage.provenance) as table:
        tries.append(table)
        yield table.write


@dg.asset(**declared("shots"))
def shots(
    context: dg.AssetExecutionContext, frame_signals: Handle, stages: dg.ResourceParam[Stages]
) -> dg.MaterializeResult:
    """Find cuts and transitions on the stored signals."""
    from animeflow.shots.detectors import detect_shots, shot_probabilities
    from animeflow.shots.prediction_picture import write_pictures

    stage, settings = stages.open(context, frame_signals), stages.settings.shots

    def work(video: Video) -> Mapping[str, pa.Table]:
        signals = video.frames
        network = stage.models.get("network") if "network" in stage.models.wanted else None
        probabilities = shot_probabilities(signals, network)
        found = detect_shots(signals, probabilities, settings.detector)
        pictures = SHOT_PICTURES.empty()
        if settings.prediction_picture != "none":
            pictures = write_pictures(signals, probabilities, video_id=video.id, staging=video.staging)
        return {
            "shots": found.table(video.id, signals),
            "shot_probabilities": probabilities,
            "shot_pictures": pictures,
        }

    return stages.per_video(stage, work)


@dg.asset(**declared("drawings"))
def drawings(
    context: dg.AssetExecutionContext, frame_signals: Handle, shots: Handle, stages: dg.ResourceParam[Stages]
) -> dg.MaterializeResult:
    """Tell which frames repeat which drawing."""
    from animeflow.shots.cuts import Shots
    from animeflow.shots.drawings import find_drawings

    def work(video: Video) -> Mapping[str, pa.Table]:
        found = Shots.of_rows(video.rows("shots"))
        table = find_drawings(video.frames, found, stages.settings.shots.drawings, video_id=video.id)
        return {"drawings": table}

    return stages.per_video(stages.open(context, frame_signals, shots), work)


@dg.asset(**declared("clips"))
def clips(
    context: dg.AssetExecutionContext, frame_signals: Handle, shots: Handle, stages: dg.ResourceParam[Stages]
) -> dg.MaterializeResult:
    """Cut shots into clips: without their transitions, of allowed length."""
    from animeflow.shots.clips import cut_clips
    from animeflow.shots.cuts import Shots

    def work(video: Video) -> Mapping[str, pa.Table]:
        signals = video.table("frame_signals", columns=TIMES)
        found = Shots.of_rows(video.rows("shots"))
        return {"clips": cut_clips(signals, found, stages.settings.shots.clips, video_id=video.id)}

    return stages.per_video(stages.open(context, frame_signals, shots), work)


def text_reader(stage: Stage) -> TextReader | None:
    """The recogniser; None where reading text is switched off or its weights are absent (`text` says so)."""
    return stage.models.maybe("text").model if "text" in stage.models.wanted else None
