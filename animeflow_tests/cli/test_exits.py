"""How an error becomes a line and a code."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from animeflow.cli.exits import FAILED, USAGE, guarded
from animeflow_tests.cli.conftest import Call


def test_an_out_below_a_file_says_which_place_and_the_way_out(animeflow: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    called = animeflow("ui", "--out", tmp_path / "file" / "workspace", "--print-environment")
    assert called.code == FAILED and called.err.count("\n") == 1
    assert str(tmp_path / "file") in called.err and "name another" in called.err


def test_a_place_that_may_not_be_written_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    def refused() -> None:
        raise PermissionError(13, "Permission denied", "/somewhere/workspace")

    assert guarded(refused) == FAILED  # type: ignore[arg-type]
    (line,) = capsys.readouterr().err.splitlines()
    assert "'/somewhere/workspace': Permission denied" in line and "name another" in line


def test_a_name_that_begins_with_a_dash_gets_the_way_out(animeflow: Call) -> None:
    for words in (("shots", "-ep.mkv"), ("probe", "--ep.mkv"), ("run", "-folder")):
        called = animeflow(*words)
        assert called.code == USAGE and f"animeflow {words[0]} -- -NAME" in called.err, called.err
    assert "-- -NAME" not in animeflow("shots", "--jsn", "a.mkv").err
    assert "-- -NAME" not in animeflow("status", "-x").err, "it takes no name"


def test_a_name_with_a_line_end_is_said_on_one_line(animeflow: Call, tmp_path: Path) -> None:
    (tmp_path / "a\nb.mkv").write_text("no video")
    called = animeflow("shots", "a\nb.mkv")
    assert called.code == FAILED and called.err.count("\n") == 1 and "a\\nb.mkv" in called.err


INTERRUPTIBLE = """
import signal, sys, time
from animeflow.cli import main
# a test run in the background of a script ignores Ctrl-C, and so would this
signal.signal(signal.SIGINT, signal.default_int_handler)
def work(**_):
    try:
        print("ready", flush=True)
        time.sleep(60)
    finally:
        print("clearing", flush=True)
        time.sleep(float(sys.argv[1]))
main.cli.main = work
main.main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("again", [False, True])
def test_a_signal_ends_any_command_with_its_code(number: signal.Signals, code: int, again: bool) -> None:
    clears_s = "60" if again else "0"
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTIBLE, clears_s],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.stdout.readline() == "clearing\n"
    if again:
        process.send_signal(number)
    _, said = process.communicate(timeout=30)
    assert process.returncode == code
    assert said == ("" if again else "interrupted; run the same command again to go on\n")


SWALLOWING = """
import sys
from animeflow.cli import main, stopping
def work(**_):
    try:
        print("ready", flush=True)
        sys.stdin.read()
    except KeyboardInterrupt:
        pass
    return stopping.stoppable(lambda: print("began all the same", flush=True))
main.cli.main = work
main.main()
"""


def test_a_signal_that_a_library_swallows_is_not_lost() -> None:
    """One in about a hundred was: the run went on for its hour."""
    process = subprocess.Popen(
        [sys.executable, "-c", SWALLOWING],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    told, said = process.communicate(timeout=30)
    assert (process.returncode, told) == (143, "")
    assert said == "interrupted; run the same command again to go on\n"


EARLY = """
import os, signal, sys
class Asked:
    def find_spec(self, name, *_):
        if name == "animeflow.cli.main":
            os.kill(os.getpid(), int(sys.argv[1]))
signal.signal(signal.SIGINT, signal.default_int_handler)  # the background job of a script ignores it
sys.meta_path.insert(0, Asked())
from animeflow.cli.start import main
main()
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_command_is_imported_leaves_no_stack(number: signal.Signals, code: int) -> None:
    found = subprocess.run(
        [sys.executable, "-c", EARLY, str(number.value)], check=False, capture_output=True, text=True
    )
    assert (found.returncode, found.stdout, found.stderr) == (code, "", "")
