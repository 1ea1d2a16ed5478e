"""From the outcome of a stage to what Dagster records: data version, numbers, and the check that counts failures."""

from __future__ import annotations

from typing import Any

import dagster as dg

from animeflow.defs.declare import FAILED_VIDEOS
from animeflow.defs.runner import Outcome
from animeflow.tables import timings
from animeflow.tables.status import State

LISTED = 20  # failed videos that a check names


def materialized(outcome: Outcome) -> dg.MaterializeResult[Outcome]:
    """The result of an asset. Its data version is the content digest: equal results leave what follows fresh."""
    stage = outcome.stage
    timings.append(stage.workspace.logs_dir(stage.shard or "catalog"), outcome.timing)
    return dg.MaterializeResult(
        asset_key=stage.spec.name,
        value=outcome,
        data_version=dg.DataVersion(outcome.manifest.content_digest),
        metadata=numbers(outcome),
        check_results=[failed_videos(outcome)] if stage.spec.partitioned else [],
    )


def numbers(outcome: Outcome) -> dict[str, Any]:
    """Counts, durations and rates; ints and floats become plots."""
    timing, manifest = outcome.timing, outcome.manifest
    found: dict[str, Any] = {
        "unchanged": outcome.unchanged,
        **{f"videos_{state}": number for state, number in manifest.counts.items()},
        "media_files": len(manifest.media),
        "media_mb": round(sum(ref.size for ref in manifest.media) / 1e6, 3),
        "input_digest": manifest.input_digest,
    }
    found |= outcome.value.metadata
    if not outcome.unchanged:
        found |= {
            "wall_s": timing.wall_s,
            "cpu_s": timing.cpu_s,
            "peak_rss_mb": round(timing.peak_rss_bytes / 1e6, 1),
            "source_frames": timing.source_frames,
            "frames_decoded": sum(timing.frames_decoded.values()),
            **({"frames_per_s": round(timing.frames_per_s, 2)} if timing.frames_per_s else {}),
        }
    return found


def failed_videos(outcome: Outcome) -> dg.AssetCheckResult:
    """A WARN that counts and names the videos that failed; what was carried as skipped is no failure of this stage."""
    failed = [status for status in outcome.statuses if status.state is State.FAILED]
    skipped = [status for status in outcome.statuses if status.state is State.SKIPPED]
    rows = [
        dg.TableRecord({"path": s.path, "reason": s.reason.value, "message": s.message[:300]})
        for s in failed[:LISTED]
    ]
    columns = [dg.TableColumn(name) for name in ("path", "reason", "message")]
    return dg.AssetCheckResult(
        check_name=FAILED_VIDEOS,
        asset_key=outcome.stage.spec.name,
        passed=not failed,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "shard": outcome.stage.shard or "",
            "failed": len(failed),
            "skipped": len(skipped),
            "transient": sum(status.transient for status in failed),
            **({"videos": dg.MetadataValue.table(rows, dg.TableSchema(columns))} if rows else {}),
        },
    )
