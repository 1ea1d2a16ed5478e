"""One database engine per SQLite file of a workspace's instance, instead of one per query.

Dagster's SQLite storages make an engine for every connection. An engine holds SQLAlchemy's compiled statements, so each
query is compiled anew: a third of the time that Dagster itself takes in a run of one shard.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.pool import NullPool


def share_engines() -> None:
    """Let Dagster's SQLite storages of this process take engines from a cache. Calling it again changes nothing.

    Connections stay apart (`NullPool`): threads and child processes share none.
    """
    from dagster._core.storage.event_log.sqlite import sqlite_event_log
    from dagster._core.storage.runs.sqlite import sqlite_run_storage
    from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage

    for module in (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage):
        module.create_engine = _shared  # type: ignore[attr-defined]


def _shared(url: str, *, poolclass: type = NullPool, connect_args: dict[str, Any] | None = None) -> Engine:
    return _engine(url, poolclass, tuple(sorted((connect_args or {}).items())))


@lru_cache(maxsize=64)
def _engine(url: str, poolclass: type, connect_args: tuple[tuple[str, Any], ...]) -> Engine:
    from dagster._core.storage.sql import create_engine

    return create_engine(url, poolclass=poolclass, connect_args=dict(connect_args))
