"""The group `curation`: the decisions."""

from collections.abc import Mapping

import dagster as dg
import pyarrow as pa

from animeflow.defs.declare import declared
from animeflow.defs.resources.stages import Stages
from animeflow.defs.stage import Video
from animeflow.tables.handle import Handle


@dg.asset(**declared("kept_clips"))
def kept_clips(
    context: dg.AssetExecutionContext,
    clips: Handle,
    flash: Handle,
    statistics: Handle,
    text: Handle,
    quality: Handle,
    aesthetics: Handle,
    motion: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Keep or drop every clip by its measures, with every reason."""
    from animeflow.curation.keep import MEASURE_TABLES, keep_clips

    stage = stages.open(context, clips, flash, statistics, text, quality, aesthetics, motion)

    def work(video: Video) -> Mapping[str, pa.Table]:
        measures = {name: video.rows(name) for name in MEASURE_TABLES}
        return {"kept_clips": keep_clips(video.rows("clips"), measures, stages.settings.curation)}

    return stages.per_video(stage, work)
