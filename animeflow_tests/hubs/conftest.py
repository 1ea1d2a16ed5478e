"""Every hub that can run here, behind one fixture: a hub is tested once it is listed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import pytest

from animeflow.hubs.base import HubBackend, LocalFile
from animeflow.hubs.folder import FolderHub
from animeflow.hubs.remote_folder import RemoteFolderHub


@pytest.fixture(params=["folder", "object store"])
def hub(request, tmp_path) -> HubBackend:
    if request.param == "folder":
        return FolderHub(tmp_path / "hub")
    return RemoteFolderHub(f"memory://{uuid4().hex}")


@pytest.fixture
def local(tmp_path) -> Callable[..., LocalFile]:
    """local(path, bytes) -> a file of this machine that is to be published under `path`."""

    def make(path: str, data: bytes = b"content") -> LocalFile:
        file = tmp_path / "local" / uuid4().hex
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(data)
        return LocalFile(path, file, len(data), hashlib.sha256(data).hexdigest())

    return make


def contents(hub: HubBackend) -> dict[str, bytes]:
    """Everything that a reader sees."""
    return {file.path: hub.read_start(file.path, 1 << 30) for file in hub.list()}


def everything(folder: Path) -> dict[str, bytes]:
    """Everything on disk, temporary files included."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}
