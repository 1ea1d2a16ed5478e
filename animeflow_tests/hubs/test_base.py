import dataclasses
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from animeflow.errors import ContractError, HubUnavailable, InputError
from animeflow.hubs.base import HubBackend, RemoteFile, listing_digest, part_of, require_relative
from animeflow_tests.hubs.conftest import contents


def test_it_fulfils_the_protocol(hub):
    assert isinstance(hub, HubBackend)


def test_a_repository_that_does_not_exist_yet_is_empty(hub):
    assert list(hub.list()) == [] == list(hub.list("data"))


def test_what_is_published_is_listed_read_and_verified(hub, local):
    files = [local("data/s/a.bin", b"one"), local("data/s/sub/日本 語'\".bin", b"two")]
    hub.publish(files)
    assert contents(hub) == {"data/s/a.bin": b"one", "data/s/sub/日本 語'\".bin": b"two"}
    assert [file.path for file in hub.list("data/s/sub")] == ["data/s/sub/日本 語'\".bin"]
    assert list(hub.verify(files)) == []


def test_a_folder_whose_name_begins_alike_is_not_listed(hub, local):
    hub.publish([local("data/s/a"), local("data/s2/a")])
    assert [file.path for file in hub.list("data/s")] == ["data/s/a"]


def test_verify_names_what_is_missing_shorter_or_other(hub, local):
    hub.publish([local("short", b"12"), local("other", b"abc")])
    faults = hub.verify([local("short", b"123"), local("other", b"abd"), local("gone")])
    assert [fault.path for fault in faults] == ["short", "other", "gone"]
    assert "2 bytes, 3 wanted" in str(faults[0])
    assert "sha256" in str(faults[1])
    assert str(faults[2]) == "gone: missing"


def test_the_head_changes_with_the_content_and_only_then(hub, local):
    hub.publish([local("a", b"1")])
    first = hub.head()
    assert hub.head() == first
    hub.publish([local("b", b"2")])
    assert hub.head() != first


def test_a_download_gives_the_bytes_and_their_digest(hub, local, tmp_path):
    hub.publish([local("a", b"x" * 3_000_000)])
    sha256 = hub.fetch_resumable(next(iter(hub.list())), tmp_path / "down" / "a")
    assert (tmp_path / "down" / "a").read_bytes() == b"x" * 3_000_000
    assert sha256 == hashlib.sha256(b"x" * 3_000_000).hexdigest()
    assert [p.name for p in (tmp_path / "down").iterdir()] == ["a"]


def test_an_interrupted_download_is_continued_not_repeated(hub, local, tmp_path):
    data = bytes(range(256)) * 9000
    hub.publish([local("a", data)])
    file = next(iter(hub.list()))
    part = part_of(tmp_path / "a", file)
    part.write_bytes(data[:1_234_567])
    inode = part.stat().st_ino
    assert hub.fetch_resumable(file, tmp_path / "a") == hashlib.sha256(data).hexdigest()
    assert (tmp_path / "a").stat().st_ino == inode
    assert (tmp_path / "a").read_bytes() == data


def test_a_part_of_an_older_version_is_never_continued(hub, local, tmp_path):
    hub.publish([local("a", b"old" * 1000)])
    old = next(iter(hub.list()))
    part_of(tmp_path / "a", old).write_bytes(b"old" * 500)
    hub.publish([local("a", b"younger" * 1000)])
    hub.fetch_resumable(next(iter(hub.list())), tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == b"younger" * 1000


def test_a_file_that_grew_since_it_was_listed_is_refused_for_now(hub, local, tmp_path):
    hub.publish([local("a", b"short")])
    listed = next(iter(hub.list()))
    hub.publish([local("a", b"longer now")])
    with pytest.raises(HubUnavailable, match="changed while it was read"):
        hub.fetch_resumable(listed, tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_a_file_that_is_gone_is_an_error_of_the_input(hub, tmp_path):
    with pytest.raises(InputError):
        hub.fetch_resumable(RemoteFile("gone", 1, "e"), tmp_path / "a")
    with pytest.raises(InputError):
        hub.read_start("gone", 10)


def test_of_two_creators_one_wins_and_the_file_is_the_first_ones(hub):
    assert hub.put_if_absent("lock", b"first") is True
    assert hub.put_if_absent("lock", b"second") is False
    assert contents(hub) == {"lock": b"first"}


def test_removing_leaves_the_rest_and_forgives_what_is_gone(hub, local):
    hub.publish([local("data/a"), local("data/b")])
    hub.remove(["data/a", "data/a", "never"])
    assert [file.path for file in hub.list()] == ["data/b"]


@pytest.mark.parametrize("path", ["", "/abs", "../up", "a/../b", "a//b", "a/", "./a", "nul\0"])
def test_a_path_that_leaves_the_repository_is_refused(path):
    with pytest.raises(ContractError, match="not a path inside"):
        require_relative(path)


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), max_size=4, unique=True
    )
)
def test_the_digest_of_a_listing_does_not_depend_on_its_order(names):
    files = [RemoteFile(f"d/{name.replace('/', '_')}x", 1, "e") for name in names]
    assert listing_digest(files) == listing_digest(files[::-1])
    if files:
        changed = [dataclasses.replace(files[0], size=2), *files[1:]]
        assert listing_digest(files) != listing_digest(changed)
