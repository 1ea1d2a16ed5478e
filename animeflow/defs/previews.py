"""Small previews for the UI: first rows, a contact sheet (at most 64 KB), counts by reason, a histogram."""

from __future__ import annotations

from collections import Counter
from typing import Any

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq

from animeflow.tables.handle import Handle
from animeflow.tables.schemas.shots import THUMB_HEIGHT, THUMB_WIDTH

ROWS, COLUMNS, TEXT, PICTURES = 8, 14, 80, 12
HIDDEN = ("thumbnail", "sha256")
Previews = dict[str, dg.MetadataValue]

# asset -> (table, column that names a picture, column of the caption)
SHEETS = {
    "key_frames": ("key_frames", "media_path", "frame"),
    "segmentation": ("segmentation", "media_path", "start"),
    "background_layers": ("background_pictures", "picture_path", "picture"),
    "character_layers": ("character_layers", "media_path", "start"),
    "effect_layers": ("effect_layers", "effect_path", "start"),
    "smoothed_layers": ("smoothed_layers", "character_path", "start"),
}
# asset -> the measure whose distribution is shown
HISTOGRAMS = {
    "flash": "general_flashes",
    "statistics": "sharpness",
    "text": "text_area_max",
    "quality": "quality",
    "aesthetics": "aesthetics",
    "motion": "motion",
}


def preview(handle: Handle) -> Previews:
    """Metadata that answers at a glance what this stage did to this shard."""
    found: Previews = {}
    for name, make in (
        ("preview", first_rows),
        ("pictures", sheet),
        ("histogram", histogram),
        ("reasons", reasons),
    ):
        value = make(handle)
        if value is not None:
            found[name] = value
    return found


def first_rows(handle: Handle) -> dg.MetadataValue | None:
    """The first rows of the asset's own table, None where it is empty."""
    filled = [file for file in handle.manifest.tables.get(handle.asset, []) if file.rows]
    if not filled:
        return None
    reader = pq.ParquetFile(handle.folder / filled[0].path)
    table = pa.Table.from_batches([next(reader.iter_batches(batch_size=ROWS))])
    names = [name for name in table.column_names if name not in HIDDEN][:COLUMNS]
    records = [
        dg.TableRecord({name: _cell(row[name]) for name in names}) for row in table.select(names).to_pylist()
    ]
    return _table(records, names)


def sheet(handle: Handle) -> dg.MetadataValue | None:
    """Some pictures of the asset, evenly chosen; None for an asset without pictures."""
    pictures, captions = _thumbnails(handle) if handle.asset == "frame_signals" else _pictures(handle)
    if not pictures:
        return None
    from animeflow.report.figures import contact_sheet, markdown_image

    uri = contact_sheet(pictures, captions=captions, most=PICTURES)
    return dg.MetadataValue.md(markdown_image(uri, handle.asset))


def histogram(handle: Handle) -> dg.MetadataValue | None:
    """The distribution of the asset's main measure; None where no clip has a value."""
    column = HISTOGRAMS.get(handle.asset)
    if column is None:
        return None
    values = handle.table(columns=[column])[column].to_pylist()
    if all(value is None for value in values):
        return None
    from animeflow.report.figures import markdown_image, small_histogram

    return dg.MetadataValue.md(markdown_image(small_histogram(values, title=column), column))


def reasons(handle: Handle) -> dg.MetadataValue | None:
    """Clips by what became of them; only of `kept_clips`."""
    if handle.asset != "kept_clips":
        return None
    counts = Counter(handle.table(columns=["reason"])["reason"].to_pylist())
    records = [dg.TableRecord({"reason": reason, "clips": str(n)}) for reason, n in counts.most_common()]
    return _table(records, ["reason", "clips"])


def _pictures(handle: Handle) -> tuple[list[Any], list[str]]:
    if handle.asset not in SHEETS:
        return [], []
    table, path, caption = SHEETS[handle.asset]
    rows = [row for row in handle.table(table, columns=[path, caption]).to_pylist() if row[path]]
    step = max(1, -(-len(rows) // PICTURES))
    chosen = rows[::step]
    return [handle.media(row[path]) for row in chosen], [str(row[caption]) for row in chosen]


def _thumbnails(handle: Handle) -> tuple[list[Any], list[str]]:
    """One stored thumbnail of each of some row groups, or some of the only one: a whole table is never read."""
    import numpy as np

    pictures, captions = [], []
    for file in handle.manifest.tables.get("frame_signals", [])[:PICTURES]:
        reader = pq.ParquetFile(handle.folder / file.path)
        step = max(1, -(-reader.num_row_groups // PICTURES))
        for group in range(0, reader.num_row_groups, step):
            table = reader.read_row_group(group, columns=["frame", "thumbnail"])
            stride = max(1, table.num_rows // PICTURES) if reader.num_row_groups == 1 else table.num_rows
            for row in table.take(list(range(0, table.num_rows, stride))).to_pylist():
                pixels = np.frombuffer(row["thumbnail"], np.uint8).reshape(THUMB_HEIGHT, THUMB_WIDTH, 3)
                pictures.append(pixels)
                captions.append(str(row["frame"]))
    return pictures, captions


def _table(records: list[dg.TableRecord], names: list[str]) -> dg.MetadataValue:
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name, "string") for name in names]))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text if len(text) <= TEXT else text[: TEXT - 1] + "…"
