"""Chosen pictures of a file, without decoding those between them that no other picture refers to.

Frames whose times are known need not be counted: half of what lies between two of them, and more than a third of the
time, are pictures that nothing refers to (B frames of x264's defaults, 640x360 and 1080p).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from animeflow.media.decode.clock import AHEAD, ascend
from animeflow.media.decode.pictures import Pictures
from animeflow.media.decode.seeking import SeekMap, ways_to

# A gap is only worth a seek, and the packet list of a file worth reading, when it spans several groups of pictures.
SEEK_GAP_FRAMES = 24

# Not MPEG-4: what FFmpeg makes of its interlaced pictures depends on those before them, referred to or not.
_SAFE = ("h264", "mpeg2video")
# Bytes of the record that holds the parameters (ISO/IEC 14496-15, 8.3.3.1.2).
_HVCC_VERSION = 0
_HVCC_LAYERS = 21


class Lost(Exception):
    """What the decoder gives is not what the times say: the file has to be decoded through."""


def passes_over(stream: Any) -> bool:
    """Whether the stream says soundly which of its pictures no other one refers to.

    In HEVC a picture that its own temporal layer does not refer to may still be referred to by a higher one: there must
    be one layer, and the container must say so.
    """
    context = stream.codec_context
    if context.name != "hevc":
        return context.name in _SAFE
    record = context.extradata or b""
    if len(record) <= _HVCC_LAYERS or record[_HVCC_VERSION] != 1:
        return False
    return (record[_HVCC_LAYERS] >> 3) & 0b111 == 1


def worth_it(wanted: Sequence[int], reached: int) -> bool:
    """Whether enough frames lie between the strictly ascending `wanted`, the decoder being at frame `reached`."""
    return bool(wanted) and wanted[-1] + 1 - reached - len(wanted) >= SEEK_GAP_FRAMES


class SparsePictures:
    """Pictures of frames whose times `seeks` knows, from a decoder that stands at frame `reached`, of `reached_pts`."""

    def __init__(self, pictures: Pictures, seeks: SeekMap, *, reached: int, reached_pts: int) -> None:
        self._pictures, self._seeks = pictures, seeks
        self._reached, self._reached_pts = reached, reached_pts
        self._errors = pictures.tally.errors

    def of(self, wanted: Sequence[int]) -> Iterator[tuple[int, Any]]:
        """(frame, PyAV frame) of strictly ascending frames from `reached` on. Raises `Lost`."""
        times = self._seeks.times.chosen(wanted).pts.tolist()
        self._pictures.only(frozenset(times))
        for frame, pts in zip(wanted, times, strict=True):
            picture = self._arrive(frame, pts)
            self._reached, self._reached_pts = frame + 1, pts
            yield frame, picture

    def _arrive(self, frame: int, pts: int) -> Any:
        key_pts = self._seeks.index.key_pts_before(pts)
        far = frame - self._reached >= SEEK_GAP_FRAMES
        if key_pts is None or key_pts <= self._reached_pts or not far:
            found = self._walk(pts)
        else:
            tries = (self._seek(at, pts) for at in ways_to(key_pts, self._pictures.stream.time_base))
            found = next((picture for picture in tries if picture is not None), None)
        if found is None:
            raise Lost
        return found

    def _seek(self, to_pts: int, pts: int) -> Any | None:
        return self._walk(pts, sought=True) if self._pictures.seek(to_pts) else None

    def _walk(self, pts: int, *, sought: bool = False) -> Any | None:
        """Take pictures up to that of `pts`; None where one comes that should not.

        What comes before the first key frame after a seek (open groups) lacks what it refers to and is passed over.
        """
        passed, before = 0, None
        while (picture := self._pictures.take()) is not None:
            if picture.pts is None or picture.pts > pts:
                return None
            if sought and not passed and not picture.key_frame:
                continue
            if not self._is_sound(picture, before):
                return None
            passed, before = passed + 1, picture.pts
            if picture.pts == pts:
                following = self._pictures.ahead(AHEAD - passed) if sought and passed < AHEAD else ()
                return picture if ascend([picture, *following]) else None
        return None

    def _is_sound(self, picture: Any, before: int | None) -> bool:
        return (
            self._pictures.tally.errors == self._errors
            and not picture.is_corrupt
            and (before is None or before < picture.pts)
            and self._seeks.lists(picture.pts)
        )
