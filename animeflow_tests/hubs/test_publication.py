import json
import multiprocessing
import os
import signal

import pytest

from animeflow.errors import ContractError, HubUnavailable, PublishRejected
from animeflow.hubs.folder import FolderHub
from animeflow.hubs.publication import PHASES, Offer, publish_shard, verify_shard
from animeflow.tables import staging
from animeflow_tests.hubs.conftest import contents, everything


@pytest.fixture
def offer(local):
    def make(**files: bytes) -> Offer:
        made = tuple(local(f"data/shard/{name}", data) for name, data in files.items())
        missing = ({"path": "b.mkv", "state": "failed", "reason": "not_media"},)
        return Offer("published_videos", "shard", made, "digest", missing, {"licence": "MIT"})

    return make


@pytest.fixture
def publish(hub, tmp_path):
    waits = []

    def run(offer: Offer, hub=hub, **options):
        return publish_shard(hub, offer, prefix="videos", scratch=tmp_path, sleep=waits.append, **options)

    run.waits = waits
    return run


def test_the_manifest_lists_files_digests_what_is_missing_and_provenance(hub, offer, publish):
    publish(offer(a=b"1", b=b"22"))
    manifest = json.loads(contents(hub)["videos/manifests/shard.json"])
    assert [(f["path"], f["size"]) for f in manifest["files"]] == [("data/shard/a", 1), ("data/shard/b", 2)]
    assert manifest["missing"] == [{"path": "b.mkv", "state": "failed", "reason": "not_media"}]
    assert manifest["provenance"] == {"licence": "MIT"}
    assert verify_shard(hub, "videos", "shard") == []


def test_publishing_twice_uploads_nothing(hub, offer, publish):
    first = publish(offer(a=b"1", b=b"2"))
    head = hub.head()
    second = publish(offer(a=b"1", b=b"2"))
    assert (len(first.uploaded), first.unchanged) == (3, 0)
    assert (second.uploaded, second.unchanged) == ((), 3)
    assert hub.head() == head


def test_only_what_differs_is_uploaded_and_what_is_stale_goes(hub, offer, publish):
    publish(offer(a=b"1", b=b"2", c=b"3"))
    done = publish(offer(a=b"1", b=b"changed", d=b"4"))
    assert done.uploaded == ("videos/data/shard/b", "videos/data/shard/d", "videos/manifests/shard.json")
    assert done.removed == ("videos/data/shard/c",)
    assert verify_shard(hub, "videos", "shard") == []


def test_other_shards_are_not_touched(hub, local, offer, publish):
    hub.publish([local("videos/data/shard2/a"), local("videos/manifests/shard2.json")])
    publish(offer(a=b"1"))
    assert {"videos/data/shard2/a", "videos/manifests/shard2.json"} <= set(contents(hub))


def test_a_file_that_rotted_in_the_target_is_found_and_replaced(tmp_path, offer, publish):
    hub = FolderHub(tmp_path / "target")
    publish(offer(a=b"good"), hub)
    (hub.root / "videos/data/shard/a").write_bytes(b"bad!")
    assert "sha256" in verify_shard(hub, "videos", "shard")[0]
    assert publish(offer(a=b"good"), hub).uploaded == ("videos/data/shard/a", "videos/manifests/shard.json")
    assert verify_shard(hub, "videos", "shard") == []


class Flaky(FolderHub):
    """Loses the answers of its first uploads, as a hub does that answers 504 after it has committed."""

    failures = 2
    calls = 0

    def publish(self, files):
        self.calls += 1
        super().publish(files)
        if self.failures:
            self.failures -= 1
            raise HubUnavailable("the answer was lost")


def test_an_upload_whose_answer_was_lost_is_not_repeated(tmp_path, offer, publish):
    hub = Flaky(tmp_path / "flaky")
    done = publish(offer(a=b"1", b=b"2"), hub)
    assert (done.attempts, hub.calls) == (3, 2)  # data, then the manifest; each was sent once
    assert publish.waits == [1.0, 2.0]
    assert verify_shard(hub, "videos", "shard") == []


def test_after_its_attempts_the_transient_error_is_raised(tmp_path, offer, publish):
    hub = Flaky(tmp_path / "flaky")
    with pytest.raises(HubUnavailable):
        publish(offer(a=b"1"), hub, attempts=1)


def test_a_refusal_is_not_tried_again(tmp_path, offer, publish):
    (tmp_path / "file").write_text("")
    with pytest.raises(PublishRejected):
        publish(offer(a=b"1"), FolderHub(tmp_path / "file"))
    assert publish.waits == []


def test_a_shard_may_only_write_its_own_folder(local):
    with pytest.raises(ContractError, match="may not publish"):
        Offer("a", "shard", (local("data/other/x"),), "d")
    with pytest.raises(ContractError, match="twice"):
        Offer("a", "shard", (local("data/shard/x"), local("data/shard/x")), "d")


def _die_at(phase: str, hub: FolderHub, offer: Offer, scratch) -> None:
    def kill(now: str, _asset: str) -> None:
        if now == phase:
            os.kill(os.getpid(), signal.SIGKILL)

    staging.on_phase = kill
    publish_shard(hub, offer, prefix="", scratch=scratch)


@pytest.mark.parametrize("phase", PHASES)
def test_killed_at_any_phase_a_rerun_gives_the_same_bytes(phase, tmp_path, offer):
    before, after = offer(a=b"1", b=b"2", c=b"3"), offer(a=b"1", b=b"new", d=b"4")
    calm, killed = FolderHub(tmp_path / "calm"), FolderHub(tmp_path / "killed")
    for hub in (calm, killed):
        publish_shard(hub, before, prefix="", scratch=tmp_path)
    publish_shard(calm, after, prefix="", scratch=tmp_path)
    process = multiprocessing.get_context("fork").Process(
        target=_die_at, args=(phase, killed, after, tmp_path)
    )
    process.start()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    faults = verify_shard(killed, "", "shard")
    assert faults in ([], ["manifests/shard.json: missing"])  # a standing manifest is never wrong
    publish_shard(killed, after, prefix="", scratch=tmp_path)
    assert everything(killed.root) == everything(calm.root)
