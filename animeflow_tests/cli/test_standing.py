"""When a shard needs no run: the same judgement in a run, a dry run, --force, --retry-failed and `status --stale`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from animeflow.cli import engine, running
from animeflow.cli.engine import Order
from animeflow.cli.standing import catalog_stands, stands, to_do
from animeflow.defs.execution import RunResult
from animeflow.defs.instances import open_instance
from animeflow.defs.settled import settled, unsettle
from animeflow.settings.load import load
from animeflow.source.units import Unit
from animeflow.tables.manifest import MANIFEST
from animeflow.tables.workspace import CATALOG, Workspace
from animeflow_tests.cli.conftest import Call
from animeflow_tests.defs.conftest import TINY, WHOLE, clip, whole  # noqa: F401 fixtures

OVERRIDES = tuple(word for word in TINY if "=" in word)
WORDS = """
import sys
from animeflow.cli.exits import guarded
from animeflow.cli.main import cli
code = guarded(lambda: cli.main(args=sys.argv[1:], standalone_mode=False))
heavy = {"dagster", "torch", "onnxruntime", "transformers"} & set(sys.modules)
sys.exit(f"imported {sorted(heavy)}" if heavy else code)
"""


@pytest.fixture
def workspace(whole: Workspace, tmp_path: Path) -> Workspace:  # noqa: F811
    """A copy of the finished workspace and of its source."""
    shutil.copytree(whole.root.parent, tmp_path, dirs_exist_ok=True)
    return Workspace(tmp_path / "workspace")


def order_on(workspace: Workspace, *overrides: str, force: tuple[str, ...] = ()) -> Order:
    settings = load(environment={}, overrides=(*OVERRIDES, *overrides))
    return Order(
        workspace, running.with_source(settings, workspace.root.parent / "source"), force=force, report=False
    )


def unit_of(order: Order) -> Unit:
    (unit,) = running.units_of(order, running.Request())[1]
    return unit


def late(order: Order) -> set[str]:
    return {state.stage for state in to_do(order, unit_of(order))}


def test_an_unchanged_shard_starts_no_run_and_imports_neither_dagster_nor_a_network(
    workspace: Workspace, tmp_path: Path
) -> None:
    words = ["run", str(tmp_path / "source"), "--out", str(workspace.root), *TINY]
    called = subprocess.run(
        [sys.executable, "-c", WORDS, *words], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert called.returncode == 0, called.stdout + called.stderr
    lines = called.stdout.splitlines()
    assert f"shard {WHOLE}  unchanged" in lines and "across shards  unchanged" in lines
    assert "1 shard, all done" in lines
    with open_instance(workspace) as instance:
        assert len(instance.get_runs()) == 2, "the shard's and the catalog's, both of the first call"


@pytest.mark.parametrize(
    ("override", "force", "first"),
    [
        ("curation.max_flashes=1", (), "kept_clips"),
        ("delivery.targets.videos.prefix=elsewhere", (), "published_videos"),
        ("run.min_free_gb=0", ("flash",), "flash"),
        ("run.min_free_gb=0", ("shots",), "frame_signals"),
    ],
)
def test_another_setting_or_force_makes_it_run(
    workspace: Workspace, override: str, force: tuple[str, ...], first: str
) -> None:
    order = order_on(workspace)
    assert stands(order, unit_of(order))
    other = order_on(workspace, override, force=force)
    assert not stands(other, unit_of(other))
    names = [state.stage for state in to_do(other, unit_of(other))]
    assert names[0] == first


def test_a_setting_that_changes_no_result_does_not(workspace: Workspace) -> None:
    order = order_on(workspace, "run.threads=1", "source.quiet_seconds=77")
    assert stands(order, unit_of(order)) and catalog_stands(order)


def test_another_source_file_makes_it_run(workspace: Workspace, tmp_path: Path) -> None:
    with (tmp_path / "source" / "clip.mkv").open("ab") as file:
        file.write(b"\0")
    order = order_on(workspace)
    assert not stands(order, unit_of(order)) and "shard_files" in late(order)
    assert not catalog_stands(order)


@pytest.mark.parametrize("asset", ["smoothed_layers", "clip_videos", "key_frames"])
def test_a_lost_or_shortened_media_file_makes_it_run(workspace: Workspace, asset: str) -> None:
    folder = workspace.asset_dir(WHOLE, asset)
    file = folder / workspace.handle(WHOLE, asset).manifest.media[0].path
    data = file.read_bytes()
    order = order_on(workspace)
    file.write_bytes(data[:-1])
    assert not stands(order, unit_of(order))
    file.unlink()
    assert asset in late(order) and not stands(order, unit_of(order))
    file.write_bytes(data)
    assert stands(order, unit_of(order))


def test_a_raised_code_version_makes_it_run(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from animeflow.tables.stages import STAGES

    monkeypatch.setitem(STAGES, "motion", replace(STAGES["motion"], code_version="another"))
    order = order_on(workspace)
    assert not stands(order, unit_of(order)) and "motion" in late(order)


def test_a_damaged_manifest_makes_it_run(workspace: Workspace) -> None:
    (workspace.asset_dir(WHOLE, "clips") / MANIFEST).write_text("{")
    order = order_on(workspace)
    assert not stands(order, unit_of(order)) and "clips" in late(order)


def test_what_another_run_holds_is_left_to_the_run_to_refuse(workspace: Workspace) -> None:
    order = order_on(workspace)
    with workspace.lock(WHOLE, "another"):
        assert not stands(order, unit_of(order))


@pytest.mark.logs_errors
def test_what_a_run_did_not_end_well_is_run_again_although_its_results_stand(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill before the history was closed, a blocking check that failed: only Dagster can mend or say these."""
    order = order_on(workspace)
    unsettle(workspace, WHOLE, ["published_dataset"])
    assert not late(order) and not stands(order, unit_of(order))

    ended: list[RunResult] = []
    monkeypatch.setattr(engine.Engine, "_job", lambda *_: ended[-1])
    for result, well in (
        (RunResult("1", False, False, {"clips": "broke"}), False),
        (RunResult("2", True, False, {}, ("archives: archives_read_back",)), False),
        (RunResult("3", True, False, {}), True),
    ):
        ended.append(result)
        running.carry_out(order, running.Request(), engine.Terminal(quiet=True))
        assert stands(order, unit_of(order)) is well


