"""How an error becomes a line and a code."""

from __future__ import annotations

from pathlib import Path

import pytest

from animeflow.cli.exits import FAILED, guarded
from animeflow_tests.cli.conftest import Call


def test_an_out_below_a_file_says_which_place_and_the_way_out(animeflow: Call, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    called = animeflow("ui", "--out", tmp_path / "file" / "workspace", "--print-environment")
    assert called.code == FAILED and called.err.count("\n") == 1
    assert str(tmp_path / "file") in called.err and "choose another --out" in called.err


def test_a_place_that_may_not_be_written_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    def refused() -> None:
        raise PermissionError(13, "Permission denied", "/somewhere/workspace")

    assert guarded(refused) == FAILED  # type: ignore[arg-type]
    (line,) = capsys.readouterr().err.splitlines()
    assert "'/somewhere/workspace': Permission denied" in line and "choose another --out" in line
