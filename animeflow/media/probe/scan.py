"""How the pictures of a video were made: progressive, interlaced, or film stretched to 60 fields (telecine).

The flags of a stream lie in both directions, so the fields themselves are compared (FFmpeg's idet filter) where
telecine is possible at all. Found and reported here, restored nowhere but on request (`media.encode.restore`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from animeflow.errors import DecodeError
from animeflow.media.allowed import MAX_FRAMES, MAX_PIXELS
from animeflow.media.decode.reader import DecodeLimits, open_video
from animeflow.media.probe.file import Probe

Repeats = dict[
    "Side", Counter[int]
]  # by which field is repeated: how often at each place of the cycle of 5 frames
Kind = Literal["progressive", "interlaced", "telecine_hard", "telecine_soft", "mixed", "unknown"]
Side = Literal["top", "bottom"]

PURPOSE = "scan"
FILM = Fraction(2401, 100)
"""A progressive stream of at most so many frames a second holds no repeated fields: there is no room for them."""
WINDOW_S = 10.0
PLACES = (0.1, 0.5, 0.9)  # of the video: where the windows lie
CYCLE = 5  # frames of video that 4 frames of film become
_RATES = tuple(Fraction(n, d) for n, d in ((24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1)))
_IDET = "lavfi.idet."

# Bounds on shares, from drawn and test pictures in both field orders: progressive pictures have 0 frames that repeat a
# field, 2 of 5 frames of telecined film do, and 0.48 of the frames that change where drawings are held on threes.
_MIN_CHANGED = 12  # frames of a window that differ from their neighbours, for any verdict
_COMBED = 0.9  # of the frames that idet decides
_NOT_COMBED = 0.1
_ONE_SIDED = 0.8  # of the combed frames: real fields have one order; fine detail is taken for either
_EITHER = 0.6
_REPEATED = 0.2  # of the frames that change
_NOT_REPEATED = 0.05
# idet calls a field repeated that differs from the one before so many times less than the other field does. Where
# coding adds noise to both, repeated fields of telecined MPEG-2 fall short of the first bound: they differ 1.2 to 2.5
# times less. The second one is met by fields of video too (2 of 180 frames): it tells only where that is in step.
_CLEARLY, _FAINTLY = 3.0, 1.15
_IN_STEP = 0.8  # of the repeats of a side that fall on two neighbouring places of the cycle (random ones: 0.4 to 0.6)


@dataclass(frozen=True)
class Scan:
    """What the fields of a video say.

    `field_first` is the field shown first where fields differ. `repeated_share` (0-1) is the share of the frames looked
    at that repeat a field of the frame before. `film_rate` is the rate of the film inside (telecine only).
    `frames_looked` is 0 where flags and rate leave no doubt, and nothing was decoded.
    """

    kind: Kind
    field_first: Side | None = None
    repeated_share: float | None = None
    film_rate: Fraction | None = None
    frames_looked: int = 0

    def to_row(self) -> dict[str, Any]:
        """The columns of `shard_files`."""
        rate = self.film_rate
        return {
            "scan": self.kind,
            "scan_field_first": self.field_first,
            "scan_repeated_share": self.repeated_share,
            "scan_frames": self.frames_looked,
            "film_rate_num": None if rate is None else rate.numerator,
            "film_rate_den": None if rate is None else rate.denominator,
        }


def _none() -> Repeats:
    return {"top": Counter(), "bottom": Counter()}


@dataclass
class Window:
    """What idet says of consecutive frames. `still` counts those that equal their neighbours, `repeats` those that
    repeat a field clearly, `faint` those that do so clearly or faintly.
    """

    frames: int = 0
    still: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    repeats: Repeats = field(default_factory=_none)
    faint: Repeats = field(default_factory=_none)

    def add(self, metadata: dict[str, str], faint: dict[str, str]) -> None:
        """Take the values that idet set on the next frame, under either bound."""
        # The single-frame verdict is no verdict on held drawings; the other one remembers what was before.
        self.verdicts[metadata[f"{_IDET}multiple.current_frame"]] += 1
        self.still += metadata[f"{_IDET}single.current_frame"] == "undetermined"
        for repeats, values in ((self.repeats, metadata), (self.faint, faint)):
            repeated = values[f"{_IDET}repeated.current_frame"]
            if repeated in ("top", "bottom"):
                repeats["top" if repeated == "top" else "bottom"][self.frames % CYCLE] += 1
        self.frames += 1

    @property
    def telling(self) -> Repeats:
        """The repeats that count: the faint ones too where they follow the cycle, which noise does not."""
        told = _total(self.faint) >= _MIN_CHANGED and _in_step(self.faint)
        return self.faint if told and _total(self.faint) > _total(self.repeats) else self.repeats

    @property
    def repeated(self) -> int:
        return _total(self.telling)

    @property
    def combed(self) -> int:
        return self.verdicts["tff"] + self.verdicts["bff"]


def scan(
    path: Path | str, probe: Probe, *, max_pixels: int = MAX_PIXELS, max_frames: int = MAX_FRAMES
) -> Scan:
    """Look at the fields of a probed video, in three windows of 10 s, unless its flags and rate leave no doubt.

    A video that cannot be decoded there is judged by what could. Decoded frames count under the purpose `scan`.
    """
    if not in_doubt(probe):
        return Scan("progressive")
    limits = DecodeLimits(max_pixels=max_pixels, max_frames=max_frames)
    times = probe.video.times
    rate = times.rate(probe.video.time_base)
    windows = [_look(path, span, limits) for span in spans(probe.video.frames, rate)]
    return judge(windows, rate, pulldown_share=times.pulldown_share)


def in_doubt(probe: Probe) -> bool:
    """Whether the video may hold fields of different moments, or film with repeated ones."""
    video = probe.video
    return (
        video.interlaced
        or video.times.rate(video.time_base) > FILM
        or video.times.pulldown_share > _NOT_COMBED
    )


def spans(frames: int, rate: Fraction) -> list[range]:
    """The windows as frame numbers: all of a video that is not longer than they are together."""
    length = max(1, round(WINDOW_S * float(rate)))
    if frames <= len(PLACES) * length:
        return [range(frames)]
    return [range(start, start + length) for start in (round(place * (frames - length)) for place in PLACES)]


def judge(windows: Sequence[Window], rate: Fraction, *, pulldown_share: float = 0.0) -> Scan:
    """One verdict from all windows; they have to agree, else the video is mixed. Pure."""
    kinds = {found for window in windows if (found := kind_of(window)) is not None}
    if pulldown_share > _NOT_COMBED:
        # Film frames whose second field is shown again by a flag: their times step 2, 3, 2, 3 fields.
        whole = pulldown_share >= _COMBED and kinds <= {"progressive"}
        kinds = {"telecine_soft"} if whole else {"mixed"}
    kind: Kind = "unknown" if not kinds else kinds.pop() if len(kinds) == 1 else "mixed"
    looked = sum(window.frames for window in windows)
    repeated = sum(window.repeated for window in windows)
    sides = Counter({side: sum(w.verdicts[f"{side[0]}ff"] for w in windows) for side in ("top", "bottom")})
    combed = kind in ("interlaced", "telecine_hard", "mixed") and sides.total() > 0
    return Scan(
        kind,
        ("top" if sides["top"] >= sides["bottom"] else "bottom") if combed else None,
        round(repeated / looked, 6) if looked else None,
        _film_rate(kind, rate),
        looked,
    )


def kind_of(window: Window) -> Kind | None:
    """The verdict of one window, None where too little moves for any."""
    if window.frames - window.still < _MIN_CHANGED:
        return None
    decided = window.combed + window.verdicts["progressive"]
    if not decided:
        return None
    combed = window.combed / decided
    balance = max(window.verdicts["tff"], window.verdicts["bff"]) / max(window.combed, 1)
    if combed <= _NOT_COMBED or (balance < _EITHER and window.repeated <= _NOT_REPEATED * window.frames):
        return "progressive"
    if combed < _COMBED or balance < _ONE_SIDED:
        return "mixed"
    repeated = window.repeated / (window.frames - window.still)
    if repeated <= _NOT_REPEATED:
        return "interlaced"
    return "telecine_hard" if repeated >= _REPEATED and _in_step(window.telling) else "mixed"


def _total(repeats: Repeats) -> int:
    return sum(places.total() for places in repeats.values())


def _in_step(repeats: Repeats) -> bool:
    """Whether the repeats follow the 2:3 cycle: each side repeats once in five frames, always at the same place.

    Where drawings are held, a repeat is seen at that place or the one after it.
    """
    numbers = [places.total() for places in repeats.values()]
    if min(numbers) < max(numbers) / 2:
        return False
    return all(
        max(places[n] + places[(n + 1) % CYCLE] for n in range(CYCLE)) >= _IN_STEP * places.total()
        for places in repeats.values()
    )


def _film_rate(kind: Kind, rate: Fraction) -> Fraction | None:
    if kind == "telecine_soft":
        return _RATES[0]  # two frames on five fields of 1/59.94 s: that is how it is known
    if kind != "telecine_hard":
        return None
    film = rate * (CYCLE - 1) / CYCLE
    nearest = min(_RATES, key=lambda known: abs(known - film))
    return nearest if abs(nearest - film) < film / 1000 else film.limit_denominator(1001)


def _look(path: Path | str, span: range, limits: DecodeLimits) -> Window:
    window = Window()
    try:
        with open_video(path, purpose=PURPOSE, limits=limits) as reader:
            for metadata in _idet(frame.picture for frame in reader.pick(span)):
                window.add(*metadata)
    except DecodeError:
        pass  # it ends early or is damaged there: whether that matters, others decide
    return window


def _idet(pictures: Iterator[Any]) -> Iterator[tuple[dict[str, str], ...]]:
    """The metadata of each picture behind the filter, under either bound. Pictures of another size end it."""
    import av

    graphs: list[Any] = []
    size = None
    for picture in pictures:
        if not graphs:
            graphs = [_graph(picture, bound) for bound in (_CLEARLY, _FAINTLY)]
            size = (picture.width, picture.height)
        if (picture.width, picture.height) != size:
            break
        for graph in graphs:
            graph.vpush(picture)
        yield from _pulled(graphs)
    try:
        for graph in graphs:
            graph.vpush(None)
    except av.error.FFmpegError:
        return
    yield from _pulled(graphs)


def _graph(picture: Any, bound: float) -> Any:
    from av.filter import Graph

    graph = Graph()
    source = graph.add_buffer(
        width=picture.width,
        height=picture.height,
        format=picture.format,
        time_base=picture.time_base or Fraction(1, 1000),
    )
    idet, sink = graph.add("idet", f"rep_thres={bound}"), graph.add("buffersink")
    source.link_to(idet)
    idet.link_to(sink)
    graph.configure()
    return graph


def _pulled(graphs: Sequence[Any]) -> Iterator[tuple[dict[str, str], ...]]:
    import av

    while graphs:
        try:
            yield tuple(dict(graph.vpull().metadata) for graph in graphs)
        except (av.error.BlockingIOError, av.error.EOFError):
            return
