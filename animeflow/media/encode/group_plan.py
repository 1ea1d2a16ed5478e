"""Into which shot groups an encode is cut, and at which quality number each of them is encoded."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from animeflow.media.decode.reader import DecodeLimits
from animeflow.media.encode.encoders import Encoder
from animeflow.media.encode.plan import EncodePlan
from animeflow.media.encode.quality import Found, Sample, find_quality, require_metric, sample_frames
from animeflow.media.encode.shot_groups import can_seek, key_before, shot_groups, with_qualities
from animeflow.media.isolation import isolate
from animeflow.settings.isolation import IsolationSettings
from animeflow.settings.media import Av1Settings, QualitySettings


@dataclass(frozen=True)
class GroupPlan:
    """A plan with its groups, and what the search for a quality found for each (none was asked for: empty)."""

    plan: EncodePlan
    groups: tuple[tuple[int, int], ...]
    found: tuple[Found, ...]
    target: QualitySettings | None

    def columns(self) -> dict[str, Any]:
        """Columns of `av1_videos`; `crf` is the mean over frames where groups differ."""
        frames = sum(g.end - g.start for g in self.plan.groups)
        numbers = [g.encoder.quality for g in self.plan.groups] or [self.plan.encoder.quality]
        weighted = sum(g.encoder.quality * (g.end - g.start) for g in self.plan.groups)
        rows = [
            {"start": start, "end": end, **_plain(asdict(result))}
            for (start, end), result in zip(self.groups, self.found, strict=False)
        ]
        return {
            "crf": weighted / frames if frames else numbers[0],
            "crf_min": min(numbers),
            "crf_max": max(numbers),
            "groups": len(self.groups),
            "quality_metric": self.target.metric if self.target else None,
            "quality_target": self.target.goal if self.target else None,
            "quality_reached": all(f.reached for f in self.found) if self.target else None,
            "groups_json": json.dumps(rows, sort_keys=True) if self.target else None,
        }


def plan_groups(
    plan: EncodePlan,
    settings: Av1Settings,
    *,
    cuts: Sequence[int],
    pts: Sequence[int],
    ffmpeg: Path,
    limits: DecodeLimits | None = None,
    isolation: IsolationSettings | None = None,
) -> GroupPlan:
    """The groups of a plan, each at the quality number that reaches `settings.quality`, where that is asked for.

    Raises `SettingsError` where the metric cannot be measured here, before the first frame.
    """
    target = settings.quality
    if target is not None:
        require_metric(target.metric, ffmpeg)
    groups = _groups(plan, settings, cuts, pts, limits or DecodeLimits(), isolation or IsolationSettings())
    sample = partial(Sample, plan.probe.path, size=plan.size, limits=limits, isolation=isolation)
    found = _search(plan, settings, target, groups, ffmpeg, sample) if target is not None else ()
    numbers = [f.quality for f in found] or [plan.encoder.quality] * len(groups)
    return GroupPlan(with_qualities(plan, groups, numbers), groups, found, target)


def _groups(
    plan: EncodePlan,
    settings: Av1Settings,
    cuts: Sequence[int],
    pts: Sequence[int],
    limits: DecodeLimits,
    isolation: IsolationSettings,
) -> tuple[tuple[int, int], ...]:
    """The whole video is one group where groups are not asked for, or not safe."""
    wanted = settings.parallel == "on" or (settings.parallel == "auto" and settings.quality is not None)
    whole = ((0, len(pts)),)
    if not wanted or plan.decoded or not can_seek(plan.probe, pts):
        return whole
    groups = shot_groups(pts, cuts, plan.probe.video.time_base, settings.group_s)
    key = key_before(plan.probe.path, int(pts[groups[-1][0]]))
    begins = isolate.call(
        "animeflow.media.decode.reader:begins_at", plan.probe.path, key, decode=limits, limits=isolation
    )
    return groups if begins else whole


def _search(
    plan: EncodePlan,
    settings: Av1Settings,
    target: QualitySettings,
    groups: Sequence[tuple[int, int]],
    ffmpeg: Path,
    sample_of: Callable[[Sequence[int], Encoder, Path], Sample],
) -> tuple[Found, ...]:
    found = []
    for start, end in groups:
        with TemporaryDirectory(prefix="animeflow-quality-") as folder:
            sample = sample_of(sample_frames(start, end), plan.encoder, Path(folder))
            measure = partial(
                sample.measure,
                target.metric,
                ffmpeg=ffmpeg,
                threads=plan.threads,
                timeout_s=settings.timeout_s,
            )
            found.append(find_quality(measure, plan.encoder, target))
    return tuple(found)


def _plain(value: Any) -> Any:
    """As JSON holds it: null for a metric that is infinite."""
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and math.isinf(value) else value
