"""The second instance configuration: PostgreSQL, three services, a run launched through the web server."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
import yaml

from animeflow.tables.stages import STAGES
from animeflow.tables.workspace import Workspace
from animeflow_tests.defs.conftest import WHOLE
from animeflow_tests.defs.services import DEPLOY, Server, server_missing, services, temporary_database

ROOT = Path(__file__).parents[2]
ADD = """mutation($key: String!, $repo: RepositorySelector!) {
  addDynamicPartition(repositorySelector: $repo, partitionsDefName: "shard", partitionKey: $key) {
    __typename ... on PythonError { message } } }"""
LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } } }"""
STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
ENDED = ("SUCCESS", "FAILURE", "CANCELED")
REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "animeflow"}


def test_the_instance_files_say_the_same_but_for_storage() -> None:
    """Root, server and template share everything but where the history lies."""
    shared = yaml.safe_load((ROOT / "animeflow/defs/instance.yaml").read_text())
    for path in (ROOT / "dagster.yaml", DEPLOY / "dagster.yaml"):
        found = yaml.safe_load(path.read_text())
        for own in ("storage", "local_artifact_storage", "compute_logs"):
            found.pop(own, None)
        assert found == shared, path


def launch(server: Server, job: str, shard: str, settings: dict[str, object]) -> str:
    """Launch a job on a partition as the launchpad does; returns the run's id."""
    added = server.graphql(ADD, key=shard, repo=REPOSITORY)["addDynamicPartition"]
    assert added["__typename"] in ("AddDynamicPartitionSuccess", "DuplicateDynamicPartitionError"), added
    tags = {"dagster/partition": shard, "dagster/partition_set": f"{job}_partition_set"}
    params = {
        "selector": {**REPOSITORY, "jobName": job},
        "runConfigData": {"resources": {"settings": {"config": settings}}},
        "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
    }
    answer = server.graphql(LAUNCH, params=params)["launchRun"]
    assert answer["__typename"] == "LaunchRunSuccess", answer
    return str(answer["run"]["runId"])


def wait_for_end(server: Server, run_id: str, *, timeout_s: float = 1000) -> str:
    """The status with which a run ended."""
    deadline = time.monotonic() + timeout_s
    while (status := server.graphql(STATUS, id=run_id)["runOrError"]["status"]) not in ENDED:
        assert time.monotonic() < deadline, f"run {run_id} is still {status}"
        time.sleep(0.5)
    return str(status)


@pytest.mark.services
@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_run_launched_through_the_web_server_on_postgresql_gives_the_tables_of_a_sqlite_run(
    tmp_path: Path, whole: Workspace
) -> None:
    if reason := server_missing():
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    postgres = Workspace(tmp_path / "postgres")
    postgres.root.mkdir()
    (postgres.root / "settings.yaml").write_text((whole.root / "settings.yaml").read_text())
    with temporary_database() as database, services(tmp_path / "services", postgres.root, database) as server:
        run_id = launch(server, "everything", WHOLE, {"run": {"min_free_gb": 0.0}})
        assert wait_for_end(server, run_id) == "SUCCESS"
    names = [name for name, spec in STAGES.items() if spec.partitioned]
    expected = {name: whole.handle(WHOLE, name).manifest.content_digest for name in names}
    assert {name: postgres.handle(WHOLE, name).manifest.content_digest for name in names} == expected
