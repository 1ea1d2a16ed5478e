"""Check that constraints.txt resolves for another Python: a dry run that installs nothing.

Usage: check_pins.py 3.12
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def requirements() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["dev"]]


def main(version: str) -> int:
    platforms = [f"--platform=manylinux_2_{minor}_x86_64" for minor in range(39, 4, -1)]
    with tempfile.TemporaryDirectory() as target:
        command = [
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--dry-run", "--quiet"),
            *(f"--python-version={version}", "--implementation=cp", "--only-binary=:all:", f"--target={target}"),
            *("--platform=manylinux2014_x86_64", *platforms, "-c", str(ROOT / "constraints.txt"), *requirements()),
        ]
        result = subprocess.run(command, check=False, capture_output=True, text=True)
    if result.returncode:
        print(f"the pins do not resolve for Python {version}:\n{result.stderr.strip()[-2000:]}")
        return 1
    print(f"the pins resolve for Python {version}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
