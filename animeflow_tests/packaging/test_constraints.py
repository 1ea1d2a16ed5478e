"""Every package that an installation brings is pinned, once, to a version that pyproject.toml allows."""

from __future__ import annotations

import re
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from animeflow_tests.packaging.scripts import ROOT, load_script

check_pins = load_script("check_pins")
PINS = check_pins.pins()
LINES = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("line", check_pins.requirements())
def test_every_dependency_is_pinned_to_a_version_that_it_allows(line: str) -> None:
    requirement = Requirement(line)
    assert requirement.specifier.contains(PINS[check_pins.normal(requirement.name)])


def test_a_pin_is_a_name_and_one_version_and_names_no_host() -> None:
    for line in LINES:
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line), line


def test_a_package_is_pinned_once_and_the_list_is_sorted() -> None:
    names = [check_pins.normal(line.split("==")[0]) for line in LINES]
    assert names == sorted(set(names))


def _closure() -> dict[str, metadata.Distribution]:
    """What animeflow and its extra `dev` bring into this environment, by normalised name."""
    found: dict[str, metadata.Distribution] = {}
    todo = [Requirement("animeflow[dev]")]
    seen: set[str] = set()
    while todo:
        requirement = todo.pop()
        key = f"{requirement.name}{sorted(requirement.extras)}"
        if key in seen:
            continue
        seen.add(key)
        distribution = metadata.distribution(requirement.name)
        found[check_pins.normal(requirement.name)] = distribution
        for line in distribution.requires or ():
            needed = Requirement(line)
            if needed.marker is None or any(
                needed.marker.evaluate({"extra": extra}) for extra in ("", *requirement.extras)
            ):
                todo.append(needed)
    del found["animeflow"]
    return found


def test_everything_that_is_installed_has_the_pinned_version() -> None:
    installed = _closure()
    assert len(installed) > 100
    for name, distribution in installed.items():
        assert name in PINS, f"{name} {distribution.version} is not pinned"
        assert Version(distribution.version).public == PINS[name], name


def test_a_package_without_a_pin_is_named() -> None:
    items = [("numpy", "2.4.6"), ("Typing_Extensions", "4"), ("surprise", "1.0")]
    report = {"install": [{"metadata": {"name": name, "version": version}} for name, version in items]}
    assert check_pins.unpinned(report) == ["surprise==1.0"]
