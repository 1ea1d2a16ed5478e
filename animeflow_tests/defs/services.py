"""Dagster's three services on a temporary PostgreSQL database, for tests."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2

HOST, PORT, USER = "127.0.0.1", "5432", "postgres"
DEPLOY = Path(__file__).parents[2] / "deploy" / "postgres"
START_S = 90.0


def server_missing() -> str | None:
    """Why there is no PostgreSQL server to test against, None where there is one."""
    try:
        psycopg2.connect(host=HOST, port=PORT, user=USER, connect_timeout=3).close()
    except psycopg2.OperationalError as error:
        return f"no PostgreSQL on {HOST}:{PORT}: {error}"
    return None


@contextmanager
def temporary_database() -> Iterator[str]:
    """An empty database, dropped afterwards."""
    name = f"animeflow_test_{uuid.uuid4().hex[:12]}"
    connection = psycopg2.connect(host=HOST, port=PORT, user=USER)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        yield name
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        connection.close()


@dataclass(frozen=True)
class Server:
    """A running web server."""

    url: str

    def graphql(self, query: str, **variables: Any) -> dict[str, Any]:
        """The data of a GraphQL answer; AssertionError when it has errors."""
        body = json.dumps({"query": query, "variables": variables}).encode()
        request = urllib.request.Request(f"{self.url}/graphql", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=60) as answer:
            found = json.load(answer)
        assert "errors" not in found, found["errors"]
        return dict(found["data"])


@contextmanager
def services(folder: Path, workspace: Path, database: str) -> Iterator[Server]:
    """Code server, daemon and web server as separate processes on the database, as deploy/postgres describes."""
    home = folder / "home"
    home.mkdir(parents=True)
    shutil.copy(DEPLOY / "dagster.yaml", home)
    code, web = free_port(), free_port()
    places = (DEPLOY / "workspace.yaml").read_text().replace("port: 4000", f"port: {code}")
    (folder / "workspace.yaml").write_text(places)
    environment = os.environ | {
        "DAGSTER_HOME": str(home),
        "ANIMEFLOW_WORKSPACE": str(workspace),
        "ANIMEFLOW_PG_HOST": HOST,
        "ANIMEFLOW_PG_PORT": PORT,
        "ANIMEFLOW_PG_DB": database,
        "ANIMEFLOW_PG_USER": USER,
        "ANIMEFLOW_PG_PASSWORD": "none",
    }
    modules = ("dagster", "dagster._daemon", "dagster_webserver")
    arguments = (
        [
            "code-server",
            "start",
            "-m",
            "animeflow.definitions",
            "--location-name",
            "animeflow",
            "-h",
            HOST,
            "-p",
            str(code),
        ],
        ["run", "-w", str(folder / "workspace.yaml")],
        ["-w", str(folder / "workspace.yaml"), "-h", HOST, "-p", str(web)],
    )
    with ExitStack() as stack:
        for module, words in zip(modules, arguments, strict=True):
            stack.enter_context(process(folder, module, words, environment))
            if module == "dagster":
                wait_for_port(code)
        wait_for_url(f"http://{HOST}:{web}/server_info")
        yield Server(f"http://{HOST}:{web}")


@contextmanager
def process(folder: Path, module: str, words: list[str], environment: dict[str, str]) -> Iterator[None]:
    """A service in a process of its own, ended afterwards with all that it started."""
    with (folder / f"{module}.log").open("wb") as log:
        running = subprocess.Popen(
            [sys.executable, "-m", module, *words], env=environment, cwd=folder, stdout=log, stderr=log
        )
        try:
            yield
        finally:
            running.terminate()
            try:
                running.wait(20)
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()


def free_port() -> int:
    """A TCP port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int) -> None:
    """Until somebody listens."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            socket.create_connection((HOST, port), 1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"nothing listens on {port}"
            time.sleep(0.3)


def wait_for_url(url: str) -> None:
    """Until it answers 200."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.3)
