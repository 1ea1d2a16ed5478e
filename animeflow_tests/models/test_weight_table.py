"""weights.toml: complete, digests well formed, errors that name the row."""

from __future__ import annotations

import pytest

from animeflow.errors import ContractError
from animeflow.models import all_adapters
from animeflow.models.weight_table import JoinedSource, WheelSource, load_table, parse_table

ROW = """
[net]
licence = "MIT"
licence_url = "https://example.org"
commercial = true
file = "net.onnx"
size = 10
sha256 = "{digest}"
sources = [{{ url = "https://example.org/net.onnx" }}]
"""


def test_every_adapter_names_weights_that_have_a_row():
    table = load_table()
    named = {weight_id for adapter in all_adapters() for weight_id in adapter.weights}
    assert named <= set(table.rows)
    assert named >= set(table.sets["embedded"])  # nothing is fetched that no adapter reads


def test_the_embedded_set_comes_from_wheels_alone_and_allows_commercial_use():
    table = load_table()
    for weight_id in table.sets["embedded"]:
        row = table.row(weight_id)
        assert row.commercial, weight_id
        assert all(isinstance(one.sources[0], WheelSource) for one in row.files), weight_id


def test_every_row_of_the_package_has_licence_and_a_page_that_states_it():
    for row in load_table().rows.values():
        assert row.licence and row.licence_url.startswith("https://"), row.id


def test_whisper_base_is_joined_from_two_wheels_and_has_its_four_files():
    row = load_table().row("whisper_base")
    assert {one.name for one in row.files} == {
        "model.bin",
        "config.json",
        "tokenizer.json",
        "vocabulary.json",
    }
    joined = next(one for one in row.files if one.name == "model.bin").sources[0]
    assert isinstance(joined, JoinedSource)
    assert [part.member.rsplit(".", 1)[1] for part in joined.parts] == ["part1", "part2"]


def test_a_set_expands_to_its_rows_once_each_in_order():
    table = load_table()
    assert table.expand(("u2netp", "embedded"))[0] == "u2netp"
    assert len(set(table.expand(("u2netp", "embedded")))) == len(table.sets["embedded"])


def test_an_unknown_id_is_an_error_that_lists_the_known_ones():
    with pytest.raises(ContractError, match=r"no weights 'u3netp'.*modnet"):
        load_table().expand(("u3netp",))


def test_a_digest_of_the_wrong_length_is_refused_with_the_name_of_the_file():
    with pytest.raises(ContractError, match=r"net\.onnx"):
        parse_table(ROW.format(digest="ab" * 33), origin="mine.toml")


def test_a_row_without_licence_is_refused_with_file_and_row():
    text = ROW.format(digest="ab" * 32).replace('licence = "MIT"\n', "")
    with pytest.raises(ContractError, match=r"mine\.toml: row 'net'.*licence"):
        parse_table(text, origin="mine.toml")


def test_a_file_name_that_leaves_the_folder_is_refused():
    with pytest.raises(ContractError, match="bare file name"):
        parse_table(
            ROW.format(digest="ab" * 32).replace('"net.onnx"', '"../net.onnx"', 1), origin="mine.toml"
        )


def test_a_table_of_the_user_replaces_a_row_and_adds_others(tmp_path):
    mine = tmp_path / "mine.toml"
    mine.write_text(ROW.format(digest="ab" * 32) + ROW.format(digest="cd" * 32).replace("[net]", "[u2netp]"))
    table = load_table((mine,))
    assert table.row("net").sha256 == "ab" * 32
    assert table.row("u2netp").sha256 == "cd" * 32
    assert table.row("modnet").sha256 == load_table().row("modnet").sha256


def test_the_digest_of_several_files_changes_with_each_of_them():
    row = load_table().row("whisper_base")
    fewer = type(row)(row.id, row.licence, row.licence_url, row.commercial, row.files[:-1])
    assert len(row.sha256) == 64
    assert row.sha256 != fewer.sha256
