"""The group `shots`: the one decode, and what follows from its table."""

from collections.abc import Iterator, Mapping

import dagster as dg

from animeflow.defs.declare import declared_out, failed_videos
from animeflow.defs.partitions import SHARDS
from animeflow.defs.resources.stages import Stages
from animeflow.defs.runner import Tables
from animeflow.defs.stage import Stage, Video
from animeflow.models.text import TextReader
from animeflow.tables.handle import Handle
from animeflow.tables.schemas.shots import TEXT_BOXES
from animeflow.tables.stages import STAGES
from animeflow.tables.staging import Staging

SIGNALS, TEXT = "frame_signals", "text_boxes"


@dg.multi_asset(
    name="one_decode",
    outs={SIGNALS: declared_out(SIGNALS), TEXT: declared_out(TEXT)},
    ins={"shard_files": dg.AssetIn("shard_files")},
    check_specs=[failed_videos(STAGES[SIGNALS]), failed_videos(STAGES[TEXT])],
    can_subset=True,
    partitions_def=SHARDS,
)
def one_decode(
    context: dg.AssetExecutionContext, shard_files: Handle, stages: dg.ResourceParam[Stages]
) -> Iterator[dg.MaterializeResult]:
    """Read every source frame once; text is recognised in the same pass, or sparsely where it is asked for alone."""
    from animeflow.shots.signals import analyse
    from animeflow.shots.text import read_text

    settings = stages.settings.shots
    opened = {name: stages.open(context, shard_files, name=name) for name in (SIGNALS, TEXT)}

    def decode(video: Video, todo: Mapping[str, Staging]) -> Mapping[str, Tables]:
        reader = text_reader(opened[TEXT]) if TEXT in todo else None
        signals, text = None, None
        if SIGNALS in todo:
            signals, text = analyse(
                video.file,
                video_id=video.id,
                settings=settings,
                text_reader=reader,
                progress=video.frames_done,
            )
        elif reader is not None:
            text = read_text(
                video.file,
                video_id=video.id,
                settings=settings.text,
                decode=settings.decode,
                text_reader=reader,
            )
        return {SIGNALS: {SIGNALS: signals}, TEXT: {TEXT: TEXT_BOXES.empty() if text is None else text}}

    chosen = {key.to_user_string() for key in context.selected_asset_keys}
    yield from stages.jointly([stage for name, stage in opened.items() if name in chosen], decode)


def text_reader(stage: Stage) -> TextReader | None:
    """The recogniser; None where reading text is switched off or its weights are absent (`text` says so)."""
    return stage.models.maybe("text").model if "text" in stage.models.wanted else None
