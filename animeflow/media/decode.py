"""The only place where a video is opened for its frames; every decoded frame is counted here."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from animeflow.errors import ContractError, DecodeError
from animeflow.media.card import CardFailed, Given
from animeflow.media.clock import AHEAD, FrameClock, pictures_that_tell, shown, times_in_order
from animeflow.media.command import check_stop
from animeflow.media.container import main_video_stream, open_container
from animeflow.media.counting import count_decoded, counting_decodes
from animeflow.media.decode_limits import DEFAULT_LIMITS, DecodeLimits
from animeflow.media.frame import U8, Frame, Scalers, Size
from animeflow.media.frame_index import FrameIndex, read_frame_index
from animeflow.media.hwdecode import Backend, Choice, choose
from animeflow.media.picture import PictureFacts, read_picture_facts
from animeflow.media.riff import is_cut_riff
from animeflow.media.seeking import FrameTimes, Landing, SeekMap
from animeflow.media.timing import header_duration_s, is_cut_short

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

# A gap is only worth reading the packet list of a file for when it spans several groups of pictures.
_SEEK_GAP_FRAMES = 24


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
    decodes where it proves itself on this file (`media.hwdecode`), else the CPU does.

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


def plain_pictures(packets: Iterable[Any], stream: Any, *, purpose: str) -> Iterator[Any]:
    """Pictures of a stream's packets, without limits or repairs: for self-checks. Raises FFmpeg's errors."""
    for packet in packets:
        check_stop()
        for picture in stream.codec_context.decode(packet):
            count_decoded(purpose)
            yield picture


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
        self.frames_decoded = self.corrupt_frames = self.decode_errors = 0
        self.pts_repairs = self.size_changes = 0
        self.truncated = False
        self._times, self._seeks, self._jumped = times, True, False
        self._threads = threads or limits.threads
        self.backend: Choice = choose(self.path, backend, max_pixels=limits.max_pixels)
        self._card = None if self.backend.name == "cpu" else backend
        self._given = Given()
        self._closing = ExitStack()
        try:
            self._open()
            self._start()
        except BaseException:
            self._closing.close()
            raise

    def _open(self) -> None:
        self._container = self._closing.enter_context(
            open_container(
                self.path,
                error=DecodeError,
                max_pixels=self.limits.max_pixels,
                hwaccel=None if self._card is None else self._card.hwaccel(),
            )
        )
        self._stream = main_video_stream(self._container, self.path, error=DecodeError)
        context = self._stream.codec_context
        self.limits.require_size(context.width, context.height, self.path)
        context.options = {"max_pixels": str(self.limits.max_pixels)}
        context.thread_type, context.thread_count = "AUTO", self._threads
        self.time_base: Fraction = self._stream.time_base
        self.average_rate: Fraction | None = self._stream.average_rate or self._stream.guessed_rate

    def _start(self) -> None:
        """Decode the first frame: only it tells the size that will arrive and the rotation."""
        self._pictures = self._decode()
        self._next, self._jumped = 0, False
        self._waiting: deque[Any] = deque()
        pictures = self._look_ahead(pictures_that_tell(self._container.format.name))
        if not pictures:
            raise DecodeError(
                f"no picture can be decoded ({self.decode_errors} packets failed)", path=self.path
            )
        first, time_of = pictures[0], times_in_order(self._container, self._stream, pictures)
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
        rotation = self.first_picture.rotation
        width, height = first.width, first.height
        self.width, self.height = (height, width) if rotation % 180 else (width, height)
        self._stored_size = (width, height)
        self._scalers = Scalers(self.width, self.height, rotation)

    @property
    def damaged(self) -> bool:
        """Whether what was read so far was damaged anywhere (then see `media.steady`)."""
        return self.corrupt_frames + self.decode_errors > 0

    def __iter__(self) -> Iterator[Frame]:
        """All frames from the first. Raises `DecodeError` at the end when too many of them were damaged."""
        if self._next:
            self._restart()
        last: Frame | None = None
        while (frame := self._next_frame()) is not None:
            last = frame
            yield frame
        self._judge(last)

    def pick(self, indices: Sequence[int]) -> Iterator[Frame]:
        """Only the frames of these strictly ascending indices; seeks where a key frame lies between, else
        decodes on.

        Frames are known again by pts after a seek; a file whose timestamps do not allow that is decoded
        through. Raises `DecodeError` when the video ends before an index.
        """
        previous = -1
        for wanted in indices:
            if wanted <= previous:
                raise ContractError(f"frame {wanted} asked for after frame {previous}; indices ascend")
            previous = wanted
            yield self._frame_at(wanted)

    def listed_times(self) -> npt.NDArray[np.int64] | None:
        """The pts of all frames by the list of packets; None where that is not sound or not what decodes."""
        found = self._seek_map
        return None if found is None else found.times.pts

    def close(self) -> None:
        """Release the decoder and the file."""
        self._waiting.clear()
        self._closing.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _frame_at(self, wanted: int) -> Frame:
        if wanted < self._next:
            self._restart()
        if wanted - self._next >= _SEEK_GAP_FRAMES:
            self._seek_towards(wanted)
        while (frame := self._next_frame()) is not None:
            if self._jumped and self._contradicted(frame):
                self._give_up_seeking()
            elif frame.index == wanted:
                return frame
        raise DecodeError(f"ends after {self._next} frames, frame {wanted} was asked for", path=self.path)

    def _next_frame(self) -> Frame | None:
        if not self._look_ahead(1):
            return None
        picture = self._waiting.popleft()
        self.limits.require_frame(self._next, self.path)
        pts = self._clock.stamp(picture)
        self.pts_repairs = self._clock.repairs
        if (picture.width, picture.height) != self._stored_size:
            self.limits.require_size(picture.width, picture.height, self.path)
            self.size_changes += 1
        if self._card is not None:
            self._given.add(picture)
        frame = Frame(self._next, pts, picture, self._scalers)
        self._next += 1
        self._reached_pts = picture.pts
        return frame

    def _look_ahead(self, count: int) -> Sequence[Any]:
        """The next `count` pictures, which stay the next ones; fewer where the video ends."""
        while len(self._waiting) < count:
            try:
                picture = next(self._pictures, None)
            except CardFailed as failure:
                self._to_cpu(failure, self._next)
                continue
            if picture is None:
                break
            self._waiting.append(picture)
        return self._waiting

    def _to_cpu(self, failure: CardFailed, reached: int) -> None:
        """Begin again without the card and go to where it got, if that was right up to there."""
        name = self.backend.name
        self.backend = Choice("cpu", f"{name}: {failure} (frame {reached})")
        given, self._given, self._card = self._given, Given(), None
        self.frames_decoded = self.corrupt_frames = self.decode_errors = self.size_changes = 0
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
        self._closing.close()
        self._closing = ExitStack()
        self._open()
        self._start()

    def _seek_towards(self, wanted: int) -> None:
        """Go to the last key frame at or before `wanted`, when that saves decoding and the timestamps
        are sound.
        """
        import av

        seeks = self._seek_map
        if seeks is None or self._reached_pts is None:
            return
        landing = seeks.landing(wanted, reached=self._next, reached_pts=self._reached_pts)
        if landing is None:
            return
        try:
            self._container.seek(landing.key_pts, stream=self._stream, backward=True)
        except av.error.FFmpegError:
            self._give_up_seeking()
            return
        self._pictures = self._decode()
        self._waiting.clear()
        if not self._land(seeks, landing):
            self._give_up_seeking()

    def _land(self, seeks: SeekMap, landing: Landing) -> bool:
        """Read up to the picture that is known; False when it does not come after a key frame.

        Pictures before the key frame in presentation order (open groups) lack their references and are
        passed over.
        """
        passed, before, rising = 0, None, True
        for picture in self._pictures:
            if picture.pts is None or picture.pts > landing.pts:
                return False
            # Another picture may still lack what it refers to (intra refresh), though no flag of the decoder says so.
            if not passed and not picture.key_frame:
                continue
            rising &= before is None or picture.pts > before
            passed, before = passed + 1, picture.pts
            if picture.pts == landing.pts:
                self._waiting.append(picture)
                self._next, self._jumped = landing.frame, True
                self._clock.jump()
                return rising and seeks.holds(landing.frame, self._look_ahead(max(1, AHEAD - passed)))
        return False

    def _contradicted(self, frame: Frame) -> bool:
        return self._seek_map is not None and self._seek_map.times.contradict(frame.index, frame.picture.pts)

    def _give_up_seeking(self) -> None:
        self._seeks = False
        self._restart()

    @property
    def _seek_map(self) -> SeekMap | None:
        """None where frames cannot be known again after a seek."""
        return self._read_seek_map if self._seeks else None

    @cached_property
    def _read_seek_map(self) -> SeekMap | None:
        index = read_frame_index(self.path)
        if index is None or self._first_pts is None:
            return None
        found = SeekMap.of(index.starting_at(self._first_pts), self._times)
        return found if found.holds(self._next, self._look_ahead(AHEAD)) else None

    def _decode(self) -> Iterator[Any]:
        """Pictures from where the container stands; broken packets are counted and passed over, as
        ffmpeg does.
        """
        import av

        packets = self._container.demux(self._stream)
        while True:
            check_stop()
            try:
                packet = next(packets, None)
            except (
                av.error.FFmpegError,
                IndexError,
            ) as error:  # PyAV looks for a stream that appeared since: IndexError
                self._leave_card(error)
                self.decode_errors += 1
                yield from self._pictures_of(None)
                return
            if packet is None:
                return
            yield from self._pictures_of(packet)

    def _pictures_of(self, packet: Any) -> Iterator[Any]:
        import av

        if packet is not None and packet.is_corrupt:
            self._leave_card("the file is damaged")
        try:
            pictures = self._stream.codec_context.decode(packet)
        except av.error.FFmpegError as error:
            self._leave_card(error)
            self.decode_errors += 1
            return
        for coded in pictures:
            picture = coded
            if self._card is not None:
                try:
                    picture = self._card.planar(coded)
                except (av.error.FFmpegError, ValueError) as error:
                    self._leave_card(error)
            self.frames_decoded += 1
            self.corrupt_frames += bool(picture.is_corrupt)
            count_decoded(self.purpose)
            yield picture

    def _leave_card(self, why: object) -> None:
        """Whatever goes wrong with a card: it flags no damage, so nothing it gives can be trusted from here."""
        if self._card is not None:
            raise CardFailed(str(why))

    def _judge(self, last: Frame | None) -> None:
        """After the last frame: was the file complete, and was enough of it sound?"""
        if last is not None and self._clock.first is not None:
            first_s = float(self._clock.first * self.time_base)
            shown_s = float((last.pts + last.duration) * self.time_base) - first_s
            claimed_s = header_duration_s(self._container, self._stream, first_s)
            self.truncated = is_cut_short(shown_s, claimed_s) or is_cut_riff(self.path)
        bad = self.corrupt_frames + self.decode_errors
        self.limits.require_sound(bad, self.frames_decoded + self.decode_errors, self.path)
