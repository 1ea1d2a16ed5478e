"""What the run cost: time, rate, memory and decoded frames per stage; and what made each result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from animeflow.report.shard import AssetView, ShardData
from animeflow.tables.timings import Timing


@dataclass(frozen=True)
class StageLine:
    """One asset in the table of timings; `timing` is None where nothing was logged, `share` its part of the longest.

    `frames_decoded` and `per_source_frame` come from the status rows, which no clock and no retry changes.
    """

    name: str
    group: str
    state: str
    reason: str
    timing: Timing | None
    frames_decoded: int | None
    per_source_frame: float | None
    rate: float | None
    ok: int
    failed: int
    skipped: int
    rows: int
    media_bytes: int
    share: float


@dataclass(frozen=True)
class Problem:
    """A file that failed or was skipped in a stage."""

    asset: str
    group: str
    path: str
    state: str
    reason: str
    message: str
    transient: bool


def stage_lines(data: ShardData) -> list[StageLine]:
    """One line per asset of the shard, in the order of the graph."""
    longest = max((view.timing.wall_s for view in data.assets.values() if view.timing), default=0.0)
    return [_line(data, view, longest) for view in data.assets.values()]


def _line(data: ShardData, view: AssetView, longest: float) -> StageLine:
    statuses = data.statuses(view.name)
    manifest = view.handle.manifest if view.handle else None
    frames = sum(s.source_frames or 0 for s in statuses if s.ok)
    decoded = sum(s.frames_decoded for s in statuses) if statuses else None
    timing = view.timing
    counts = manifest.counts if manifest else {}
    return StageLine(
        name=view.name,
        group=view.spec.group,
        state=view.state,
        reason=view.reason or data.problems.get(view.name, ""),
        timing=timing,
        frames_decoded=decoded,
        per_source_frame=decoded / frames if decoded is not None and frames else None,
        rate=timing.frames_per_s if timing and timing.source_frames and view.state != "null" else None,
        ok=counts.get("ok", 0),
        failed=counts.get("failed", 0),
        skipped=counts.get("skipped", 0),
        rows=sum(file.rows for files in manifest.tables.values() for file in files) if manifest else 0,
        media_bytes=sum(file.size for file in manifest.media) if manifest and not manifest.freed else 0,
        share=timing.wall_s / longest if timing and longest else 0.0,
    )


@dataclass(frozen=True)
class Pass:
    """Frames decoded for one purpose over all stages, and per source frame."""

    purpose: str
    frames: int
    share: float | None


def passes(data: ShardData, source_frames: int) -> list[Pass]:
    """Decoded frames by purpose, most first, from the timings of the last computed materialisations."""
    counts: Counter[str] = Counter()
    for view in data.assets.values():
        if view.timing:
            counts.update(view.timing.frames_decoded)
    return [
        Pass(name, n, n / source_frames if source_frames else None) for name, n in counts.most_common() if n
    ]


def problems(data: ShardData) -> list[Problem]:
    """Every file that failed or was skipped for a reason of its own; `upstream` repeats what was said before."""
    found = []
    for view in data.assets.values():
        for status in data.statuses(view.name):
            if status.ok or status.reason.value == "upstream":
                continue
            found.append(
                Problem(
                    view.name,
                    view.spec.group,
                    status.path,
                    status.state.value,
                    status.reason.value,
                    status.message,
                    status.transient,
                )
            )
    return found


@dataclass(frozen=True)
class Model:
    """An adapter that made results of the shard, one line per weights file (or one without weights)."""

    task: str
    kind: str
    licence: str
    weights: str
    sha256: str
    weights_licence: str
    licence_url: str
    commercial: bool | None
    used_by: tuple[str, ...]


@dataclass(frozen=True)
class Origin:
    """Provenance of one asset: its digests and what else its manifest names, as (key, value) pairs."""

    asset: str
    group: str
    input_digest: str
    content_digest: str
    settings_digest: str
    device: str
    facts: tuple[tuple[str, str], ...]


def origins(data: ShardData) -> list[Origin]:
    """One entry per readable asset."""
    found = []
    for view in data.assets.values():
        if view.handle is None:
            continue
        provenance = data.provenance(view.name)
        manifest = view.handle.manifest
        known = {
            "settings_digest": str(provenance.get("settings_digest", "")),
            "device": str(provenance.get("device", "")),
        }
        rest = {key: value for key, value in provenance.items() if key not in (*known, "models", "stage")}
        found.append(
            Origin(
                view.name,
                view.spec.group,
                manifest.input_digest,
                manifest.content_digest,
                facts=tuple(_flat(rest)),
                **known,
            )
        )
    return found


def models_used(data: ShardData, table: Mapping[str, Any]) -> list[Model]:
    """Adapters and weights named by the provenance of the assets; licences of weights from `table` (id -> row)."""
    seen: dict[tuple[str, str, str, str, str], list[str]] = {}
    for view in data.assets.values():
        models = data.provenance(view.name).get("models")
        for made in models.values() if isinstance(models, dict) else ():
            head = (str(made.get("task", "")), str(made.get("kind", "")), str(made.get("licence", "")))
            weights = made.get("weights") or {"": ""}
            for name, sha in weights.items():
                seen.setdefault((*head, str(name), str(sha)), []).append(view.name)
    found = []
    for (task, kind, licence, name, sha), assets in seen.items():
        row = table.get(name)
        found.append(
            Model(
                task,
                kind,
                licence,
                name,
                sha,
                weights_licence=getattr(row, "licence", "" if not name else "not in weights.toml"),
                licence_url=getattr(row, "licence_url", ""),
                commercial=getattr(row, "commercial", None),
                used_by=tuple(dict.fromkeys(assets)),
            )
        )
    return sorted(found, key=lambda model: (model.task, model.kind, model.weights))


def _flat(value: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for key, item in sorted(value.items()):
        if isinstance(item, Mapping):
            pairs += _flat(item, f"{prefix}{key}.")
        elif isinstance(item, Sequence) and not isinstance(item, str):
            pairs.append((f"{prefix}{key}", ", ".join(map(str, item))))
        else:
            pairs.append((f"{prefix}{key}", str(item)))
    return pairs
