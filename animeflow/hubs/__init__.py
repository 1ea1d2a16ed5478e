"""Dataset repositories: one protocol, one module per kind of hub."""

from __future__ import annotations

from animeflow.hubs.base import HubBackend, LocalFile, RemoteFile
from animeflow.hubs.open import open_hub, open_source

__all__ = ["HubBackend", "LocalFile", "RemoteFile", "open_hub", "open_source"]
