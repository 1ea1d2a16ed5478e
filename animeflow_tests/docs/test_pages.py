"""The generated pages say what the declarations say."""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from animeflow.models.weight_table import load_table
from animeflow.tables.specs import TABLES
from animeflow.tables.stages import STAGES

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
AGAIN = "run `make docs`"


def _script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, DOCS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def test_stage_pages_equal_what_the_declarations_give() -> None:
    for path, text in _script("make_stage_pages").pages().items():
        assert path.is_file(), f"{path.name} is missing: {AGAIN}"
        assert path.read_text(encoding="utf-8") == text, f"{path.name} differs from its declaration: {AGAIN}"


def test_there_is_no_page_of_a_stage_that_does_not_exist() -> None:
    names = {path.stem for path in (DOCS / "stages").glob("*.md")} - {"README"}
    assert names == set(STAGES), AGAIN


def test_every_column_that_may_be_null_on_embedded_is_listed() -> None:
    page = (DOCS / "embedded_nulls.md").read_text(encoding="utf-8")
    for spec in TABLES.values():
        for column in spec.columns:
            assert (f"| `{spec.name}` | `{column.name}` |" in page) == column.null_on_embedded


def test_every_pinned_package_and_every_weight_has_its_licence_on_the_page() -> None:
    script = _script("make_licences")
    page = (DOCS / "licences.md").read_text(encoding="utf-8")
    listed = {
        script.normal(name): version
        for name, version in re.findall(r"^\| ([\w.-]+) \| (\d[\w.+-]*) \|", page, re.M)
    }
    assert listed == script.pinned(), AGAIN
    for weight in load_table().rows.values():
        assert script.weight_line(weight) in page, f"{weight.id}: {AGAIN}"
    assert "UNKNOWN" not in page


def test_troubleshooting_has_a_section_for_everything_that_the_doctor_looks_at() -> None:
    tree = ast.parse((ROOT / "animeflow" / "cli" / "examine.py").read_text(encoding="utf-8"))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Finding"
    ]
    names = {node.args[0].value for node in calls if isinstance(node.args[0], ast.Constant)}
    page = (DOCS / "troubleshooting.md").read_text(encoding="utf-8")
    assert len(names) >= 10
    assert names <= set(re.findall(r"^## (.+)$", page, re.M))


PAGES = [path for folder in (DOCS, ROOT / "benchmarks", ROOT / "deploy") for path in folder.rglob("*.md")]


@pytest.mark.parametrize(
    "page", [*sorted(PAGES), *sorted(ROOT.glob("*.md"))], ids=lambda p: str(p.relative_to(ROOT))
)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target, heading in re.findall(r"\]\(([^)#]*)(?:#([^)]*))?\)", page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        found = page.parent / target if target else page
        assert found.exists(), f"{page.name} links to {target}"
        if heading:
            assert heading in anchors(found), f"{page.name} links to {target}#{heading}"


def anchors(page: Path) -> set[str]:
    """What the headings of a page are called in links, as GitHub makes it."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_plan_of_the_house_names_every_package_and_nothing_else() -> None:
    named = set(re.findall(r"`(animeflow/[\w/.]+)`", (DOCS / "house.md").read_text(encoding="utf-8")))
    assert all((ROOT / name).exists() for name in named)
    packages = [*(ROOT / "animeflow").iterdir(), *(ROOT / "animeflow" / "media").iterdir()]
    found = {path.relative_to(ROOT).as_posix() for path in packages if (path / "__init__.py").exists()}
    assert found <= named


def test_the_readme_shows_every_picture_that_is_made() -> None:
    shown = set(re.findall(r"docs/pictures/([\w-]+\.png)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert shown == {path.name for path in (DOCS / "pictures").glob("*.png")}
