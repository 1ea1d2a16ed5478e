"""Set-up says in one line what is missing, and goes on where it was interrupted."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from animeflow.cli import examine
from animeflow_tests.packaging.scripts import ROOT, load_script

install = load_script("install")
PIP_WORKS = b"3 11 7\n"


class Recorder:
    """Stands in for subprocess.run: notes the commands, answers with an exit status each."""

    def __init__(self, answer: Callable[[str], int] = lambda _: 0) -> None:
        self.commands: list[str] = []
        self.answer = answer

    def __call__(self, command: list[str], **_: object) -> subprocess.CompletedProcess[bytes]:
        line = " ".join(command)
        self.commands.append(line)
        return subprocess.CompletedProcess(command, self.answer(line), stdout=PIP_WORKS)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Nothing is run; every command succeeds."""
    one = Recorder()
    monkeypatch.setattr(install.subprocess, "run", one)
    return one


def only_line(failure: pytest.ExceptionInfo[SystemExit]) -> str:
    """The message of an exit, which is one line; Python prints it and exits with status 1."""
    message = failure.value.code
    assert isinstance(message, str) and "\n" not in message
    return message


@pytest.mark.parametrize("version", [(3, 10, 12), (3, 14, 0), (3, 9, 2)])
def test_another_python_gives_one_line_with_the_versions_that_work(version: tuple[int, int, int]) -> None:
    with pytest.raises(SystemExit) as failure:
        install.check_python(version)
    line = only_line(failure)
    assert ".".join(map(str, version)) in line and "3.11, 3.12 or 3.13" in line and "PYTHON=" in line


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 9), (3, 13, 1)])
def test_the_supported_pythons_are_taken(version: tuple[int, int, int]) -> None:
    install.check_python(version)


