"""`animeflow demo` and `animeflow sample`: drawn episodes, and every stage on them."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

from animeflow.cli.exits import Exit
from animeflow.cli.options import out_option, resolve_settings, settings_options, workspace_at


@click.command(epilog="Example: animeflow demo --out workspace")
@out_option
@settings_options
@click.option(
    "--episodes", type=click.IntRange(1, 20), default=2, show_default=True, help="How many are drawn."
)
@click.option("--seed", type=int, default=None, help="Seed of the drawings.")
@click.option("--no-report", is_flag=True, help="Write no HTML report.")
@click.pass_context
def demo(
    context: click.Context,
    out: Path | None,
    profile: str | None,
    settings_file: Path | None,
    overrides: tuple[str, ...],
    episodes: int,
    seed: int | None,
    no_report: bool,
) -> None:
    """Draw small episodes with known truth, run every stage on them, and say where the report is.

    A second call draws and computes nothing anew.
    """
    from animeflow.cli import running
    from animeflow.cli.engine import Order
    from animeflow.cli.terminal import Terminal, duration
    from animeflow.sample import DEMO_SEED, draw_sample

    workspace = workspace_at(out)
    terminal = Terminal(quiet=(context.obj or {}).get("quiet", False))
    started = running.clock()
    sample = draw_sample(
        workspace.root / "sample",
        episodes=episodes,
        seed=DEMO_SEED if seed is None else seed,
        meanwhile=_import_graph,
    )
    done = f"drawn in {duration(running.clock() - started)}" if sample.drawn else "there already"
    terminal.line(f"sample   {sample.source}: {episodes} episodes {done}")
    settings = resolve_settings(
        profile=profile, settings_file=settings_file, overrides=overrides, workspace=workspace
    )
    order = Order(workspace, running.with_source(settings, sample.source), report=not no_report)
    raise Exit(running.carry_out(order, running.Request(), terminal))


def _import_graph() -> None:
    """What the run will import anyway, in seconds in which this process has nothing to do."""
    for module in ("animeflow.definitions", "torch"):
        importlib.import_module(module)


@click.command(epilog="Example: animeflow sample sample --episodes 1")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--episodes", type=click.IntRange(1, 1000), default=2, show_default=True, help="How many are drawn."
)
@click.option("--seed", type=int, default=None, help="Seed of the drawings.")
@click.option(
    "--size", default="640x360", show_default=True, metavar="WxH", help="Size of the pictures in px."
)
@click.option(
    "--grain",
    type=click.FloatRange(0, 8),
    default=None,
    help="Noise of the pictures (sigma in 8-bit levels).",
)
@click.option("--crf", type=click.IntRange(0, 51), default=None, help="Compression of the H.264 file.")
def sample(
    folder: Path, episodes: int, seed: int | None, size: str, grain: float | None, crf: int | None
) -> None:
    """Draw episodes into FOLDER, and their truth (cuts, drawings, layers, text, flashes) into FOLDER.truth."""
    from dataclasses import replace

    from animeflow.sample import DEMO_SEED, Style, draw_sample

    style = Style()
    if grain is not None:
        style = replace(style, grain=grain)
    if crf is not None:
        style = replace(style, crf=crf)
    drawn = draw_sample(
        folder,
        episodes=episodes,
        seed=DEMO_SEED if seed is None else seed,
        size=parse_size(size),
        style=None if grain is None and crf is None else style,
    )
    for video, truth in zip(drawn.videos, drawn.truths, strict=True):
        click.echo(f"{video}  truth {truth}")


def parse_size(text: str) -> tuple[int, int]:
    """`640x360` as (640, 360); a usage error for anything else."""
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit() and int(width) >= 64 and int(height) >= 64):
        raise click.UsageError(f"--size {text!r}: write it as 640x360, at least 64x64")
    return int(width), int(height)
