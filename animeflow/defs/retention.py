"""The end of a shard's way: where its targets are asked, and its local files go if the settings say so."""

from __future__ import annotations

from animeflow.defs.targets import TARGETS, target_of
from animeflow.delivery.retention import Freed, make_room, removable
from animeflow.hubs.open import open_hub
from animeflow.settings.tree import Settings
from animeflow.tables.workspace import Workspace


def free_shard(workspace: Workspace, shard: str, settings: Settings, run_id: str) -> Freed:
    """`make_room` with the targets of the settings, holding the shard; asks no target where nothing may go.

    Raises what `make_room` raises, WorkspaceBusy while another run writes the shard, and what a target that does not
    answer raises; nothing is deleted then.
    """
    if not removable(settings.delivery.retention):
        return Freed((), 0)
    hubs = {name: open_hub(target_of(name, settings).hub, workspace=workspace.root) for name in TARGETS}
    with workspace.lock(shard, run_id):
        return make_room(workspace, shard, settings.delivery.retention, hubs)
