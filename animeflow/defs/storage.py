"""The IO manager: it alone makes a prepared materialisation visible, and hands out lazy handles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import dagster as dg
from upath import UPath

from animeflow.defs.failures import dagster_failures
from animeflow.defs.previews import preview
from animeflow.defs.runner import Outcome
from animeflow.errors import ContractError
from animeflow.tables.failed import forget, remembered
from animeflow.tables.handle import Handle
from animeflow.tables.schema import TableSpec
from animeflow.tables.specs import TABLES
from animeflow.tables.staging import Staged, finalise
from animeflow.tables.workspace import CATALOG, SHARDS, Workspace


class WorkspaceIOManager(dg.UPathIOManager):
    """Tables and media of an asset in <workspace>/shards/<shard>/<asset>, or <workspace>/catalog/<asset>."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(base_path=UPath(workspace.root))

    def get_asset_relative_path(self, context: dg.InputContext | dg.OutputContext) -> UPath:
        return UPath(SHARDS if context.has_asset_partitions else CATALOG, *context.asset_key.path)

    def get_path_for_partition(
        self,
        context: dg.InputContext | dg.OutputContext,  # noqa: ARG002 the base class's signature
        path: UPath,
        partition: str,
    ) -> UPath:
        return path.parent / partition / path.name

    def dump_to_path(self, context: dg.OutputContext, obj: Any, path: UPath) -> None:
        """Make the result visible and let go of the shard; an unchanged result is there already."""
        if not isinstance(obj, Outcome):
            raise ContractError(
                f"{context.asset_key.to_user_string()} returned {type(obj).__name__}, not an Outcome"
            )
        stage = obj.stage
        try:
            logs = stage.workspace.logs_dir(stage.shard or CATALOG)
            with dagster_failures(stage.spec.name, stage.shard), remembered(logs, stage.spec.name):
                if isinstance(obj.value, Staged):
                    finalise(obj.value, Path(path))
                forget(logs, stage.spec.name)
        finally:
            obj.release()

    def load_from_path(self, context: dg.InputContext, path: UPath) -> Handle:
        """A handle on the finished asset; the step fails with one line where it was never finished."""
        with dagster_failures(context.asset_key.to_user_string(), Path(path).parent.name):
            return Handle.open(Path(path))

    def get_metadata(
        self,
        context: dg.OutputContext,  # noqa: ARG002 the base class's signature
        obj: Outcome,
    ) -> dict[str, dg.MetadataValue]:
        """Row count, column schema with units, why no row has a value where none has, and a small preview."""
        handle = obj.stage.workspace.handle(obj.stage.shard, obj.stage.spec.name)
        main = obj.stage.spec.tables[0]
        counts = {name: sum(file.rows for file in files) for name, files in handle.manifest.tables.items()}
        found: dict[str, dg.MetadataValue] = {
            "dagster/row_count": dg.MetadataValue.int(counts.get(main, 0)),
            "dagster/column_schema": dg.TableSchemaMetadataValue(column_schema(TABLES[main])),
        }
        for name in obj.stage.spec.tables[1:]:
            found[f"rows_{name}"] = dg.MetadataValue.int(counts.get(name, 0))
        if handle.null_because:
            found["null_because"] = dg.MetadataValue.text(handle.null_because)
        return found | preview(handle)


def column_schema(spec: TableSpec) -> dg.TableSchema:
    """A declared table as the UI shows it: the unit stands in the description."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=column.name,
                type=str(column.type),
                description=f"{column.description} [{column.unit}]" if column.unit else column.description,
                constraints=dg.TableColumnConstraints(nullable=column.nullable),
            )
            for column in spec.columns
        ]
    )


@dg.io_manager(
    required_resource_keys={"workspace"}, description="Finalises results and hands out lazy handles."
)
def workspace_io_manager(context: dg.InitResourceContext) -> WorkspaceIOManager:
    """The IO manager of this run's workspace."""
    return WorkspaceIOManager(context.resources.workspace)
