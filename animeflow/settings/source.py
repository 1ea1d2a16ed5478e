"""Settings of the group `source`: where episodes come from, when a unit is complete, what is refused."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from animeflow.settings.base import Section, no_digest
from animeflow.settings.hubs import FolderHub
from animeflow.settings.isolation import IsolationSettings

VIDEO_EXTENSIONS = (
    "mkv", "mp4", "m4v", "mov", "avi", "webm", "flv", "mpeg", "mpg", "m2ts", "mts", "ts", "vob", "ogv", "ogm",
    "wmv", "asf", "rm", "rmvb", "3gp", "3g2", "f4v", "m2t", "divx",
)  # fmt: skip


class ExtractionSettings(Section):
    """Caps on what an archive may unpack to; one that goes beyond them is refused."""

    max_members: int = Field(10_000, ge=1, le=1_000_000)
    """Members of one archive."""
    max_total_gb: float = Field(512.0, gt=0, le=65536)
    """Size of all members together, in GB."""
    max_ratio: float = Field(200.0, ge=1, le=100_000)
    """Unpacked size over packed size."""


class SourceSettings(Section):
    """The source repository and what of it is taken."""

    hub: FolderHub = no_digest(FolderHub(location="source"))
    """The repository that is watched."""
    extensions: tuple[str, ...] = VIDEO_EXTENSIONS
    """Names that end so are taken for videos (lower case, without dot); other files are ignored, and counted."""
    ignore: tuple[str, ...] = (
        ".*",
        "*.part",
        "*.incomplete",
        "*.crdownload",
        "*.tmp",
        "__MACOSX",
        "__pycache__",
    )
    """Patterns (fnmatch) of names of files and folders that do not exist for us."""
    markers: tuple[str, ...] = ("_SUCCESS", ".complete")
    """A folder that holds one of these is complete."""
    checksums: str = Field("SHA256SUMS", pattern=r"^[A-Za-z0-9._-]+$")
    """A folder that holds this file (`sha256  name` per line) is complete when all listed files match."""
    quiet_seconds: float = no_digest(600.0, ge=0, le=7 * 86400)
    """A unit without marker or checksums is complete when nothing in it has changed for so long, in seconds."""
    max_file_gb: float = Field(64.0, gt=0, le=4096)
    """Largest file that is taken, in GB."""
    min_frames: int = Field(2, ge=1)
    """A video with fewer frames is a picture: it is refused."""
    truncated: bool = False
    """Take videos that end more than max(1 s, 2 %) before their header says; otherwise they are refused."""
    decode: IsolationSettings = no_digest(IsolationSettings())
    """The worker process in which files are probed."""
    restore: Literal["never", "film"] = "never"
    """What becomes of telecined and interlaced videos: taken as they are (and named by a check), or restored to the
    frames of their film as a lossless intermediate, which later stages read in place of the source."""
    restore_mixed: bool = False
    """Restore what is telecined only in parts as if it were throughout; otherwise it is refused where it is to be
    restored. Its other parts lose every fifth frame."""
    extraction: ExtractionSettings = ExtractionSettings()
    """Caps on archives."""
    hard_links: bool = no_digest(True)
    """Take files of the same file system as hard links; otherwise they are copied."""
