"""What `doctor` finds, and how it says to mend it."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from animeflow.cli import examine
from animeflow.settings.load import load
from animeflow.tables.workspace import Workspace
from animeflow_tests.cli.conftest import Call


def versions(**found: str):
    return lambda name: found.get(name.replace("-", "_"))


def test_a_second_package_that_writes_the_folder_cv2_is_a_fault_with_the_way_out() -> None:
    (finding,) = examine.opencv(versions(opencv_python="5.0.0.93", opencv_python_headless="5.0.0.93"))
    assert finding.state == "fault" and "opencv-python-headless" in finding.text
    assert "pip uninstall -y opencv-python opencv-python-headless" in finding.mend
    assert examine.opencv(versions(opencv_python="5.0.0.93"))[0].state == "ok"
    assert examine.opencv(versions())[0].mend == "pip install opencv-python"


@pytest.mark.parametrize(
    ("torch", "vision", "state"),
    [
        ("2.13.0+cpu", None, "ok"),
        ("2.13.0+cpu", "0.28.0+cpu", "ok"),
        ("2.13.0+cpu", "0.28.0+cu130", "fault"),
        ("2.13.0", "0.27.1", "fault"),
        (None, None, "fault"),
    ],
)
def test_a_mix_of_torch_and_torchvision_builds_is_a_fault(
    torch: str | None, vision: str | None, state: str
) -> None:
    found = {name: version for name, version in (("torch", torch), ("torchvision", vision)) if version}
    assert examine.torch_pair(versions(**found))[0].state == state


def test_missing_system_libraries_are_named_with_the_packages_that_bring_them() -> None:
    def load_library(name: str) -> None:
        if name in ("libGL.so.1", "libEGL.so.1"):
            raise OSError(name)

    (finding,) = examine.system_libraries(load_library)
    assert finding.state == "fault" and finding.mend == "apt-get install -y libegl1 libgl1"


def test_a_full_disk_and_a_read_only_place_are_faults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(tmp_path)
    full = load(environment={}, overrides=("run.min_free_gb=100000000",))
    assert examine.disk(full, workspace)[0].state == "fault"
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "cannot be written" in examine.disk(load(environment={}), workspace)[0].text


def test_an_ffmpeg_that_is_not_there_is_a_fault() -> None:
    settings = load(environment={}, overrides=("run.ffmpeg=/no/such/ffmpeg",))
    assert examine.ffmpeg(settings)[0].state == "fault"


def test_a_token_is_never_shown(animeflow: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_" + "secretsecretsecretsecret")
    called = animeflow("doctor", "--json")
    assert "secret" not in called.out + called.err and "HF_TOKEN is set" in called.out


def test_json_holds_every_finding_and_nothing_else_is_on_stdout(animeflow: Call) -> None:
    called = animeflow("doctor", "--json")
    report = json.loads(called.out)
    assert {"python", "cv2", "torch", "ffmpeg", "gpu", "disk", "tokens", "weights"} <= {
        f["name"] for f in report["findings"]
    }
    assert called.code == (0 if report["ok"] else 1)


def test_absent_weights_of_the_text_reader_are_named_with_what_they_cost(tmp_path: Path) -> None:
    empty = f"models.weights.cache={tmp_path}"
    (finding,) = examine.weights(load(environment={}, overrides=(empty,)))
    assert finding.state == "note"
    assert "without ppocr_v6_det and ppocr_v6_rec no text is read" in finding.text
    assert finding.mend == "animeflow weights fetch embedded"
    for choice in ("curation.unread_text=keep", "shots.text.enabled=false"):
        (finding,) = examine.weights(load(environment={}, overrides=(empty, choice)))
        assert "no text is read" not in finding.text


@pytest.mark.parametrize(("count", "said"), [(0, "no faults"), (1, "1 fault"), (2, "2 faults")])
def test_the_last_line_counts_the_faults(
    animeflow: Call, monkeypatch: pytest.MonkeyPatch, count: int, said: str
) -> None:
    found = [examine.Finding("disk", "fault", "is full")] * count
    monkeypatch.setattr(examine, "examine", lambda *_: found)
    assert animeflow("doctor").out.splitlines()[-1] == said
