"""Where a dataset repository lives. One class per kind of hub; a token is named by its variable, never written here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from animeflow.settings.base import Section, no_digest


class FolderHub(Section):
    """A folder of this machine, or any place that fsspec reaches by URL."""

    kind: Literal["folder"] = "folder"
    location: str = no_digest("", max_length=4096)
    """Absolute folder or fsspec URL (s3://bucket/prefix). A relative folder lies in the workspace."""


class Target(Section):
    """A place in a target repository."""

    hub: FolderHub = FolderHub(location="published")
    """The repository."""
    prefix: str = Field("", pattern=r"^([A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*)?$", max_length=200)
    """Folder inside the repository under which everything of this target lies."""
