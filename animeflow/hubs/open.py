"""From settings to a hub."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from animeflow.errors import InputError, SettingsError
from animeflow.hubs.base import HubBackend
from animeflow.hubs.folder import FolderHub
from animeflow.hubs.remote_folder import RemoteFolderHub
from animeflow.settings.hubs import FolderHub as FolderSettings
from animeflow.tables.workspace import OWN_FOLDERS, Workspace


def open_hub(settings: FolderSettings, *, workspace: Path) -> HubBackend:
    """The repository of a setting; a relative folder lies in the workspace."""
    location = settings.location
    if not location:
        raise SettingsError(
            "no location is set for the repository", hint="set source.hub.location to a folder"
        )
    if "://" in location:
        return RemoteFolderHub(location)
    return FolderHub(workspace / Path(location).expanduser())


def open_source(settings: FolderSettings, *, workspace: Path) -> HubBackend:
    """The same for reading: a location that is one file gives a repository of that file alone."""
    hub = open_hub(settings, workspace=workspace)
    if not isinstance(hub, FolderHub):
        return hub
    if hub.root.is_file():
        return FolderHub(hub.root.parent, only=hub.root.name)
    if not hub.root.is_dir():
        raise InputError("there is no such file or folder", path=settings.location)
    return FolderHub(hub.root, hidden=_not_source(hub.root, workspace))


def _not_source(root: Path, workspace: Path) -> Callable[[Path], bool]:
    """Whether a folder is no source although it lies in one: what a run writes must not be the input of the next.

    Any workspace as a whole, and the own folders of one that is the source itself.
    """
    homes = {workspace.resolve(), *([root.resolve()] if Workspace(root).has_run else [])}
    own = homes | {home / name for home in homes for name in OWN_FOLDERS}
    return lambda folder: folder.resolve() in own or Workspace(folder).has_run
