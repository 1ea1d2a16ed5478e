from __future__ import annotations

import ast
from pathlib import Path

import animeflow.sample

ALLOWED = ("animeflow.sample", "animeflow.errors", "animeflow.media.ffmpeg", "animeflow.media.command")


def test_the_sample_knows_nothing_of_the_code_it_judges():
    for file in Path(animeflow.sample.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert not name.startswith("animeflow") or name.startswith(ALLOWED), f"{file.name}: {name}"
