"""`animeflow doctor`: check this installation and say how to mend each fault."""

from __future__ import annotations

import json
from pathlib import Path

import click

from animeflow.cli.exits import FAILED, Exit
from animeflow.cli.options import json_option, out_option, resolve_settings, settings_options, workspace_at
from animeflow.tables.words import plural

MARKS = {"ok": "ok   ", "note": "note ", "fault": "FAULT"}


@click.command(epilog="Example: animeflow doctor --json")
@out_option
@settings_options
@json_option
def doctor(
    out: Path | None,
    profile: str | None,
    settings_file: Path | None,
    overrides: tuple[str, ...],
    as_json: bool,
) -> None:
    """Check Python, packages, system libraries, ffmpeg, GPU, disk, tokens and weights.

    The exit code is 1 when there is a fault; a note costs nothing but a feature.
    """
    from animeflow.cli.examine import examine

    workspace = workspace_at(out)
    settings = resolve_settings(
        profile=profile, settings_file=settings_file, overrides=overrides, workspace=workspace
    )
    findings = examine(settings, workspace)
    faults = [finding for finding in findings if finding.state == "fault"]
    if as_json:
        click.echo(json.dumps({"ok": not faults, "findings": [finding.row() for finding in findings]}))
    else:
        for finding in findings:
            click.echo(f"{MARKS[finding.state]}  {finding.name:<18} {finding.text}")
            if finding.mend:
                click.echo(f"{'':<26}-> {finding.mend}")
        click.echo(plural(len(faults), "fault") if faults else "no faults")
    if faults:
        raise Exit(FAILED)
