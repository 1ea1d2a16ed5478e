"""The `layers` export: the published layers without loss, with their tables as JSON lines."""

from __future__ import annotations

from animeflow.delivery.export_files import ExportFiles
from animeflow.tables.handle import Handle

TABLES = ("smoothed_layers", "layer_clips")


def export_layers(smoothed_layers: Handle, files: ExportFiles) -> None:
    """Take every published picture over as data/<shard>/<path>, and each table as data/<shard>/<table>.jsonl.

    Rows name their pictures by the same relative path; several pictures go with one row, so that no metadata.jsonl of
    an image folder could hold them.
    """
    for ref in sorted(smoothed_layers.manifest.media, key=lambda ref: ref.path):
        files.link(ref.path, smoothed_layers.media(ref.path), sha256=ref.sha256, role="layer")
    for table in TABLES:
        files.write_lines(f"{table}.jsonl", smoothed_layers.rows(table))
