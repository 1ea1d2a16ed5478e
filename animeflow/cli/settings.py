"""`animeflow settings show|schema`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from animeflow.cli.options import out_option, resolve_settings, settings_options, workspace_at


@click.group(epilog="Example: animeflow settings show --profile embedded --set media.av1.encoder.crf=28")
def settings() -> None:
    """The settings tree: what holds, and what can be set."""


@settings.command(epilog="Example: animeflow settings show --set shots.clips.max_s=10")
@out_option
@settings_options
@click.option("--json", "as_json", is_flag=True, help="JSON in place of YAML.")
@click.argument("part", default="")
def show(
    out: Path | None,
    profile: str | None,
    settings_file: Path | None,
    overrides: tuple[str, ...],
    as_json: bool,
    part: str,
) -> None:
    """The resolved tree, or the PART at a dotted path, as YAML."""
    import yaml

    workspace = workspace_at(out)
    tree = resolve_settings(
        profile=profile, settings_file=settings_file, overrides=overrides, workspace=workspace
    )
    value = tree.model_dump(mode="json")
    for word in part.split(".") if part else ():
        if not isinstance(value, dict) or word not in value:
            raise click.UsageError(f"no setting {part!r}")
        value = value[word]
    text = json.dumps(value) if as_json else yaml.safe_dump(value, sort_keys=False, allow_unicode=True)
    click.echo(text.rstrip().removesuffix("\n..."))  # YAML ends a plain value alone with a line of dots


@settings.command(epilog="Example: animeflow settings schema > settings.schema.json")
def schema() -> None:
    """The JSON schema of a settings file: every key with its type, range and meaning."""
    from animeflow.settings.tree import Settings

    click.echo(json.dumps(Settings.model_json_schema(), indent=1))
