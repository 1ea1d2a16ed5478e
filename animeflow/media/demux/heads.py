"""What a file is by its first bytes: a video, one in a form that is not read, a playlist, sound."""

from __future__ import annotations

from animeflow.media.allowed import (
    BARE_HEADS,
    CONTAINER_HEADS,
    OTHER_HEADS,
    PLAYLIST_HEADS,
    PLAYLIST_XML,
    SOUND_HEADS,
)

HEAD_BYTES = 4096
# ffmpeg writes no Matroska of bare H.264 whose pictures are stored in another order than shown.
_BARE_HINT = (
    "put it into Matroska: mkvmerge -o FILE.mkv --default-duration 0:24000/1001p FILE, with its own rate"
)
_OTHER_HINT = "put it into Matroska: ffmpeg -i FILE -c copy FILE.mkv"


def begins_as_video(head: bytes) -> bool:
    """Whether these are the first bytes of a container of videos."""
    return any(head[at : at + len(magic)] == magic for at, magic in CONTAINER_HEADS)


def other_video(head: bytes) -> tuple[str, str] | None:
    """Of video that begins so and is not read here: what it is, and what to do with it. None where it is none."""
    for kind, starts in BARE_HEADS.items():
        if head.startswith(starts):
            return f"holds {kind} without a container, and so without times", _BARE_HINT
    for kind, starts in OTHER_HEADS.items():
        if head.startswith(starts):
            return f"is video in a container that is not read here ({kind})", _OTHER_HINT
    return None


def is_sound(head: bytes) -> bool:
    """Whether a file begins as sound that some demuxer would open."""
    return head.startswith(SOUND_HEADS) or (head[:4] == b"RIFF" and head[8:12] == b"WAVE")


def is_playlist(head: bytes) -> bool:
    """Whether the first bytes of a file are a text that names other files."""
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    return text.startswith(PLAYLIST_HEADS) or (
        text.startswith(b"<") and any(tag in text for tag in PLAYLIST_XML)
    )