def test_without_the_history_nothing_is_settled(workspace: Workspace) -> None:
    assert settled(workspace, CATALOG) and settled(workspace, WHOLE)
    shutil.rmtree(workspace.instance_dir)
    order = order_on(workspace)
    assert not stands(order, unit_of(order)) and not catalog_stands(order)


def test_a_selection_is_judged_alone(workspace: Workspace) -> None:
    from dataclasses import replace

    changed = order_on(workspace, "curation.max_flashes=1")
    only_flash = replace(changed, selection=("flash",))
    assert stands(only_flash, unit_of(changed)) and not stands(changed, unit_of(changed))


def test_a_retry_forces_what_failed_and_nothing_else(workspace: Workspace) -> None:
    order, request = order_on(workspace), running.Request(retry_failed=True)
    assert running.order_of(order, request, WHOLE).force == ()
    (workspace.asset_dir(WHOLE, "motion") / MANIFEST).unlink()
    again = running.order_of(order, request, WHOLE)
    assert again.force == ("motion",) and not stands(again, unit_of(order))


def test_a_dry_run_says_how_many_stages_would_run(
    animeflow: Call, workspace: Workspace, tmp_path: Path
) -> None:
    words = ("run", tmp_path / "source", *TINY, "--dry-run")
    called = animeflow(*words)
    assert called.code == 0 and called.out.splitlines()[1].split()[-2:] == ["0", "unchanged"]
    forced = animeflow(*words, "--force", "published_dataset")
    assert forced.out.splitlines()[1].split("kB")[-1].split()[0] == "1"


def test_the_page_is_written_again_where_it_is_not_there_or_older_than_a_result(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from animeflow.report import build_report

    made = []

    def build(*given: object, **more: object) -> Path:
        made.append(given[1])
        return build_report(*given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("animeflow.report.build_report", build)
    order = replace(order_on(workspace), report=True)
    quiet = engine.Terminal(quiet=True)
    assert running.carry_out(order, running.Request(), quiet) == 0 and made == [WHOLE]
    assert running.carry_out(order, running.Request(), quiet) == 0 and made == [WHOLE]
    os.utime(workspace.report_path(WHOLE), (0, 0))
    assert running.carry_out(order, running.Request(), quiet) == 0 and made == [WHOLE, WHOLE]
