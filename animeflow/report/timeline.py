"""The shots of each video on one time axis: key frames, cuts, transitions, clips, drawings, difference, voice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from animeflow.report.pictures import Budget, evenly, fit, webp_uri
from animeflow.report.shard import Row, ShardData

# Width of the axis in SVG units; the page stretches it.
AXIS = 1000.0
MOST_KEY_FRAMES = 240
KEY_FRAME_WIDTH = 176
_CURVE_POINTS = 900


@dataclass(frozen=True)
class Clock:
    """Frame number -> seconds since the first frame, exact where the pts are stored.

    `frames` ascend and end with the frame after the last one; between stored frames time is interpolated.
    """

    frames: np.ndarray
    seconds: np.ndarray
    origin: float = 0.0  # where the first frame stands on the container's clock, in seconds

    @property
    def total(self) -> float:
        return float(self.seconds[-1]) if self.seconds.size else 0.0

    def at(self, frame: float) -> float:
        return float(np.interp(frame, self.frames, self.seconds)) if self.frames.size else 0.0

    def share(self, frame: float) -> float:
        """Position on the axis in percent."""
        return 100.0 * self.at(frame) / self.total if self.total else 0.0


@dataclass(frozen=True)
class Band:
    """Something that covers start <= frame < end: left edge and width in percent of the axis."""

    left: float
    width: float
    label: str
    kind: str = ""
    id: str = ""
    picture: str | None = None


@dataclass
class VideoTimeline:
    """What the page draws for one video."""

    video_id: str
    name: str
    facts: list[tuple[str, str]]
    clock: Clock
    shots: list[Band] = field(default_factory=list)
    transitions: list[Band] = field(default_factory=list)
    clips: list[Band] = field(default_factory=list)
    voice: list[Band] = field(default_factory=list)
    drawings_path: str = ""
    drawings_count: int = 0
    curve_path: str = ""
    network_path: str = ""
    ticks: list[tuple[float, str]] = field(default_factory=list)
    left_out: int = 0
    no_pictures: str = ""  # why no shot has a key frame to show

    @property
    def min_width(self) -> int:
        """Pixels below which the axis scrolls rather than squeezes: 44 px a shot, 36 px a second for short videos."""
        return int(min(24_000, max(640, 44 * len(self.shots), 36 * min(self.clock.total, 60))))


def timelines(data: ShardData, budget: Budget) -> list[VideoTimeline]:
    """One timeline per usable video, in the order of the files."""
    shots, clips = _by_video(data.rows("shots")), _by_video(data.rows("clips"))
    decisions = {row["clip_id"]: row for row in data.rows("kept_clips")}
    drawings = _by_video(
        data.rows("drawings", columns=["drawing_id", "video_id", "shot", "start", "end", "hold"])
    )
    pictures = _key_frames(data)
    voice = voice_intervals(data)
    found = []
    for file in data.rows("shard_files"):
        video = file.get("video_id")
        if not file.get("usable") or not video:
            continue
        clock = _clock(data, file, shots[video])
        line = VideoTimeline(video, file["path"], _facts(file, clock), clock)
        _add_shots(line, shots[video], lambda key: _picture(data, pictures.get(key), budget))
        line.no_pictures = _why_no_pictures(data, line)
        line.clips = [_clip_band(clock, row, decisions.get(row["clip_id"])) for row in clips[video]]
        line.voice = [_voice_band(clock, a, b) for a, b in voice.get(video, []) if clock.total]
        line.drawings_count = len(drawings[video])
        line.drawings_path = _ticks_path([clock.share(row["start"]) for row in drawings[video]])
        line.curve_path, line.network_path = _curves(data, video, clock)
        line.ticks = _axis_ticks(clock.total)
        found.append(line)
    return found


def voice_intervals(data: ShardData) -> dict[str, list[tuple[float, float]]]:
    """Seconds of speech per video on the container's clock, from `transcripts`; empty when there are none."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in data.rows("transcripts"):
        begin, end = row.get("start_s"), row.get("end_s")
        if begin is not None and end is not None and end > begin:
            found[row["video_id"]].append((begin, end))
    return found


