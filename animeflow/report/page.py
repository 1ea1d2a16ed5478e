"""One self-contained HTML page per shard: it opens from a file, asks for nothing, and shows what is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import jinja2

from animeflow.errors import SettingsError
from animeflow.models.weight_table import load_table
from animeflow.report import clips as clip_view
from animeflow.report import run_view, sections, summary, text
from animeflow.report.annotations import annotation_view
from animeflow.report.layers import layer_view
from animeflow.report.pictures import Budget
from animeflow.report.predictions import predictions
from animeflow.report.shard import AssetView, ShardData
from animeflow.report.timeline import VideoTimeline, timelines
from animeflow.settings.load import dump, load
from animeflow.settings.rules import rules_of
from animeflow.settings.tree import Settings
from animeflow.tables.stages import GROUPS
from animeflow.tables.whole import write_whole
from animeflow.tables.workspace import SETTINGS, Workspace

KEY_FRAME_BYTES = 1_600_000
LAYER_BYTES = 5_600_000
PREDICTION_BYTES = 2_400_000


@dataclass(frozen=True)
class Group:
    """A section of the page: a group of stages, and the worst state among its assets."""

    name: str
    assets: tuple[AssetView, ...]

    @property
    def state(self) -> str:
        states = [asset.state for asset in self.assets]
        for word in ("damaged", "retry", "partial"):
            if word in states:
                return word
        if "missing" in states:
            return "missing" if set(states) == {"missing"} else "partial"
        return "null" if set(states) == {"null"} else "done"

    def faults(self, problems: Mapping[str, str]) -> list[tuple[str, str, str]]:
        """(assets, state, reason) of what is not simply done; assets with the same reason share a line."""
        found: dict[tuple[str, str], list[str]] = {}
        for asset in self.assets:
            reason = asset.reason or problems.get(asset.name, "")
            if reason or asset.state != "done":
                found.setdefault((asset.state, reason), []).append(asset.name)
        return [
            (", ".join(names), "" if state == "done" else state, why) for (state, why), names in found.items()
        ]


def build_report(workspace: Workspace, shard: str, out: Path, *, settings: Settings | None = None) -> Path:
    """Write the page of a shard to `out` and return it.

    Reads finished assets only; one that is missing, failed or damaged is shown as such with its reason. `settings`
    (default: the tree saved in the workspace, else the shipped defaults) says which thresholds are drawn. The file
    is replaced at once, so that a reader never sees half a page.
    """
    chosen = settings or saved_settings(workspace)
    html = render(ShardData(workspace, shard, decode=chosen.shots.decode), chosen)
    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, html, errors="replace")
    return out


def saved_settings(workspace: Workspace) -> Settings:
    """The tree saved next to the results; the shipped defaults when there is none or it cannot be read."""
    path = workspace.root / SETTINGS
    try:
        return load(file=path if path.is_file() else None, environment={})
    except (SettingsError, OSError):
        return load(environment={})


def render(data: ShardData, settings: Settings) -> str:
    """The page as text."""
    key_frames, layer_budget = Budget(KEY_FRAME_BYTES), Budget(LAYER_BYTES)
    lines = timelines(data, key_frames)
    pictures = {(line.video_id, int(band.id)): band.picture for line in lines for band in line.shots}
    rules = tuple(rule for rule in rules_of(settings.curation) if rule.on)
    tables = clip_view.measure_rows(data)
    clips = clip_view.clip_lines(data, tables, rules, pictures)
    stage_lines = run_view.stage_lines(data)
    columns, nulls = _measure_columns(clips)
    layers = layer_view(data, lines, layer_budget)
    annotation = annotation_view(data, pictures)
    problem_list = run_view.problems(data)
    context: dict[str, Any] = {
        "shard": data.shard,
        "title": data.shard,
        "verdict": summary.verdict(data, clips),
        "outcome": summary.outcomes(clips),
        "figures": summary.figures(data, stage_lines, lines),
        "files": sections.files(data),
        "problem_list": problem_list,
        "timelines": lines,
        "predictions": predictions(data, Budget(PREDICTION_BYTES)),
        "many_videos": len(lines) > 1,
        "any_voice": any(line.voice for line in lines),
        "encodes": sections.encodes(data, lines),
        "clip_files": sections.clip_files(data),
        "histograms": clip_view.histograms(data, tables, rules),
        "clips": clips,
        "clips_left_out": max(0, _rows(data, "clips") - len(clips)),
        "measure_columns": columns,
        "null_columns": nulls,
        "reasons": summary.reason_counts(clips),
        "rules": rules,
        "layer_clips": layers.clips,
        "layers_note": layers.note,
        "annotations": annotation.lines,
        "annotation_columns": annotation.columns,
        "annotation_notes": annotation.notes,
        "speech": sections.speech(data, lines),
        "delivery": sections.delivery(data),
        "stage_lines": stage_lines,
        "passes": run_view.passes(
            data, sum(row["frames"] or 0 for row in data.rows("shard_files") if row["usable"])
        ),
        "models": run_view.models_used(data, load_table().rows),
        "origins": run_view.origins(data),
        "settings_text": dump(settings),
        "profile": settings.profile,
        "says": _says(data, lines, clips),
        "problems": data.problems,
        "groups": _groups(data),
        "budget_note": _budget_note(key_frames, layer_budget),
        "version": metadata.version("animeflow"),
        "style": jinja2.utils.markupsafe.Markup(_static("style.css")),
        "script": jinja2.utils.markupsafe.Markup(_static("script.js")),
    }
    return _environment().get_template("shard.html").render(context)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("animeflow.report", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: Mapping[str, Callable[..., Any]] = {
        "number": text.number,
        "size": text.size,
        "seconds": text.seconds,
        "clock": text.clock,
        "percent": text.percent,
        "words": text.words,
        "ratio": lambda value: "–" if value is None else f"{value:.2f}",
        "pos": lambda value: f"{value:.3f}",
        "cap": lambda value: f"{min(100.0, max(0.5, value)):.1f}",
        "groupby_order": _groupby_order,
    }
    environment.filters.update(filters)
    return environment


def _groupby_order(items: Iterable[Any], attribute: str) -> list[tuple[str, list[Any]]]:
    """Like Jinja's groupby, but in the order of first appearance."""
    found: dict[str, list[Any]] = {}
    for item in items:
        found.setdefault(getattr(item, attribute), []).append(item)
    return list(found.items())


