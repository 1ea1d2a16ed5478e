"""Status rows: what became of each video in each stage, and why. The reasons are a closed list."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

from animeflow.errors import AnimeflowError, InputError
from animeflow.tables.schema import Column, TableSpec


class State(enum.StrEnum):
    """What became of a video."""

    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"


class Reason(enum.StrEnum):
    """Why a video failed or was skipped; the word that reports, manifests and tables use."""

    NONE = "none"
    # the file itself
    EMPTY_FILE = "empty_file"
    NOT_MEDIA = "not_media"
    NO_VIDEO = "no_video"
    PLAYLIST = "playlist"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    UNDECODABLE = "undecodable"
    DECODER_CRASHED = "decoder_crashed"
    TRUNCATED = "truncated"
    CORRUPT = "corrupt"
    TOO_SHORT = "too_short"
    BAD_ARCHIVE = "bad_archive"
    DUPLICATE = "duplicate_of"
    NOT_RESTORABLE = "not_restorable"
    NO_AUDIO = "no_audio"
    # the graph
    UPSTREAM = "upstream"
    NOTHING_KEPT = "nothing_kept"
    # the machine and the model
    ENCODE_FAILED = "encode_failed"
    COMMAND_FAILED = "command_failed"
    TIMEOUT = "timeout"
    INTERRUPTED = "interrupted"
    DISK_FULL = "disk_full"
    DEVICE_BUSY = "device_busy"
    OUT_OF_MEMORY = "out_of_memory"
    WEIGHTS_MISSING = "weights_missing"
    LICENCE = "licence"
    HUB_UNAVAILABLE = "hub_unavailable"
    PUBLISH_REJECTED = "publish_rejected"
    BUSY = "busy"
    SETTINGS = "settings"
    CONTRACT = "contract"
    STAGE_FAILED = "stage_failed"
    INTERNAL = "internal"


STATUS = TableSpec(
    name="status",
    version=1,
    grain="one file of the shard in one stage",
    key=("path",),
    columns=(
        Column("path", pa.string(), "path of the file inside its unit"),
        Column("video_id", pa.string(), "id of the video", null_reason="the file could not be read at all"),
        Column("state", pa.string(), "ok, failed or skipped"),
        Column("reason", pa.string(), "closed enum; none when ok"),
        Column("transient", pa.bool_(), "whether a retry may help"),
        Column("message", pa.string(), "the error in words; empty when ok"),
        Column("source_frames", pa.int64(), "frames of the source video", "frames", "not a readable video"),
        Column(
            "frames_decoded",
            pa.int64(),
            "video frames this stage decoded for this video; the pass that stages share counts for its first stage",
            "frames",
        ),
    ),
)


@dataclass(frozen=True)
class Status:
    """The status row of one video in one stage."""

    path: str
    video_id: str | None
    state: State = State.OK
    reason: Reason = Reason.NONE
    transient: bool = False
    message: str = ""
    source_frames: int | None = None
    frames_decoded: int = 0

    @classmethod
    def of_error(
        cls,
        error: AnimeflowError,
        *,
        path: str,
        video_id: str | None,
        source_frames: int | None = None,
        frames_decoded: int = 0,
    ) -> Status:
        """The row of a failure. A word outside the enum is recorded as `internal`, with the message kept.

        An error about the video names it once, by `path`: where its file lies in the workspace tells nobody anything.
        """
        known = error.reason in Reason._value2member_map_
        return cls(
            path=path,
            video_id=video_id,
            state=State.FAILED,
            reason=Reason(error.reason) if known else Reason.INTERNAL,
            transient=error.transient,
            message=error.pathless if isinstance(error, InputError) else str(error),
            source_frames=source_frames,
            frames_decoded=frames_decoded,
        )

    @property
    def ok(self) -> bool:
        return self.state is State.OK

    def row(self) -> dict[str, object]:
        return {
            "path": self.path,
            "video_id": self.video_id,
            "state": self.state.value,
            "reason": self.reason.value,
            "transient": self.transient,
            "message": self.message,
            "source_frames": self.source_frames,
            "frames_decoded": self.frames_decoded,
        }

    @classmethod
    def of_row(cls, row: dict[str, object]) -> Status:
        values = dict(row)
        values["state"] = State(str(row["state"]))
        values["reason"] = Reason(str(row["reason"]))
        return cls(**values)  # type: ignore[arg-type]


def status_table(statuses: Iterable[Status]) -> pa.Table:
    """The status table, sorted by path so that its bytes do not depend on the order of work."""
    return STATUS.table([status.row() for status in sorted(statuses, key=lambda s: s.path)])


def counts(statuses: Iterable[Status]) -> dict[str, int]:
    """How many videos are ok, failed and skipped (all three keys are always there)."""
    found = Counter(status.state.value for status in statuses)
    return {state.value: found.get(state.value, 0) for state in State}
