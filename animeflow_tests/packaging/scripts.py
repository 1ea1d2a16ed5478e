"""Loads the scripts of deploy/setup, which are no package: they run before anything is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]


def load_script(name: str) -> ModuleType:
    """The module deploy/setup/<name>.py."""
    spec = importlib.util.spec_from_file_location(f"setup_{name}", ROOT / "deploy" / "setup" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