def _static(name: str) -> str:
    return (resources.files("animeflow.report") / "static" / name).read_text(encoding="utf-8")


def _rows(data: ShardData, asset: str) -> int:
    handle = data.assets[asset].handle
    return sum(file.rows for file in handle.manifest.tables.get(asset, [])) if handle else 0


def _measure_columns(
    clips: Sequence[clip_view.ClipLine],
) -> tuple[list[clip_view.Measure], list[tuple[str, str]]]:
    """Columns with a value in some clip, and the names of the others with the reason."""
    shown, empty = [], []
    for measure in clip_view.measures():
        if any(clip.values[measure.key] is not None for clip in clips):
            shown.append(measure)
        elif clips:
            empty.append((measure.column.name, clips[0].reasons.get(measure.key, "null")))
    return shown, empty


def _groups(data: ShardData) -> list[Group]:
    found = []
    for name in GROUPS:
        assets = tuple(view for view in data.assets.values() if view.spec.group == name)
        if assets:
            found.append(Group(name, assets))
    return [*found, Group("run", ())]


def _says(
    data: ShardData, lines: Sequence[VideoTimeline], clips: Sequence[clip_view.ClipLine]
) -> dict[str, str]:
    """One sentence under the title of a section, where there is something to say."""
    cuts = sum(band.kind == "hard" for line in lines for band in line.shots)
    soft = sum(len(line.transitions) for line in lines)
    says = {
        "run": "What each stage cost, which models made its result, and the digests by which a rerun knows that "
        "nothing has changed.",
    }
    if lines:
        says["shots"] = (
            f"{text.plural(sum(len(line.shots) for line in lines), 'shot')} in {text.plural(len(lines), 'video')}: "
            f"{text.plural(cuts, 'hard cut')}, {text.plural(soft, 'transition')}. "
            "A click on a clip leads to its measures."
        )
    if clips:
        says["curation"] = (
            "Measures are stored, decisions are made here: changing a threshold costs no decode."
        )
        says["measures"] = (
            "Clips by value. The broken line is the threshold of curation, the shaded side is dropped."
        )
    if data.assets["smoothed_layers"].readable:
        says["layers"] = (
            "The layers as published, one picture per drawing; playing holds each as long as the film does."
        )
    return says


def _budget_note(*budgets: Budget) -> str:
    used = sum(budget.used for budget in budgets)
    return f"Pictures take {text.size(used)} of it." if used else ""
