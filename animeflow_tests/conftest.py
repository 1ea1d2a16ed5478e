"""Guards that hold for every test: no network, no logged error, no secret in the environment."""

from __future__ import annotations

import logging
import os
from collections.abc import Generator, Iterator

import pytest

# Read at import by libraries that a test may pull in; set before any of them is imported.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")


class _Collect(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def no_unexpected_error_is_logged(request: pytest.FixtureRequest) -> Iterator[None]:
    """An ERROR of our own loggers fails the test, unless it says `@pytest.mark.logs_errors`."""
    handler = _Collect()
    logger = logging.getLogger("animeflow")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)
    if handler.records and request.node.get_closest_marker("logs_errors") is None:
        pytest.fail(f"logged: {handler.records[0].getMessage()}")


@pytest.fixture(autouse=True)
def no_settings_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the developer has exported, a test starts from the shipped settings."""
    for name in [name for name in os.environ if name.startswith("ANIMEFLOW__")]:
        monkeypatch.delenv(name)
    for name in ("ANIMEFLOW_WORKSPACE", "HF_TOKEN", "MODELSCOPE_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a test of a real server fails where the server is missing: a skip would hide it."""
    report = yield
    if report.skipped and os.environ.get("CI") and item.get_closest_marker("services"):
        report.outcome, report.longrepr = "failed", f"skipped in CI: {report.longrepr}"
    return report
