"""`animeflow settings`, and what a workspace keeps."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from animeflow.settings.load import dump_changes, load
from animeflow_tests.cli.conftest import Call


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("media.av1.encoder.crf=31", "run.threads=1"),
        ("media.av1.encoder={kind: libaom, crf: 31}",),
        ("shots.detector={kind: content, threshold: 30}",),
        ("source.hub.location=/somewhere", "curation.max_flashes=null"),
    ],
)
def test_what_was_set_gives_the_whole_tree_again(tmp_path: Path, overrides: tuple[str, ...]) -> None:
    settings = load(environment={}, overrides=overrides)
    (tmp_path / "s.yaml").write_text(dump_changes(settings))
    assert load(file=tmp_path / "s.yaml", environment={}) == settings


def test_a_workspace_keeps_only_what_was_set() -> None:
    kept = yaml.safe_load(dump_changes(load(environment={}, overrides=("media.av1.encoder.crf=31",))))
    assert kept == {"profile": "embedded", "media": {"av1": {"encoder": {"kind": "svt", "crf": 31.0}}}}


def test_show_prints_the_tree_or_a_part_of_it(animeflow: Call) -> None:
    whole = yaml.safe_load(animeflow("settings", "show", "--set", "media.av1.encoder.crf=31").out)
    assert whole["media"]["av1"]["encoder"]["crf"] == 31
    part = animeflow("settings", "show", "media.av1", "--json")
    assert json.loads(part.out)["encoder"]["profile"] == "animation"
    assert animeflow("settings", "show", "media.nope").code == 2


def test_show_prints_a_plain_value_alone(animeflow: Call) -> None:
    words = ("settings", "show", "curation.max_flashes", "--set", "curation.max_flashes=1")
    assert animeflow(*words).out == "1.0\n"
    assert animeflow("settings", "show", "profile").out == "embedded\n"


def test_the_schema_names_every_key_with_its_meaning(animeflow: Call) -> None:
    schema = json.loads(animeflow("settings", "schema").out)
    assert schema["$defs"]["SvtEncoder"]["properties"]["crf"]["description"]


@pytest.mark.parametrize("words", [("run", "episodes"), ("status",), ("curate",), ("ui",), ("report",)])
def test_broken_settings_of_a_workspace_stop_every_command_on_it(
    animeflow: Call, source: Path, tmp_path: Path, words: tuple[str, ...]
) -> None:
    saved = tmp_path / "workspace" / "settings.yaml"
    saved.parent.mkdir()
    saved.write_text("curation:\n  max_flashs: 1\n")
    called = animeflow(*words)
    assert called.code == 2
    assert f"{saved}, line 2: unknown key curation.max_flashs; did you mean max_flashes?" in called.err
    assert [path.name for path in saved.parent.iterdir()] == ["settings.yaml"], "nothing was begun"