def _voice_band(clock: Clock, begin: float, end: float) -> Band:
    a, b = (min(clock.total, max(0.0, at - clock.origin)) for at in (begin, end))
    return Band(100 * a / clock.total, 100 * (b - a) / clock.total, f"speech {begin:.2f}–{end:.2f} s")


def _by_video(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda r: (r["video_id"], r["start"])):
        found[row["video_id"]].append(row)
    return found


def _clock(data: ShardData, file: Row, shots: Sequence[Row]) -> Clock:
    base = (file.get("time_base_num") or 0) / (file.get("time_base_den") or 1)
    table = data.table("frame_signals", columns=["frame", "pts"], video=file["video_id"])
    if table is not None and table.num_rows > 1 and base:
        frames, pts = table["frame"].to_numpy(), table["pts"].to_numpy().astype(np.float64)
        step = np.median(np.diff(pts))
        seconds = (np.append(pts, pts[-1] + step) - pts[0]) * base
        return Clock(np.append(frames, frames[-1] + 1), seconds, float(pts[0] * base))
    if shots and base:
        frames = np.array([row["start"] for row in shots] + [shots[-1]["end"]])
        pts = np.array([row["start_pts"] for row in shots] + [shots[-1]["end_pts"]], dtype=np.float64)
        return Clock(frames, (pts - pts[0]) * base, float(pts[0] * base))
    frames_total = file.get("frames") or 0
    return Clock(np.array([0, max(1, frames_total)]), np.array([0.0, file.get("duration_s") or 0.0]))


def _facts(file: Row, clock: Clock) -> list[tuple[str, str]]:
    rate = file["rate_num"] / file["rate_den"] if file.get("rate_num") and file.get("rate_den") else None
    kind = " variable" if file.get("variable_rate") else ""
    return [
        ("picture", f"{file.get('width')}×{file.get('height')}"),
        ("codec", f"{file.get('codec')} {file.get('bit_depth')} bit"),
        ("rate", f"{rate:.3f} fps{kind}" if rate else "unknown"),
        ("frames", f"{file.get('frames')}"),
        ("length", f"{clock.total:.2f} s"),
    ]


def _key_frames(data: ShardData) -> dict[tuple[str, int], Row]:
    """The middle picture of each shot, its cover where there is no middle."""
    found: dict[tuple[str, int], Row] = {}
    for row in data.rows("key_frames"):
        key = (row["video_id"], row["shot"])
        if key not in found or row["role"] == "middle":
            found[key] = row
    return found


def _add_shots(
    line: VideoTimeline, shots: Sequence[Row], picture: Callable[[tuple[str, int]], str | None]
) -> None:
    clock = line.clock
    chosen = set(evenly(len(shots), MOST_KEY_FRAMES))
    for index, row in enumerate(shots):
        left = clock.share(row["start"])
        length = clock.at(row["end"]) - clock.at(row["start"])
        label = (
            f"shot {row['shot']}: frames {row['start']}–{row['end'] - 1}, {length:.2f} s, "
            f"begins with {_cut(row['cut_kind'])}"
        )
        uri = picture((line.video_id, row["shot"])) if index in chosen else None
        line.left_out += index not in chosen
        line.shots.append(
            Band(left, clock.share(row["end"]) - left, label, row["cut_kind"], str(row["shot"]), uri)
        )
        kind = "fade" if row["cut_kind"] == "start" else row["cut_kind"]  # a video begins with a fade only
        spans = (
            (kind, row["transition_start"], row["transition_end"]),
            ("fade", row.get("end_transition_start"), row.get("end_transition_end")),
        )
        for kind, start, end in spans:
            if start is not None and end is not None:
                a, b = clock.share(start), clock.share(end)
                line.transitions.append(Band(a, b - a, f"{kind}: frames {start}–{end - 1}", kind))


