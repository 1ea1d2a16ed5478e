"""Exit codes, and the one place at the top of the command where errors become a line and a code."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable

import click

from animeflow.errors import AnimeflowError, Interrupted, SettingsError

OK, FAILED, USAGE, SOME_FAILED, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 130, 143
BUSY = 75  # only between a run and its child processes: another run holds the child's shard (sysexits: try later)
NO_ROOM = ("disk I/O error", "database or disk is full")
log = logging.getLogger("animeflow.cli")


class Exit(Exception):
    """Ends the command with a code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def guarded(run: Callable[[], int | None], *, stopping: Callable[[], bool] = lambda: False) -> int:
    """Run the command; every way it can end becomes an exit code, every error one line on stderr.

    `stopping` says whether the user asked to stop: a library may make another error of that.
    """
    try:
        return run() or OK
    except Exit as done:
        return done.code
    except click.exceptions.Exit as done:
        return done.exit_code
    except (click.Abort, KeyboardInterrupt, Interrupted):
        return _interrupted()
    except click.NoSuchOption as error:
        error.show()
        if hint := _dash_hint(error):
            click.echo(hint, err=True)
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except AnimeflowError as error:
        click.echo(f"animeflow: {error}", err=True)
        return USAGE if isinstance(error, SettingsError) else FAILED
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output is gone (`| head`): nothing is left to say
        return FAILED
    except (PermissionError, NotADirectoryError, FileExistsError) as error:
        log.info("a place that cannot be used", exc_info=True)
        where = f"{error.filename!r}: " if error.filename else ""
        click.echo(f"animeflow: {where}{error.strerror} (mend this place, or name another)", err=True)
        return FAILED
    except Exception as error:
        log.info("unexpected error", exc_info=True)
        if stopping():
            return _interrupted()
        click.echo(f"animeflow: {_plain(error)} (-v shows where)", err=True)
        return FAILED


def _interrupted() -> int:
    click.echo("interrupted; run the same command again to go on", err=True)
    return INTERRUPTED


def _dash_hint(error: click.NoSuchOption) -> str:
    """What to do where a file's name begins with a dash; empty where it looks like an option alone."""
    context, name = error.ctx, error.option_name
    if context is None or not any(isinstance(one, click.Argument) for one in context.command.params):
        return ""
    if name.startswith("--") and "." not in name:
        return ""
    return f"A name that begins with a dash goes after `--`: {context.command_path} -- -NAME"


def _plain(error: Exception) -> str:
    """One line. SQLite says `disk I/O error` where its journal finds no room; SQLAlchemy adds the statement."""
    text = str(error).partition("\n[SQL")[0]
    if any(words in text for words in NO_ROOM):
        return f"the disk is full or fails: the history of the workspace cannot be written: {text}"
    return f"{type(error).__name__}: {text}"
