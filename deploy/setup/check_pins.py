"""Check that constraints.txt resolves for another Python, with every extra, and pins every package that comes along.

A dry run with pip's lazy wheels: only their metadata is read, a few MB in all, and nothing is installed.

Usage: check_pins.py 3.12
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
GLIBC_MINORS = range(39, 4, -1)  # manylinux_2_39 … manylinux_2_5: what a current distribution takes


def requirements(pyproject: Path = ROOT / "pyproject.toml") -> list[str]:
    """The dependencies and those of every extra."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    return [*project["dependencies"], *(line for extra in extras for line in extra)]


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return name.strip().lower().replace("_", "-").replace(".", "-")


def pins(path: Path = ROOT / "constraints.txt") -> dict[str, str]:
    """{normalised name: version} of every line of constraints.txt."""
    lines = (line.partition("#")[0].strip() for line in path.read_text(encoding="utf-8").splitlines())
    pairs = (line.split("==") for line in lines if line)
    return {normal(name): version for name, version in pairs}


def dry_run(version: str, report: Path) -> str:
    """Resolve for a Python version on Linux, x86-64; returns what pip complains of, empty where all is well."""
    platforms = [f"--platform=manylinux_2_{minor}_x86_64" for minor in GLIBC_MINORS]
    options = ["--dry-run", "--quiet", "--ignore-installed", "--use-feature=fast-deps", "--only-binary=:all:"]
    target = [f"--python-version={version}", "--implementation=cp", f"--target={report.parent / 'nothing'}"]
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "install", *options, *target),
            *("--platform=manylinux2014_x86_64", *platforms, "--report", str(report)),
            *("-c", str(ROOT / "constraints.txt"), *requirements()),
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    return done.stderr.strip()[-2000:] or f"pip ended with {done.returncode}" if done.returncode else ""


def unpinned(resolved: dict[str, Any]) -> list[str]:
    """Packages of a pip report that constraints.txt does not name."""
    known = pins()
    found = [(item["metadata"]["name"], item["metadata"]["version"]) for item in resolved["install"]]
    return sorted(f"{name}=={version}" for name, version in found if normal(name) not in known)


def main(version: str) -> int:
    """Print one line for the version; exit status 1 where the pins are not enough."""
    if metadata.version("pip") != pins()["pip"]:
        print("pip is not the pinned one, an older one would download whole wheels: run `make setup`")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        problem = dry_run(version, report)
        if problem:
            print(f"the pins do not resolve for Python {version}:\n{problem}")
            return 1
        resolved = json.loads(report.read_text(encoding="utf-8"))
    missing = unpinned(resolved)
    if missing:
        print(f"not pinned in constraints.txt, Python {version} needs them: {' '.join(missing)}")
        return 1
    print(f"the pins resolve for Python {version}: {len(resolved['install'])} packages")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