def _picture(data: ShardData, row: Row | None, budget: Budget) -> str | None:
    image = data.picture("key_frames", row["media_path"]) if row and budget.left > 0 else None
    return budget.take(webp_uri(fit(image, KEY_FRAME_WIDTH), quality=58)) if image is not None else None


def _why_no_pictures(data: ShardData, line: VideoTimeline) -> str:
    """Empty where a shot has one, or where there is no shot to have one."""
    if not line.shots or any(band.picture for band in line.shots):
        return ""
    view = data.assets["key_frames"]
    if not view.readable:
        return view.reason or view.state
    refused = [s for s in data.statuses(view.name) if s.video_id == line.video_id and not s.ok]
    said = refused[0].message or refused[0].reason.value if refused else data.problems.get(view.name, "")
    return said or "left out to keep the page small"


def _cut(kind: str) -> str:
    return {"start": "the video", "hard": "a hard cut"}.get(kind, f"a {kind}")


def _clip_band(clock: Clock, row: Row, decision: Row | None) -> Band:
    left = clock.share(row["start"])
    kind = "undecided" if decision is None else "kept" if decision["keep"] else "dropped"
    why = "" if kind != "dropped" or decision is None else f": {decision['reason']}"
    text = f"clip of shot {row['shot']}, frames {row['start']}–{row['end'] - 1}, {kind}{why}"
    return Band(left, clock.share(row["end"]) - left, text, kind, row["clip_id"])


def _ticks_path(shares: Sequence[float]) -> str:
    return "".join(f"M{share * AXIS / 100:.1f} 0V10" for share in shares)


def _curves(data: ShardData, video: str, clock: Clock) -> tuple[str, str]:
    signals = data.table("frame_signals", columns=["frame", "diff_rms"], video=video)
    network = data.table("shots", "shot_probabilities", columns=["frame", "single"], video=video)
    difference = _curve(signals, "diff_rms", clock, area=True, root=True)
    return difference, _curve(network, "single", clock, area=False, top=1.0)


def _curve(
    table: Any, column: str, clock: Clock, *, area: bool, root: bool = False, top: float | None = None
) -> str:
    """An SVG path 0..AXIS wide and 0..100 high; many frames are reduced to the largest value of each bin."""
    if table is None or table.num_rows < 2 or not clock.total:
        return ""
    frames = table["frame"].to_numpy().astype(np.float64)
    values = table[column].to_numpy(zero_copy_only=False).astype(np.float64)
    if np.isnan(values).all():
        return ""
    values = np.nan_to_num(values)
    bins = np.array_split(np.arange(len(values)), min(len(values), _CURVE_POINTS))
    x = np.interp([frames[b].mean() for b in bins], clock.frames, clock.seconds) / clock.total * AXIS
    y = np.array([values[b].max() for b in bins])
    limit = top or float(np.max(y)) or 1.0
    y = np.clip(y / limit, 0, 1)
    y = 100 - 100 * (np.sqrt(y) if root else y)
    points = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
    return f"M{x[0]:.1f} 100L{points}L{x[-1]:.1f} 100Z" if area else f"M{points}"


def _axis_ticks(total: float) -> list[tuple[float, str]]:
    """About a dozen round times: (percent, m:ss)."""
    if total <= 0:
        return []
    step = next(
        (s for s in (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600) if total / s <= 14), max(600.0, total / 12)
    )
    count = int(total / step * 0.93)  # a label at the very end would be cut off
    return [(100 * i * step / total, _tick(i * step, step)) for i in range(count + 1)]


def _tick(at: float, step: float) -> str:
    minutes, rest = divmod(at, 60)
    return f"{int(minutes)}:{rest:04.1f}" if step < 1 else f"{int(minutes)}:{int(rest):02d}"
