"""Asset checks: a table of what is counted again from files, each in a step of its own."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import dagster as dg

from animeflow.defs.checks import recount
from animeflow.defs.checks.recount import Verdict
from animeflow.defs.failures import dagster_failures
from animeflow.errors import Interrupted
from animeflow.settings.tree import Settings
from animeflow.tables import failed_checks
from animeflow.tables.words import listed
from animeflow.tables.workspace import Workspace

LISTED = 10  # faults that a check shows
Recount = Callable[[Workspace, str, Settings], Verdict]


@dataclass(frozen=True)
class Check:
    """A check of one asset. It blocks where going on would publish bad data."""

    name: str
    asset: str
    description: str
    recount: Recount
    blocking: bool = False
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR


SHARD_CHECKS = (
    Check(
        "film_is_whole",
        "shard_files",
        "No video is telecined or interlaced, or it was restored to its film (else a WARN).",
        recount.film_is_whole,
        severity=dg.AssetCheckSeverity.WARN,
    ),
    Check(
        "every_frame_was_read",
        "frame_signals",
        "As many rows as the source has packets, demuxed again.",
        recount.every_frame_was_read,
    ),
    Check(
        "shots_cover_every_frame",
        "shots",
        "The shots follow each other from the first frame to the last.",
        recount.shots_cover_every_frame,
        blocking=True,
    ),
    Check(
        "every_clip_is_decided",
        "kept_clips",
        "kept + dropped = clips, by id.",
        recount.every_clip_is_decided,
        blocking=True,
    ),
    Check(
        "encodes_hold_every_frame",
        "av1_videos",
        "Packets counted again from each encode; its cuts are key frames.",
        recount.encodes_hold_every_frame,
        blocking=True,
    ),
    Check(
        "every_kept_clip_is_a_file",
        "clip_videos",
        "One file per kept clip, its frames counted again.",
        recount.every_kept_clip_is_a_file,
        blocking=True,
    ),
    Check(
        "layers_give_the_frame",
        "smoothed_layers",
        "Published pictures, reopened and put together, are the frame (first, middle and last drawing of a clip).",
        recount.layers_give_the_frame,
        blocking=True,
    ),
    Check(
        "archives_read_back",
        "image_archives",
        "Every archive is reopened and compared with its list, by sha256.",
        recount.archives_read_back,
        blocking=True,
    ),
    Check(
        "publication_is_intact",
        "published_videos",
        "Every published file is read back from the target.",
        partial(recount.publication_is_intact, "published_videos"),
    ),
    Check(
        "publication_is_intact",
        "published_archives",
        "Every published file is read back from the target.",
        partial(recount.publication_is_intact, "published_archives"),
    ),
    Check(
        "publication_is_intact",
        "published_dataset",
        "Every published file is read back from the target.",
        partial(recount.publication_is_intact, "published_dataset"),
    ),
)


def _shard_check(check: Check) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=check.asset, name=check.name, blocking=check.blocking, description=check.description
    )
    def recounted(
        context: dg.AssetCheckExecutionContext,
        settings: dg.ResourceParam[Settings],
        workspace: dg.ResourceParam[Workspace],
    ) -> dg.AssetCheckResult:
        shard = context.run.tags["dagster/partition"]
        with dagster_failures(check.name, shard), _remembered(check, workspace, shard):
            verdict = check.recount(workspace, shard, settings)
        if check.severity is dg.AssetCheckSeverity.ERROR and verdict.faults:
            _remember(check, workspace, shard, listed(verdict.faults, LISTED, between="; "))
        else:
            failed_checks.forget(workspace, shard, check.name, check.asset)
        return result(verdict, shard, severity=check.severity)

    return recounted


@contextmanager
def _remembered(check: Check, workspace: Workspace, shard: str) -> Iterator[None]:
    """A check that cannot count ends the run as one that fails does, so it is remembered like one."""
    try:
        yield
    except Interrupted:
        raise
    except Exception as error:
        _remember(check, workspace, shard, f"it could not count: {error}")
        raise


def _remember(check: Check, workspace: Workspace, shard: str, why: str) -> None:
    failed_checks.remember(workspace, shard, check.name, check.asset, blocking=check.blocking, why=why)


@dg.asset_check(
    asset="dataset_index",
    name="every_shard_is_whole",
    description="Over all shards: how many are incomplete, and how many files failed.",
)
def every_shard_is_whole(workspace: dg.ResourceParam[Workspace]) -> dg.AssetCheckResult:
    """The standing check of the dataset: a check's status is that of the last partition, this one counts them all."""
    return result(recount.every_shard_is_whole(workspace), None, severity=dg.AssetCheckSeverity.WARN)


def result(
    verdict: Verdict, shard: str | None, *, severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.ERROR
) -> dg.AssetCheckResult:
    """The numbers (plotted by the UI) and the first faults."""
    return dg.AssetCheckResult(
        passed=not verdict.faults,
        severity=severity,
        metadata={
            **({"shard": shard} if shard else {}),
            **verdict.numbers,
            "faults": len(verdict.faults),
            **({"first": listed(verdict.faults, LISTED, between="; ")} if verdict.faults else {}),
        },
    )


CHECKS = [*(_shard_check(check) for check in SHARD_CHECKS), every_shard_is_whole]
