"""The only place where a video is opened for its frames: numbered, timed and known again after a seek."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from animeflow.errors import ContractError, DecodeError, NoSuchFrame
from animeflow.media.decode.card import CardFailed, Given
from animeflow.media.decode.clock import AHEAD, FrameClock, pictures_that_tell, shown, times_in_order
from animeflow.media.decode.counting import count_decoded, counting_decodes
from animeflow.media.decode.frame import U8, Frame, Scalers, Size
from animeflow.media.decode.hwdecode import Backend, Choice, choose
from animeflow.media.decode.limits import DEFAULT_LIMITS, DecodeLimits
from animeflow.media.decode.picture_facts import PictureFacts, read_picture_facts
from animeflow.media.decode.pictures import Pictures, Tally
from animeflow.media.decode.seeking import FrameTimes, Landing, SeekMap, ways_to
from animeflow.media.decode.sparse import (
    SEEK_GAP_FRAMES,
    Lost,
    SparsePictures,
    passes_over,
    worth_it,
)
from animeflow.media.demux.frame_index import FrameIndex, read_frame_index
from animeflow.media.demux.riff import is_cut_riff
from animeflow.media.demux.timing import header_duration_s, is_cut_short

__all__ = [
    "DEFAULT_LIMITS",
    "DecodeLimits",
    "Frame",
    "FrameIndex",
    "VideoReader",
    "count_decoded",
    "counting_decodes",
    "open_video",
    "read_clip",
    "read_frame_index",
]


def open_video(
    path: Path | str,
    *,
    purpose: str,
    limits: DecodeLimits = DEFAULT_LIMITS,
    times: FrameTimes | None = None,
    threads: int = 0,
    backend: Backend | None = None,
) -> VideoReader:
    """Open a video for its frames (a context manager).

    `purpose` is the word under which `counting_decodes` counts them. `times`, where the caller has them from
    an earlier decode of all frames, are those by which `pick` knows frames again after a seek; without them each
    packet is taken for a picture, as far as what decodes agrees. `threads` 0 takes those of the limits. `backend`
    decodes where it proves itself on this file (`media.decode.hwdecode`), else the CPU does.

    Raises `DecodeError` (a permanent error) with reason empty_file, not_media, playlist, no_video,
    unreadable, too_large or undecodable.
    """
    return VideoReader(path, purpose=purpose, limits=limits, times=times, threads=threads, backend=backend)


def read_clip(
    path: Path | str,
    start: int,
    end: int,
    *,
    purpose: str,
    size: Size | None = None,
) -> U8:
    """Frames start..end-1 as uint8 RGB [T, h, w, 3]; `size` = (w, h). Raises `DecodeError` if there are
    fewer.
    """
    if not 0 <= start < end:
        raise ContractError(f"a clip from frame {start} to {end}; 0 <= start < end is needed")
    with open_video(path, purpose=purpose) as reader:
        return np.stack([frame.rgb(size) for frame in reader.pick(range(start, end))])


def begins_at(path: Path, key_pts: int, *, decode: DecodeLimits) -> bool:
    """Whether a decoder that is sent to the key frame of these pts begins with it.

    H.264 with intra refresh has packets that are flagged as key frames and hold none.
    """
    with open_video(path, purpose="probe", limits=decode) as reader:
        return reader.begins_at(key_pts)


class VideoReader:
    """Frames of the main video of a file, in presentation order.

    `width` and `height` are those of the first frame, upright: rotation flags are applied to pixels, pixel
    aspect is not. Later frames of another size are scaled to it and counted in `size_changes`. Iterating
    starts at frame 0 each time.

    `frames_decoded`, `corrupt_frames`, `decode_errors` (packets without a picture), `pts_repairs`
    (timestamps missing or going back) describe what was read so far; `truncated` is known after a full
    iteration: the pictures end more than max(1 s, 2 %) before the header says. Whether that matters the
    caller decides. `backend` says what decodes, and why.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        purpose: str,
        limits: DecodeLimits,
        times: FrameTimes | None,
        threads: int,
        backend: Backend | None = None,
    ) -> None:
        self.path, self.purpose, self.limits = Path(path), purpose, limits
        self.pts_repairs = self.size_changes = 0
        self.truncated = False
        self._tally = Tally()
        self._times, self._seeks, self._jumped = times, True, False
        self._threads = threads or limits.threads
        self.backend: Choice = choose(self.path, backend, max_pixels=limits.max_pixels)
        self._card = None if self.backend.name == "cpu" else backend
        self._given = Given()
        self._open()
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _open(self) -> None:
        self._pictures = Pictures(
            self.path,
            purpose=self.purpose,
            limits=self.limits,
            threads=self._threads,
            card=self._card,
            tally=self._tally,
        )
        stream = self._pictures.stream
        self.time_base: Fraction = stream.time_base
        self.average_rate: Fraction | None = stream.average_rate or stream.guessed_rate

    def _start(self) -> None:
        """Decode the first frame: only it tells the size that will arrive and the rotation."""
        self._next, self._jumped, self._sparse = 0, False, False
        container = self._pictures.container
        pictures = self._look_ahead(pictures_that_tell(container.format.name))
        if not pictures:
            raise DecodeError(
                f"no picture can be decoded ({self.decode_errors} packets failed)", path=self.path
            )
        first, time_of = pictures[0], times_in_order(container, self._pictures.stream, pictures)
        self._clock = FrameClock(
            self.time_base,
            self.average_rate,
            max_gap_s=self.limits.max_gap_s,
            path=self.path,
            time_of=time_of,
        )
        self._seeks &= time_of is shown  # else pictures cannot be told by the times of packets
        self._first_pts: int | None = first.pts
        self._reached_pts = self._first_pts
        self.first_picture: PictureFacts = read_picture_facts(first)
        rotation, mirrored = self.first_picture.rotation, self.first_picture.mirrored
        width, height = first.width, first.height
        self.width, self.height = (height, width) if rotation % 180 else (width, height)
        self._stored_size = (width, height)
        self._scalers = Scalers(self.width, self.height, rotation, mirrored=mirrored)

    @property
    def frames_decoded(self) -> int:
        """Pictures that were decoded so far."""
        return self._tally.decoded

    @property
    def corrupt_frames(self) -> int:
        """Those of them whose damage the decoder concealed."""
        return self._tally.corrupt

    @property
    def decode_errors(self) -> int:
        """Packets without a picture, by an error."""
        return self._tally.errors

    @property
    def damaged(self) -> bool:
        """Whether what was read so far was damaged anywhere (then see `media.decode.steady`)."""
        return self.corrupt_frames + self.decode_errors > 0

    def __iter__(self) -> Iterator[Frame]:
        """All frames from the first. Raises `DecodeError` at the end when too many of them were damaged."""
        if self._next or self._sparse:
            self._restart()
        last: Frame | None = None
        while (frame := self._next_frame()) is not None:
            last = frame
            yield frame
        self._judge(last)

    def pick(self, indices: Sequence[int]) -> Iterator[Frame]:
        """Only the frames of these strictly ascending indices; seeks where a key frame lies between, else
        decodes on, where their times are known without pictures that no other refers to.

        Frames are known again by pts after a seek; a file whose timestamps do not allow that is decoded
        through. Raises `NoSuchFrame` (a DecodeError) when the video ends before an index.
        """
        for previous, wanted in pairwise((-1, *indices)):
            if wanted <= previous:
                raise ContractError(f"frame {wanted} asked for after frame {previous}; indices ascend")
        picked = 0
        for frame in self._sparse_frames(indices):
            picked += 1
            yield frame
        for wanted in indices[picked:]:
            yield self._frame_at(wanted)

    def begins_at(self, key_pts: int) -> bool:
        """As the function; pictures before the key frame (open groups) do not count. The reader is of no use then."""
        if not self._pictures.seek(key_pts):
            return False
        while (picture := self._pictures.take()) is not None and (picture.pts or 0) < key_pts:
            pass
        return picture is not None and bool(picture.key_frame) and picture.pts == key_pts

    def listed_times(self) -> npt.NDArray[np.int64] | None:
        """The pts of all frames by the list of packets; None where that is not sound or not what decodes."""
        found = self._seek_map
        return None if found is None else found.times.pts

    def close(self) -> None:
        """Release the decoder and the file."""
        self._pictures.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _sparse_frames(self, wanted: Sequence[int]) -> Iterator[Frame]:
        """Those of the frames, from the first on, that are found by their times alone."""
        if self._sparse or (wanted and wanted[0] < self._next):
            self._restart()
        if self._times is None or self._card is not None or not worth_it(wanted, self._next):
            return
        if not (passes_over(self._pictures.stream) and self._times.know(wanted)):
            return
        seeks, reached_pts = self._seek_map, self._reached_pts
        if seeks is None or reached_pts is None or not seeks.is_gapless:
            return
        self._sparse = True
        way = SparsePictures(self._pictures, seeks, reached=self._next, reached_pts=reached_pts)
        try:
            for number, picture in way.of(wanted):
                self.limits.require_frame(number, self.path)
                self._require_size(picture)
                self._next, self._reached_pts = number + 1, picture.pts
                yield Frame(number, picture.pts, picture, self._scalers)
        except Lost:
            self._give_up_seeking()

    def _frame_at(self, wanted: int) -> Frame:
        if wanted < self._next:
            self._restart()
        if wanted - self._next >= SEEK_GAP_FRAMES:
            self._seek_towards(wanted)
        while True:
            before_pts = self._reached_pts
            frame = self._next_frame()
            if frame is None:
                break
            # What damage does to later pictures depends on where decoding began: as the analysis, from frame 0.
            if self._jumped and (frame.picture.is_corrupt or self._contradicted(frame, before_pts)):
                self._give_up_seeking()
            elif frame.index == wanted:
                return frame
        raise NoSuchFrame(f"ends after {self._next} frames, frame {wanted} was asked for", path=self.path)

    def _next_frame(self) -> Frame | None:
        ahead = self._look_ahead(1)
        if not ahead:
            return None
        if self._clock.doubts(ahead[0]):
            ahead = self._look_ahead(1 + AHEAD)
        picture, *following = ahead
        self._pictures.take()
        self.limits.require_frame(self._next, self.path)
        pts = self._clock.stamp(picture, following)
        self.pts_repairs = self._clock.repairs
        self._require_size(picture)
        if self._card is not None:
            self._given.add(picture)
        frame = Frame(self._next, pts, picture, self._scalers)
        self._next += 1
        self._reached_pts = picture.pts
        return frame

    def _require_size(self, picture: Any) -> None:
        if (picture.width, picture.height) != self._stored_size:
            self.limits.require_size(picture.width, picture.height, self.path)
            self.size_changes += 1

    def _look_ahead(self, count: int) -> Sequence[Any]:
        """As `Pictures.ahead`; where the card fails, with the CPU from here on."""
        while True:
            try:
                return self._pictures.ahead(count)
            except CardFailed as failure:
                self._to_cpu(failure, self._next)

    def _to_cpu(self, failure: CardFailed, reached: int) -> None:
        """Begin again without the card and go to where it got, if that was right up to there."""
        name = self.backend.name
        self.backend = Choice("cpu", f"{name}: {failure} (frame {reached})")
        given, self._given, self._card = self._given, Given(), None
        self._tally, self.size_changes = Tally(), 0
        self._restart()
        for at in range(reached):
            frame = self._next_frame()
            if frame is None or given.differs(frame.picture, at, reached):
                raise DecodeError(
                    f"{name} gave other pictures than the CPU from frame {at} on, and then failed",
                    reason="corrupt",
                    path=self.path,
                    hint="set shots.decode.backend=cpu",
                )

    def _restart(self) -> None:
        """Back to frame 0. A fresh container, because not every format can seek to its first packet."""
        self._pictures.close()
        self._open()
        self._start()

    def _seek_towards(self, wanted: int) -> None:
        """Go to the last key frame at or before `wanted`, when that saves decoding and the timestamps
        are sound.
        """
        seeks = self._seek_map
        if seeks is None or self._reached_pts is None:
            return
        landing = seeks.landing(wanted, reached=self._next, reached_pts=self._reached_pts)
        if landing is None:
            return
        for pts in ways_to(landing.key_pts, self.time_base):
            if self._pictures.seek(pts) and self._land(seeks, landing):
                return
        self._give_up_seeking()

    def _land(self, seeks: SeekMap, landing: Landing) -> bool:
        """Read up to the picture that is known; False when it does not come after a key frame.

        Pictures before the key frame in presentation order (open groups) lack their references and are
        passed over.
        """
        passed, before, rising = 0, None, True
        while (picture := self._pictures.take()) is not None:
            if picture.pts is None or picture.pts > landing.pts or (passed and picture.is_corrupt):
                return False
            # Another picture may still lack what it refers to (intra refresh), though no flag of the decoder says so.
            if not passed and not picture.key_frame:
                continue
            rising &= before is None or picture.pts > before
            passed, before = passed + 1, picture.pts
            if picture.pts == landing.pts:
                self._pictures.put_back(picture)
                self._next, self._jumped = landing.frame, True
                self._clock.jump()
                return rising and seeks.holds(landing.frame, self._look_ahead(max(1, AHEAD - passed)))
        return False

    def _contradicted(self, frame: Frame, before_pts: int | None) -> bool:
        seeks, pts = self._seek_map, frame.picture.pts
        return seeks is not None and not seeks.follows(frame.index, pts, before_pts)

    def _give_up_seeking(self) -> None:
        self._seeks = False
        self._restart()

    @property
    def _seek_map(self) -> SeekMap | None:
        """None where frames cannot be known again after a seek."""
        return self._read_seek_map if self._seeks else None

    @cached_property
    def _read_seek_map(self) -> SeekMap | None:
        if self._first_pts is None or (self._times is not None and not len(self._times.frames)):
            return None
        index = read_frame_index(self.path)
        if index is None:
            return None
        found = SeekMap.of(index.starting_at(self._first_pts), self._times)
        return found if found.holds(self._next, self._look_ahead(AHEAD)) else None

    def _judge(self, last: Frame | None) -> None:
        """After the last frame: was the file complete, and was enough of it sound?"""
        if last is not None and self._clock.first is not None:
            first_s = float(self._clock.first * self.time_base)
            shown_s = float((self._clock.farthest + last.duration) * self.time_base) - first_s
            claimed_s = header_duration_s(self._pictures.container, self._pictures.stream, first_s)
            self.truncated = is_cut_short(shown_s, claimed_s) or is_cut_riff(self.path)
        bad = self.corrupt_frames + self.decode_errors
        self.limits.require_sound(bad, self.frames_decoded + self.decode_errors, self.path)
