from __future__ import annotations

import dagster as dg
import pytest

from animeflow.cli.terminal import (
    Terminal,
    duration,
    one_line,
    progress_text,
    severity_word,
    size,
    stage_text,
)
from animeflow.defs.progress import Progress


def test_a_stage_says_its_time_its_rate_and_its_rows() -> None:
    numbers = {"wall_s": 0.9, "frames_per_s": 640.0, "dagster/row_count": 300, "videos_failed": 1}
    assert stage_text("frame_signals", numbers).split() == [
        "frame_signals", "0.9", "s", "640", "frames/s", "300", "rows", "1", "failed",
    ]  # fmt: skip


def test_a_stage_without_any_value_says_why_and_no_rate() -> None:
    numbers = {
        "wall_s": 0.0,
        "frames_per_s": 9999.0,
        "dagster/row_count": 10,
        "null_because": "no model is chosen",
    }
    assert stage_text("quality", numbers).split(maxsplit=1) == ["quality", "null: no model is chosen"]


def test_a_check_that_only_warns_is_not_called_failed() -> None:
    checks = [
        dg.AssetCheckEvaluation(dg.AssetKey("flash"), "whole", passed=False, metadata={}, severity=severity)
        for severity in (dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR)
    ]
    assert [severity_word(check) for check in checks] == ["CHECK WARNS", "CHECK FAILED"]


def test_a_stage_that_stands_says_so() -> None:
    assert stage_text("flash", {"unchanged": True, "wall_s": 3.0}).split() == ["flash", "unchanged"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.25, "4.2 s"), (42, "42 s"), (185, "3 min 05 s"), (7830, "2 h 10 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(12, "12 B"), (3_400_000, "3.4 MB"), (1.25e12, "1.2 TB"), (2e15, "2000.0 TB")]
)
def test_sizes(count: float, text: str) -> None:
    assert size(count) == text


def test_progress_counts_one_thing_and_many() -> None:
    one, many = (
        progress_text(Progress("shard", "clip_files", 1, 1, "a.mkv", done, 9, "clips", 1.0))
        for done in (1, 2)
    )
    assert "  1 clip  " in one and "  2 clips  " in many


@pytest.mark.logs_errors
def test_a_quiet_terminal_shows_errors_and_results(capsys: pytest.CaptureFixture[str]) -> None:
    terminal = Terminal(quiet=True)
    terminal.line("a line")
    terminal.error("  an error")
    terminal.result("a result")
    assert capsys.readouterr() == ("a result\n", "an error\n")


def test_a_name_with_line_ends_stays_on_one_line() -> None:
    state = Progress("shard", "frame_signals", 1, 2, "a\nb\x1b[2J\u2028第.mkv")
    assert progress_text(state).endswith("a\\nb\\x1b[2J\\u2028第.mkv")
    assert one_line("plain 第1話 é") == "plain 第1話 é"
