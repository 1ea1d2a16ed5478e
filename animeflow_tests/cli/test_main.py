"""The command as a whole: help, exit codes, logs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from animeflow.cli.exits import Exit, guarded
from animeflow.cli.main import COMMANDS, cli
from animeflow.errors import DiskFull, Interrupted, SettingsError
from animeflow_tests.cli.conftest import Call


def commands(group: click.Group, *path: str) -> dict[tuple[str, ...], click.Command]:
    """Every command and sub-command by its words."""
    context, found = click.Context(group), {}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found[(*path, name)] = command
        if isinstance(command, click.Group):
            found |= commands(command, *path, name)
    return found


def test_listing_the_commands_imports_neither_dagster_nor_a_heavy_library() -> None:
    code = "import sys, animeflow.cli.main as m; m.guarded(lambda: m.cli.main(['--help'], standalone_mode=False))\n"
    code += (
        "print([n for n in ('dagster', 'torch', 'cv2', 'numpy', 'pyarrow', 'pydantic') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().endswith("[]")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_of_help_in_the_list_fits_the_command(name: str, animeflow: Call) -> None:
    called = animeflow(name, "--help")
    assert called.code == 0 and "Example:" in called.out


def test_every_command_has_an_example_that_begins_with_its_own_words() -> None:
    for words, command in commands(cli).items():
        example = (command.epilog or "").partition("Example: ")[2]
        assert example.split()[: len(words) + 1][:2] == ["animeflow", words[0]], words


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("bad"), 2),
        (click.UsageError("bad"), 2),
        (DiskFull("full"), 1),
        (Interrupted("stop"), 130),
        (KeyboardInterrupt(), 130),
        (ValueError("a bug"), 1),
        (Exit(3), 3),
    ],
)
def test_every_way_to_end_has_its_exit_code(error: BaseException, code: int) -> None:
    def fail() -> None:
        raise error

    assert guarded(fail) == code


def test_what_a_library_makes_of_an_interruption_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    """pydantic once made a TypeError of it."""

    def fail() -> None:
        raise TypeError("expected a message argument")

    assert guarded(fail, stopping=lambda: True) == 130
    assert capsys.readouterr().err == "interrupted; run the same command again to go on\n"


def test_a_history_that_finds_no_room_is_told_as_such_without_its_sql(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> int:
        raise RuntimeError(
            '(sqlite3.OperationalError) disk I/O error\n[SQL: PRAGMA x("runs")]\n(Background on)'
        )

    assert guarded(fail) == 1
    told = capsys.readouterr().err
    assert "the disk is full or fails" in told and "SQL:" not in told and len(told.splitlines()) == 1


def test_an_error_is_one_line_on_stderr(animeflow: Call, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    called = animeflow("run", "nothing", "--out", "out")
    assert called.code == 1 and not called.out
    assert called.err.count("\n") == 1 and "nothing" in called.err


def test_an_unknown_option_and_an_unknown_stage_are_usage_errors(animeflow: Call, source: Path) -> None:
    assert animeflow("run", source, "--nope").code == 2
    called = animeflow("run", source, "--select", "nonsense")
    assert called.code == 2 and "groups:" in called.err


def test_a_setting_that_does_not_exist_is_a_usage_error_that_names_it(animeflow: Call, source: Path) -> None:
    called = animeflow("run", source, "--set", "media.av1.metrik=ssim")
    assert called.code == 2 and "media.av1.metrik" in called.err and "mean metric" in called.err


def test_the_log_file_has_one_json_object_per_record(animeflow: Call, tmp_path: Path) -> None:
    import logging

    animeflow("--log-file", tmp_path / "log.jsonl", "weights", "list")
    logging.getLogger("animeflow.test").warning("said %s", "it")
    logging.shutdown()
    (line,) = (tmp_path / "log.jsonl").read_text().splitlines()
    assert json.loads(line)["message"] == "said it" and json.loads(line)["level"] == "warning"


def test_a_log_file_in_no_folder_is_a_usage_error(animeflow: Call, tmp_path: Path) -> None:
    called = animeflow("--log-file", tmp_path / "nope" / "log", "weights", "list")
    assert called.code == 2 and f"no folder {tmp_path / 'nope'}" in called.err
    assert not (tmp_path / "nope").exists()


@pytest.mark.parametrize("command", ["list", "fetch", "verify"])
def test_weights_that_do_not_exist_are_a_usage_error(animeflow: Call, command: str) -> None:
    called = animeflow("weights", command, "nope")
    assert called.code == 2 and "no weights 'nope'; there are: " in called.err


def test_flags_of_the_whole_command_hold_behind_a_subcommand_too(animeflow: Call) -> None:
    for words in (("-q", "settings", "show"), ("settings", "show", "-q"), ("settings", "-q", "show")):
        called = animeflow(*words)
        assert called.code == 0 and called.out.startswith("profile"), words
    assert animeflow("settings", "show", "--", "-q").code == 2  # behind -- it is an argument
