import pyarrow as pa
import pytest

from animeflow.errors import ContractError
from animeflow.tables import parquet
from animeflow.tables.schema import Column, TableSpec, registry
from animeflow.tables.specs import TABLES
from animeflow.tables.stages import GROUPS, STAGES, select

SPEC = TableSpec(
    "toy",
    2,
    "one toy",
    ("name",),
    (
        Column("name", pa.string(), "name"),
        Column("length", pa.float64(), "length", "m", null_reason="never measured"),
    ),
)


def test_a_missing_nullable_value_is_null():
    assert SPEC.table([{"name": "a"}]).to_pylist() == [{"name": "a", "length": None}]


def test_an_undeclared_column_is_refused():
    with pytest.raises(ContractError, match="undeclared columns \\['weight'\\]"):
        SPEC.table([{"name": "a", "weight": 1}])


def test_a_null_in_a_column_that_is_never_null_is_refused():
    with pytest.raises(ContractError, match=r"toy\.name: null"):
        SPEC.table([{"length": 1.0}])


def test_a_key_that_repeats_is_refused():
    with pytest.raises(ContractError, match="not unique"):
        SPEC.table([{"name": "a"}, {"name": "a"}])


def test_a_wrong_type_is_refused():
    with pytest.raises(ContractError):
        SPEC.table([{"name": "a", "length": "long"}])


def test_a_table_declared_twice_is_refused():
    with pytest.raises(ContractError, match="twice"):
        registry((SPEC,), (SPEC,))


def test_units_and_version_travel_in_the_file(tmp_path):
    path = tmp_path / "toy.parquet"
    parquet.write(SPEC.table([{"name": "a", "length": 1.5}]), path, spec=SPEC, provenance={"weights": "none"})
    schema = pa.parquet.read_schema(path)
    assert schema.field("length").metadata[b"unit"] == b"m"
    assert schema.metadata[b"animeflow.schema_version"] == b"2"
    assert parquet.read_provenance(path) == {"weights": "none"}


def test_equal_rows_give_equal_bytes_and_provenance_does_not_change_the_content(tmp_path):
    table = SPEC.table([{"name": "a", "length": 1.5}, {"name": "b"}])
    for name, provenance in (("1", {"a": 1}), ("2", {"a": 1}), ("3", {"a": 2})):
        parquet.write(table, tmp_path / name, spec=SPEC, provenance=provenance)
    one, two, three = ((tmp_path / name).read_bytes() for name in "123")
    assert one == two != three
    sliced = SPEC.table([{"name": "z"}, {"name": "a", "length": 1.5}, {"name": "b"}]).slice(1)
    assert parquet.content_sha256(table, spec=SPEC) == parquet.content_sha256(sliced, spec=SPEC)


def test_a_newer_file_is_refused_in_one_line(tmp_path):
    path = tmp_path / "toy.parquet"
    parquet.write(SPEC.table([]), path, spec=SPEC, provenance={})
    older = TableSpec("toy", 1, "one toy", ("name",), SPEC.columns)
    with pytest.raises(ContractError, match="schema version 2, this animeflow reads up to 1"):
        parquet.check_version(path, spec=older)


def test_every_stage_writes_declared_tables_and_reads_stages_above_it():
    seen: set[str] = set()
    for stage in STAGES.values():
        assert set(stage.inputs) <= seen, stage.name
        assert set(stage.tables) <= set(TABLES), stage.name
        assert stage.tables[0] == stage.name
        seen.add(stage.name)


def test_every_column_has_a_description_and_an_honest_null():
    for spec in TABLES.values():
        for column in spec.columns:
            assert len(column.description) > 2, (spec.name, column.name)
            assert column.nullable or not column.null_on_embedded, (spec.name, column.name)


def test_every_table_has_an_owner():
    owned = {table for stage in STAGES.values() for table in stage.tables} | {"status"}
    assert owned == set(TABLES)


def test_stages_are_selected_by_name_or_group_in_the_order_of_the_graph():
    assert [stage.name for stage in select(("flash", "curation"))] == ["flash", "kept_clips"]
    assert len(select(())) == len(STAGES)
    with pytest.raises(ValueError, match=GROUPS[0]):
        select(("flsh",))
