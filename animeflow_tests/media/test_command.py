from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from animeflow.errors import CommandFailed, CommandTimeout, EncodeError, Interrupted
from animeflow.media import command
from animeflow.media.command import CommandResult, run_command


def is_running(pid: int) -> bool:
    """False too for a zombie: nobody reaps the orphans of a container."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_until_gone(pid: int, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if not is_running(pid):
            return True
        time.sleep(0.02)
    return False


def test_output_and_error_lines_are_returned() -> None:
    result = run_command(["sh", "-c", "echo out; echo one >&2; echo two >&2"], timeout_s=10)
    assert (result.returncode, result.stdout, result.stderr) == (0, b"out\n", ("one", "two"))


def test_arguments_reach_the_program_as_they_are() -> None:
    words = ["; rm -rf x", "$(id)", "a b", "日本", ""]
    result = run_command([sys.executable, "-c", "import sys; print(sys.argv[1:])", *words], timeout_s=10)
    assert result.stdout.decode().strip() == repr(words)


def test_a_failure_quotes_the_last_lines_of_standard_error() -> None:
    with pytest.raises(CommandFailed, match=r"status 3\nalpha\nomega"):
        run_command(["sh", "-c", "echo alpha >&2; echo omega >&2; exit 3"], timeout_s=10)


def test_a_command_that_takes_too_much_memory_is_killed_with_that_reason() -> None:
    hold = "import os, time; held = b'x' * (300 << 20); print(os.getpid(), flush=True); time.sleep(60)"
    with pytest.raises(CommandFailed, match="took more than 200 MB of memory and was killed") as error:
        run_command([sys.executable, "-c", hold], timeout_s=60, memory_bytes=200 << 20)
    assert error.value.reason == "out_of_memory"
    hold = "held = b'x' * (100 << 20); print(len(held))"
    assert (
        run_command([sys.executable, "-c", hold], timeout_s=60, memory_bytes=200 << 20).stdout
        == b"104857600\n"
    )


def test_a_crash_leaves_no_core_file() -> None:
    result = run_command(["sh", "-c", "ulimit -H -c"], timeout_s=10)
    assert result.stdout == b"0\n"


def test_the_caller_chooses_the_class_of_the_failure() -> None:
    with pytest.raises(EncodeError):
        run_command(["false"], timeout_s=10, error=EncodeError)


def test_a_crash_names_its_signal() -> None:
    with pytest.raises(CommandFailed, match="killed by signal 11"):
        run_command(["sh", "-c", "kill -SEGV $$"], timeout_s=10)


def test_a_missing_program_is_named() -> None:
    with pytest.raises(CommandFailed, match="no-such-program"):
        run_command(["no-such-program"], timeout_s=10)


def test_standard_input_is_fed_beyond_the_size_of_a_pipe() -> None:
    data = os.urandom(1_000_000)
    assert run_command(["cat"], timeout_s=10, stdin=data).stdout == data


def test_a_program_that_closes_its_input_early_is_no_error() -> None:
    assert run_command(["head", "-c", "3"], timeout_s=10, stdin=b"x" * 1_000_000).stdout == b"xxx"


def test_standard_error_is_kept_within_bounds() -> None:
    result = run_command(
        [sys.executable, "-c", "import sys\nfor n in range(5000): print(n, file=sys.stderr)"], timeout_s=20
    )
    assert len(result.stderr) == 800
    assert (result.stderr[0], result.stderr[-1]) == ("0", "4999")


def test_progress_blocks_arrive_as_they_are_printed() -> None:
    blocks: list[Mapping[str, str]] = []
    script = "printf 'frame=1\\nspeed= 2x\\nprogress=continue\\nframe=9\\nprogress=end\\n'"
    result = run_command(["sh", "-c", script], timeout_s=10, on_progress=blocks.append)
    assert blocks == [
        {"frame": "1", "speed": "2x", "progress": "continue"},
        {"frame": "9", "progress": "end"},
    ]
    assert result.stdout == b""


def test_the_time_limit_kills_the_command_and_its_children(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    started = time.monotonic()
    with pytest.raises(CommandTimeout, match=r"longer than 0\.5 s"):
        run_command(["sh", "-c", f"sleep 60 & echo $! > {note}; wait"], timeout_s=0.5)
    assert time.monotonic() - started < 10
    assert wait_until_gone(int(note.read_text()))


def test_a_child_left_behind_is_killed_when_the_command_succeeds(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    run_command(["sh", "-c", f"sleep 60 >/dev/null 2>&1 & echo $! > {note}"], timeout_s=10)
    assert wait_until_gone(int(note.read_text()))


def test_a_stop_request_ends_a_running_command() -> None:
    timer = threading.Timer(0.3, command.request_stop)
    timer.start()
    started = time.monotonic()
    with pytest.raises(Interrupted):
        run_command(["sleep", "60"], timeout_s=120)
    timer.join()
    assert time.monotonic() - started < 10


def test_nothing_is_started_after_a_stop_request(tmp_path: Path) -> None:
    command.request_stop()
    with pytest.raises(Interrupted):
        run_command(["touch", tmp_path / "made"], timeout_s=10)
    assert not (tmp_path / "made").exists()


def test_an_error_in_the_progress_callback_kills_the_command(tmp_path: Path) -> None:
    note = tmp_path / "pid"

    def fail(block: Mapping[str, str]) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_command(
            ["sh", "-c", f"echo $$ > {note}; echo progress=continue; sleep 60"],
            timeout_s=60,
            on_progress=fail,
        )
    assert wait_until_gone(int(note.read_text()))


def test_the_command_dies_with_a_killed_parent(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    code = (
        "from animeflow.media.command import run_command\n"
        f"run_command(['sh', '-c', 'echo $$ > {note}; exec sleep 60'], timeout_s=120)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code])
    end = time.monotonic() + 20
    while not (note.exists() and note.read_text()) and time.monotonic() < end:
        time.sleep(0.02)
    pid = int(note.read_text())
    assert is_running(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    assert wait_until_gone(pid)


def test_ffreport_of_the_user_does_not_reach_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FFREPORT", "file=/tmp/should-not-exist.log")
    assert b"FFREPORT" not in run_command(["env"], timeout_s=10).stdout


def test_what_an_encoder_says_of_itself_is_not_quoted_as_the_cause() -> None:
    banner = tuple(f"Svt[info]: SVT [config]: {n}" for n in range(20))
    failed = CommandResult(("ffmpeg",), 234, b"", ("[flac] more than 8 channels", *banner), 0.1)
    assert failed.stderr_tail() == "[flac] more than 8 channels"
    assert CommandResult(("ffmpeg",), 1, b"", banner, 0.1).stderr_tail(1) == banner[-1]
