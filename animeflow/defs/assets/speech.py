"""The group `speech`: stems, voice activity, transcription."""

from collections.abc import Mapping

import dagster as dg
import pyarrow as pa

from animeflow.defs.declare import declared
from animeflow.defs.resources.stages import Stages
from animeflow.defs.stage import Video
from animeflow.tables.handle import Handle


@dg.asset(**declared("audio_stems"))
def audio_stems(
    context: dg.AssetExecutionContext, shard_files: Handle, stages: dg.ResourceParam[Stages]
) -> dg.MaterializeResult:
    """Separate the voices of each video's sound, where a separator is chosen."""
    from animeflow.speech.stems import separate_video
    from animeflow.speech.track import choose_track

    stage = stages.open(context, shard_files)
    which = stages.settings.speech.transcription.stream

    def work(video: Video) -> Mapping[str, pa.Table]:
        return separate_video(
            video.file,
            choose_track(video.probe, which),
            video_id=video.id,
            separator=stage.models.maybe("separator"),
            staging=video.staging,
            isolation=video.isolation,
        )

    return stages.per_video(stage, work)


@dg.asset(**declared("transcripts"))
def transcripts(
    context: dg.AssetExecutionContext,
    shard_files: Handle,
    clips: Handle,
    audio_stems: Handle,
    stages: dg.ResourceParam[Stages],
) -> dg.MaterializeResult:
    """Find who speaks when, in the separated voices where there are any, and what they say where a recogniser is."""
    from animeflow.speech.track import choose_track
    from animeflow.speech.transcripts import Source, transcribe_video

    stage = stages.open(context, shard_files, clips, audio_stems)
    settings = stages.settings.speech.transcription

    def work(video: Video) -> Mapping[str, pa.Table]:
        track = choose_track(video.probe, settings.stream)
        vocals = next((row["vocals_path"] for row in video.rows("audio_stems")), None)
        path = audio_stems.media(vocals) if vocals else video.file
        voice = stage.models.get("voice")
        return transcribe_video(
            Source(path, track, vocals=vocals is not None, isolation=video.isolation) if track else None,
            video_id=video.id,
            clips=video.rows("clips"),
            voice=voice,
            voice_kind=voice.kind,
            recogniser=stage.models.maybe("recogniser"),
            staging=video.staging,
            settings=settings,
        )

    return stages.per_video(stage, work)
