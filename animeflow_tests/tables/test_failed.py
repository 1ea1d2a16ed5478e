from pathlib import Path

import pytest

from animeflow.errors import Interrupted, StageFailed, WorkspaceBusy
from animeflow.tables.failed import StageFailure, forget, read, remembered


def fail(logs: Path, error: Exception) -> None:
    with pytest.raises(type(error)), remembered(logs, "clips", "flash"):
        raise error


def test_the_last_failure_of_a_stage_is_remembered_until_it_ends_well(tmp_path: Path) -> None:
    fail(tmp_path, KeyError("first"))
    fail(tmp_path, StageFailed("all 2 videos failed"))
    assert read(tmp_path, "flash") == StageFailure("flash", "stage_failed", "all 2 videos failed")
    with remembered(tmp_path, "flash"):
        forget(tmp_path, "flash")
    assert read(tmp_path, "flash") is None and read(tmp_path, "clips") is not None


def test_an_error_that_nobody_expected_is_named(tmp_path: Path) -> None:
    fail(tmp_path, ZeroDivisionError("by zero"))
    assert read(tmp_path, "clips") == StageFailure("clips", "internal", "ZeroDivisionError: by zero")


@pytest.mark.parametrize("error", [Interrupted("stopped"), WorkspaceBusy("other run")])
def test_a_stage_that_was_stopped_or_kept_out_has_not_failed(tmp_path: Path, error: Exception) -> None:
    fail(tmp_path, error)
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_does_not_hide_the_error(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file stands here")
    fail(tmp_path / "logs", StageFailed("all failed"))
    assert read(tmp_path, "clips") is None
