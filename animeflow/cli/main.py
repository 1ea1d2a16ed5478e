"""Entry point: the group of commands, which are imported one by one when they are called."""

from __future__ import annotations

import importlib
import logging
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from animeflow import __version__
from animeflow.cli.exits import INTERRUPTED, guarded
from animeflow.cli.logs import set_up_logging
from animeflow.cli.stopping import end_at_once, exit_code, listen, seen

# name -> (module of animeflow.cli, function, one line of help)
COMMANDS: dict[str, tuple[str, str, str]] = {
    "demo": ("demo", "demo", "Draw two episodes and run every stage on them."),
    "sample": ("demo", "sample", "Draw sample episodes with their truth."),
    "run": ("run", "run", "Run the stages on a source of videos."),
    "curate": ("curate", "curate", "Decide again on stored measures with other thresholds."),
    "status": ("status", "status", "What is done, failed, missing or out of date."),
    "report": ("report", "report", "Write the HTML report of shards."),
    "ui": ("ui", "ui", "Open the Dagster UI on a workspace."),
    "clean": ("clean", "clean", "Remove results from a workspace."),
    "settings": ("settings", "settings", "Show the settings tree or its schema."),
    "doctor": ("doctor", "doctor", "Check this installation and say how to mend it."),
    "weights": ("weights", "weights", "List, fetch and verify model weights."),
    "probe": ("files", "probe", "What is in video files."),
    "shots": ("files", "shots", "Find the shots of video files."),
    "measures": ("files", "measures", "Measure the clips of video files."),
    "layers": ("layers", "layers", "Separate video files into layers."),
}


EVERYWHERE = ("-v", "-vv", "--verbose", "-q", "--quiet")


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called; listing them needs no import."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """-v and -q hold wherever they stand before a `--`: people add them to the end of a line."""
        end = args.index("--") if "--" in args else len(args)
        said = [word for word in args[:end] if word in EVERYWHERE]
        return super().parse_args(ctx, [*said, *(w for w in args[:end] if w not in EVERYWHERE), *args[end:]])

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, function, _ = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(f"animeflow.cli.{module}"), function)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Example: animeflow shots episode.mkv --json",
)
@click.version_option(__version__, prog_name="animeflow")
@click.option("-v", "--verbose", count=True, help="Say more; twice: debug messages and stacks.")
@click.option("-q", "--quiet", is_flag=True, help="Only errors and results.")
@click.option(
    "--log-file", type=click.Path(path_type=Path, dir_okay=False), help="Write all log records here, as JSON."
)
@click.pass_context
def cli(context: click.Context, verbose: int, quiet: bool, log_file: Path | None) -> None:
    """Turn repositories of raw anime episodes into training-ready datasets."""
    if log_file is not None and not log_file.parent.is_dir():
        raise click.UsageError(f"--log-file {log_file}: there is no folder {log_file.parent}")
    context.obj = {"quiet": quiet, "verbose": verbose}
    set_up_logging(verbose=verbose, quiet=quiet, json_file=log_file)


def main(arguments: Sequence[str] | None = None) -> None:
    """The console script `animeflow`."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # a parent's worker thread blocks it
    try:
        listen()
        code = guarded(
            lambda: cli.main(args=arguments, prog_name="animeflow", standalone_mode=False),
            stopping=lambda: bool(seen),
        )
        end_at_once()
    except (
        KeyboardInterrupt
    ):  # between two lines of these: Python would die of SIGINT, whichever signal it was
        code = INTERRUPTED
    logging.shutdown()
    sys.exit(exit_code(code))


if __name__ == "__main__":
    main()
