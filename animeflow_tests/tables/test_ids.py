import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from animeflow.tables import ids

HEX = "0123456789abcdef" * 4


def test_a_video_is_named_by_the_first_sixteen_digits_of_its_sha256():
    assert ids.video_id(HEX) == "0123456789abcdef"


@pytest.mark.parametrize("bad", ["", "xyz", HEX[:-1], HEX.upper()])
def test_what_is_no_sha256_is_refused(bad):
    with pytest.raises(ValueError, match="sha256"):
        ids.video_id(bad)


@given(st.integers(0, 10**8), st.integers(1, 10**7))
def test_a_clip_id_gives_back_its_range(start, length):
    clip = ids.clip_id("0123456789abcdef", start, start + length)
    assert ids.split_clip_id(clip) == ("0123456789abcdef", start, start + length)


@given(st.integers(0, 10**8))
def test_a_drawing_id_gives_back_its_first_frame(first):
    assert ids.split_drawing_id(ids.drawing_id("0123456789abcdef", first)) == ("0123456789abcdef", first)


def test_clip_ids_sort_by_start():
    starts = [0, 9, 10, 99, 100, 12345]
    clips = [ids.clip_id("0123456789abcdef", s, s + 1) for s in starts]
    assert clips == sorted(clips)


@pytest.mark.parametrize(("start", "end"), [(5, 5), (6, 5), (-1, 3)])
def test_an_empty_or_backward_clip_is_refused(start, end):
    with pytest.raises(ValueError, match="clip"):
        ids.clip_id("0123456789abcdef", start, end)


@example("0\u20260")  # an ellipsis becomes three dots
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_a_shard_key_is_ascii_short_and_safe_for_partitions(path):
    key = ids.shard_key(path)
    assert set(key) <= set(string.ascii_letters + string.digits + "._-")
    assert 9 < len(key) <= 69
    assert "..." not in key


def test_two_paths_with_one_slug_have_two_keys():
    assert ids.shard_key("第01話") != ids.shard_key("第02話")


@pytest.mark.parametrize(
    ("path", "slug"),
    [("第1話.mp4", "1"), ("話.mkv", "shard"), ("アニメ/第2話.zip", "2"), ("1.mp4", "1.mp4"), ("é.mp4", "e.mp4"),
     ("話/OVA.mkv", "OVA.mkv")],
)  # fmt: skip
def test_an_extension_is_no_name_where_the_name_has_no_ascii(path, slug):
    assert ids.shard_key(path).rpartition("-")[0] == slug


@pytest.mark.parametrize(
    ("path", "series"),
    [
        ("Show S1", "Show-S1"),
        ("Show.tar.gz", "Show"),
        ("a/Show.ZIP", "a-Show"),
        ("第1話.tgz", "1"),
        ("v1.2", "v1.2"),
    ],
)
def test_a_series_is_the_name_without_the_extension_of_an_archive(path, series):
    assert ids.series_of(ids.shard_key(path)) == series


@pytest.mark.parametrize("path", ["作品.tar.gz", "作品", "."])
def test_where_nothing_of_a_name_is_ascii_the_series_is_the_key(path):
    key = ids.shard_key(path)
    assert ids.series_of(key) == key


def test_a_file_is_digested_whole(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"a" * (3 << 20))
    import hashlib

    assert ids.file_sha256(path) == hashlib.sha256(b"a" * (3 << 20)).hexdigest()