def test_an_old_python_can_read_the_script_far_enough_to_say_so() -> None:
    source = (ROOT / "deploy" / "setup" / "install.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 6))
    annotations = [node.annotation for node in ast.walk(tree) if isinstance(node, ast.arg)]
    annotations += [node.returns for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert all(one is None or isinstance(one, ast.Name | ast.Constant) for one in annotations)
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported == {"pathlib"}, "no __future__, which 3.6 lacks; nothing that must be installed first"


def test_a_missing_venv_module_gives_one_line_with_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def import_module(name: str) -> object:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", import_module)
    with pytest.raises(SystemExit) as failure:
        install.check_venv()
    assert f"apt-get install python3.{sys.version_info.minor}-venv" in only_line(failure)


@pytest.mark.parametrize(
    ("absent", "packages"),
    [
        ({"libGL.so.1"}, ["libgl1"]),
        ({"libEGL.so.1"}, ["libegl1"]),
        ({"libglib-2.0.so.0", "libgthread-2.0.so.0"}, ["libglib2.0-0"]),
        ({"libGL.so.1", "libEGL.so.1", "libgthread-2.0.so.0"}, ["libgl1", "libglib2.0-0", "libegl1"]),
    ],
)
def test_missing_libraries_give_one_line_with_their_packages(
    absent: set[str], packages: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install, "loads", lambda library: library not in absent)
    assert install.missing_packages() == packages
    with pytest.raises(SystemExit) as failure:
        install.check_libraries()
    line = only_line(failure)
    assert "apt-get install " + " ".join(packages) in line
    assert all(library in line for library in absent)


def test_a_library_is_missing_exactly_when_the_linker_does_not_find_it() -> None:
    assert install.loads("libc.so.6")
    assert not install.loads("libno_such_thing.so.1")


def shared_objects(path: Path) -> dict[str, str]:
    """{library: file} of everything that the linker loads for a shared object."""
    done = subprocess.run(["ldd", str(path)], check=True, capture_output=True, text=True)
    pairs = [line.split(" => ") for line in done.stdout.splitlines() if " => " in line]
    return {name.strip(): file.rsplit(" (", 1)[0] for name, file in pairs}


def test_the_table_names_every_library_that_the_wheels_load_from_the_system() -> None:
    cv2, skia = (importlib.util.find_spec(name) for name in ("cv2", "skia"))
    assert cv2 is not None and cv2.origin and skia is not None and skia.origin
    modules = [*Path(cv2.origin).parent.glob("*.so"), Path(skia.origin)]
    loaded = {name: file for module in modules for name, file in shared_objects(module).items()}
    outside = {name for name, file in loaded.items() if "site-packages" not in file}
    named = {library for library, _, _ in install.LIBRARIES}
    brought = {name for library in named for name in shared_objects(Path(loaded[library]))}
    everywhere = {"libc", "libdl", "libm", "libpthread", "libgcc_s", "libstdc++", "libz"}
    rest = {name for name in outside - named - brought if name.split(".so")[0] not in everywhere}
    assert len(modules) >= 2 and named <= outside
    assert rest == set()


def test_the_doctor_looks_for_the_same_libraries() -> None:
    assert {library: package for library, _, package in install.LIBRARIES} == examine.LIBRARIES


def test_what_a_killed_pip_left_is_removed_and_what_it_finished_stays(tmp_path: Path) -> None:
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    for folder in ("done-1.0.dist-info", "half-2.0.dist-info", "~lder", "half", "done"):
        (site / folder).mkdir(parents=True)
    for name in ("done-1.0.dist-info", "half-2.0.dist-info"):
        (site / name / "METADATA").write_text("Name: x\n")
        (site / name / "RECORD").write_text("")
    (site / "done-1.0.dist-info" / "INSTALLER").write_text("pip\n")
    assert sorted(install.drop_unfinished(tmp_path)) == ["half-2.0.dist-info", "~lder"]
    assert sorted(path.name for path in site.iterdir()) == ["done", "done-1.0.dist-info", "half"]


def test_an_environment_without_pip_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    broken = Recorder(lambda line: 1 if "import pip" in line else 0)
    monkeypatch.setattr(install.subprocess, "run", broken)
    assert install.make_venv(tmp_path) == tmp_path / "bin" / "python"
    assert broken.commands[-1] == f"{sys.executable} -m venv --clear {tmp_path}"


def test_a_working_environment_is_kept(tmp_path: Path, recorder: Recorder) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    install.make_venv(tmp_path)
    assert not any("-m venv" in line for line in recorder.commands)


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path: Path, recorder: Recorder) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(SystemExit) as failure:
        install.make_venv(tmp_path)
    assert "no virtual environment" in only_line(failure)
    assert recorder.commands == []


def test_torch_is_installed_before_whatever_could_choose_its_build(recorder: Recorder) -> None:
    install.install(Path("python"))
    assert [line.split(" install ")[1] for line in recorder.commands] == [
        f"-q -c constraints.txt {install.pins()['pip']} {install.pins()['setuptools']}",
        f"-q -c constraints.txt {install.pins()['torch']}",
        "-q -c constraints.txt --no-build-isolation -e .[dev]",
    ]


@pytest.mark.parametrize("broken_step", ["torch==", "-e .[dev]", "weights fetch"])
def test_an_interrupted_set_up_leaves_no_stamp(
    broken_step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(install.subprocess, "run", Recorder(lambda line: int(broken_step in line)))
    monkeypatch.setattr(
        sys, "argv", ["install.py", "--venv", str(tmp_path), "--stamp", str(tmp_path / "done")]
    )
    with pytest.raises(SystemExit) as failure:
        install.main()
    assert "see above" in only_line(failure) or "see the line above" in only_line(failure)
    assert not (tmp_path / "done").exists()


def test_a_pip_that_was_killed_is_told_apart_from_one_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install.subprocess, "run", Recorder(lambda _: -9))
    with pytest.raises(SystemExit) as failure:
        install.pip_install(Path("python"), "torch==2.13.0")
    assert "signal 9" in only_line(failure)


def test_a_finished_set_up_leaves_the_stamp(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recorder: Recorder
) -> None:
    monkeypatch.setattr(
        sys, "argv", ["install.py", "--venv", str(tmp_path), "--stamp", str(tmp_path / "done")]
    )
    install.main()
    assert (tmp_path / "done").exists()
    assert "weights fetch --profile embedded" in recorder.commands[-1]
