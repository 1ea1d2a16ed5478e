"""One error tree. What may be retried is a class, not a guess made by the caller.

    AnimeflowError
    ├── PermanentError            the same input gives the same failure
    │   ├── InputError            a file of the user's: unreadable, hostile, empty, of the wrong kind
    │   │   ├── ProbeError
    │   │   ├── DecodeError
    │   │   └── ArchiveError
    │   ├── SettingsError         a setting: unknown key, bad range, secret in a file
    │   ├── ContractError         a table, manifest or adapter that breaks its declaration
    │   │   └── ManifestDamaged   no result at all to whoever may make it anew
    │   ├── WeightsMissing        a model's weights cannot be had here
    │   ├── LicenceRefused        weights whose licence was not accepted
    │   ├── CommandFailed         an external process ended badly
    │   │   └── EncodeError
    │   ├── PublishRejected       a target refused what was offered
    │   └── StageFailed           too many videos of a shard failed
    └── TransientError            the same call may go through later
        ├── DiskFull
        ├── WorkspaceBusy         another run writes this shard
        ├── CommandTimeout
        ├── OutOfMemory           the machine had too little memory for a video
        ├── WorkerBusy            the machine had no time to start a process
        ├── Interrupted           somebody asked the process to stop
        ├── DeviceBusy
        └── HubUnavailable

Every message says what was tried, the value found, what is allowed, and what to do. `reason` is one of
`animeflow.tables.status.Reason` and ends up in the status row of the video.
"""

from __future__ import annotations

from pathlib import Path


class AnimeflowError(Exception):
    """Base of all errors that animeflow raises on purpose.

    `reason` is the closed-enum word of the status row, `path` the file it is about, `hint` the way out.
    """

    transient = False
    default_reason = "internal"

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        path: Path | str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.default_reason
        self.path = None if path is None else str(path)
        self.hint = hint

    @property
    def pathless(self) -> str:
        """The message and its hint, for a line that has named the file already."""
        return f"{self.message} ({self.hint})" if self.hint else self.message

    def __str__(self) -> str:
        named = self.path is None or self.path in self.message
        return self.pathless if named else f"{self.path!r}: {self.pathless}"


class PermanentError(AnimeflowError):
    """The same input gives the same failure: retrying is useless."""


class TransientError(AnimeflowError):
    """The same call may go through later."""

    transient = True


class InputError(PermanentError):
    """A file of the user's cannot be used."""

    default_reason = "unreadable"


class ProbeError(InputError):
    """The container or its streams cannot be read."""


class DecodeError(InputError):
    """The pictures cannot be decoded."""

    default_reason = "undecodable"


class NoSuchFrame(DecodeError):
    """The video ends before a frame that was asked for."""


class UnsteadyDecode(DecodeError):
    """The file is damaged, and several threads decode it: how damage is concealed depends on which of them is ahead."""

    default_reason = "corrupt"


class ArchiveError(InputError):
    """An archive is broken or hostile."""

    default_reason = "bad_archive"


class SettingsError(PermanentError):
    """A setting is unknown, out of range, or looks like a secret."""

    default_reason = "settings"


class ContractError(PermanentError):
    """A table, manifest or adapter breaks its declaration."""

    default_reason = "contract"


class ManifestDamaged(ContractError):
    """A manifest that cannot be read: its result counts as never finished."""


class WeightsMissing(PermanentError):
    """Weights are in none of their sources, or differ from their digest."""

    default_reason = "weights_missing"


class LicenceRefused(PermanentError):
    """The licence of the weights forbids commercial use and was not accepted."""

    default_reason = "licence"


class CommandFailed(PermanentError):
    """An external process ended with an error. `stderr` has all its kept lines, the message only the last."""

    default_reason = "command_failed"
    stderr: tuple[str, ...] = ()


class EncodeError(CommandFailed):
    """An encoder failed, or its result did not verify."""

    default_reason = "encode_failed"


class PublishRejected(PermanentError):
    """A target refused what was offered, or holds something else."""

    default_reason = "publish_rejected"


class StageFailed(PermanentError):
    """Every video of a shard failed, or more than the allowed share."""

    default_reason = "stage_failed"


class DiskFull(TransientError):
    """Not enough room for what comes next."""

    default_reason = "disk_full"


class WorkspaceBusy(TransientError):
    """Another run holds the shard."""

    default_reason = "busy"


class CommandTimeout(TransientError):
    """An external process ran past its limit and was killed."""

    default_reason = "timeout"


class OutOfMemory(TransientError):
    """The machine had too little memory for a video: with less beside it, it may go through."""

    default_reason = "out_of_memory"


class WorkerBusy(TransientError):
    """A process of ours did not start in time: the machine has too much to do."""

    default_reason = "timeout"


class Interrupted(TransientError):
    """The process was asked to stop (Ctrl-C, SIGTERM): what was begun is not done."""

    default_reason = "interrupted"


class DeviceBusy(TransientError):
    """No accelerator became free in time."""

    default_reason = "device_busy"


class HubUnavailable(TransientError):
    """A hub did not answer, or answered that it cannot now."""

    default_reason = "hub_unavailable"
