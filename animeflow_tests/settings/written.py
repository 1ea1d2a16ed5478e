"""Settings of a file that a test writes, and what is said where they are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from animeflow.errors import SettingsError
from animeflow.settings import load as loader
from animeflow.settings.tree import Settings


def settings(tmp_path: Path, text: str, **kwargs: Any) -> Settings:
    """Those of a YAML file of this text, with an empty environment unless another is given."""
    path = tmp_path / "mine.yaml"
    path.write_text(text, encoding="utf-8")
    return loader.load(file=path, environment=kwargs.pop("environment", {}), **kwargs)


def refusal(*overrides: str) -> str:
    with pytest.raises(SettingsError) as refused:
        loader.load(environment={}, overrides=overrides)
    return str(refused.value)
