import os
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeflow.source.names import as_text, folder_name, media_suffix

NAMES = st.binary(min_size=1, max_size=40).map(os.fsdecode)


@given(NAMES)
def test_any_name_of_the_file_system_becomes_text_that_a_table_holds(name):
    assert as_text(name).encode("utf-8").decode("utf-8") == as_text(name) != ""


@given(st.text(min_size=1))
def test_a_name_that_is_text_is_unchanged(name):
    if not any("\ud800" <= c <= "\udfff" for c in name):
        assert as_text(name) == name


def test_different_odd_names_stay_different():
    names = [os.fsdecode(raw) for raw in (b"a\xff", b"a\xfe", b"a\\xff\xff", b"a\\\\xff\xff")]
    assert len({as_text(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("path", "suffix"),
    [
        ("a/b.MKV", ".mkv"),
        ("a", ""),
        ("a.m k v", ""),
        ("a.日本", ""),
        ("a.verylongsuffix", ""),
        (".hidden", ""),
    ],
)
def test_a_copy_keeps_a_plain_extension_only(path, suffix):
    assert media_suffix(path) == suffix


@given(NAMES)
def test_any_name_gives_a_folder_of_its_own_level(name):
    folder = folder_name(name)
    assert 0 < len(folder.encode("utf-8")) <= 60
    assert folder == unicodedata.normalize("NFC", folder) and not set(folder) & set("/\\\0\n ")
    assert folder not in {".", ".."} and not folder.startswith("-")


@pytest.mark.parametrize(
    ("stem", "folder"),
    [
        ("第02話 雨の街", "第02話-雨の街"),
        ("Cafe\u0301 01", "Café-01"),
        ("नमस्ते", "नमस्ते"),
        ("話" * 40, "話" * 20),
        ("../x", "x"),
        ("!?", "video"),
    ],
)
def test_a_folder_keeps_the_letters_of_any_script(stem, folder):
    assert folder_name(stem) == folder
