"""Rows that are written as they come give the file of the whole table."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from animeflow.errors import ContractError
from animeflow.tables import parquet
from animeflow.tables.handle import Handle
from animeflow.tables.schemas.shots import SHOT_PROBABILITIES as SPEC
from animeflow.tables.staging import Staged, finalise
from animeflow.tables.status import Status
from animeflow.tables.workspace import Workspace

VIDEO = "0123456789abcdef"
NOTE = {"note": "ü"}


def rows(count: int, start: int = 0) -> pa.Table:
    noise = np.random.default_rng(start)
    return SPEC.from_columns(
        {
            "video_id": [VIDEO] * count,
            "frame": np.arange(start, start + count),
            "single": noise.random(count, np.float32),
            "many_hot": pa.nulls(count, pa.float32()),
        }
    )


@pytest.mark.parametrize("count", [0, 1, 1024, 2700])
@pytest.mark.parametrize("size", [7, 1024, 1500, 5000])
def test_the_bytes_and_the_digest_are_those_of_the_whole_table(tmp_path: Path, count: int, size: int) -> None:
    whole = rows(count)
    pq.write_table(
        whole.cast(SPEC.arrow_schema(NOTE)),
        tmp_path / "pyarrow.parquet",
        compression="zstd",
        row_group_size=1024,
        version="2.6",
    )
    parquet.write(whole, tmp_path / "whole.parquet", spec=SPEC, provenance=NOTE)
    writer = parquet.RowWriter(tmp_path / "rows.parquet", spec=SPEC, provenance=NOTE)
    for start in range(0, count, size):
        writer.write(whole.slice(start, size))
    assert writer.close() == parquet.content_sha256(whole, spec=SPEC)
    assert writer.rows == count
    wanted = (tmp_path / "pyarrow.parquet").read_bytes()
    assert (tmp_path / "rows.parquet").read_bytes() == (tmp_path / "whole.parquet").read_bytes() == wanted


def test_the_digest_is_that_of_a_file_without_provenance(tmp_path: Path) -> None:
    pq.write_table(
        rows(1500).cast(SPEC.arrow_schema()),
        tmp_path / "plain.parquet",
        compression="zstd",
        row_group_size=1024,
        version="2.6",
    )
    plain = hashlib.sha256((tmp_path / "plain.parquet").read_bytes()).hexdigest()
    assert parquet.content_sha256(rows(1500), spec=SPEC) == plain


@pytest.mark.parametrize("start", [9, 3])
def test_a_row_twice_or_out_of_order_is_refused(tmp_path: Path, start: int) -> None:
    writer = parquet.RowWriter(tmp_path / "rows.parquet", spec=SPEC, provenance={})
    writer.write(rows(10))
    with pytest.raises(ContractError, match=r"row \('0123456789abcdef', .* comes after"):
        writer.write(rows(3, start))


def test_a_staged_table_of_rows_is_the_table_of_the_whole(tmp_path: Path) -> None:
    manifests = []
    for streamed in (True, False):
        workspace = Workspace(tmp_path / str(streamed))
        staging = workspace.staging("shard", "shots")
        if streamed:
            with staging.writer(SPEC.name, stem=VIDEO, provenance=NOTE) as out:
                for start in range(0, 2000, 300):
                    out.write(rows(2000).slice(start, 300))
            assert out.written.rows == 2000
        else:
            staging.write_table(SPEC.name, rows(2000), stem=VIDEO, provenance=NOTE)
        folder = workspace.asset_dir("shard", "shots")
        finalise(Staged(staging, [Status("a.mkv", VIDEO)], "digest", {}), folder)
        manifests.append(Handle.open(folder).manifest)
    assert manifests[0] == manifests[1]


def test_an_error_leaves_nothing_of_a_table_of_rows(tmp_path: Path) -> None:
    staging = Workspace(tmp_path).staging("shard", "shots")
    with (
        pytest.raises(ValueError, match="in the middle"),
        staging.writer(SPEC.name, stem=VIDEO) as out,
    ):
        out.write(rows(1500))
        raise ValueError("in the middle")
    assert not staging.tables
    assert not list(staging.folder.rglob("*.parquet"))
    with pytest.raises(ContractError, match="not finished"):
        out.written  # noqa: B018 - reading it is what raises
