"""What is counted again from the files themselves. No function here reads what a stage says about itself.

Each takes the workspace, the shard and the settings, and returns what it counted and one line per fault.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from animeflow.defs.targets import target_of
from animeflow.hubs.open import open_hub
from animeflow.settings.tree import Settings
from animeflow.tables import failed_videos
from animeflow.tables.handle import Handle
from animeflow.tables.words import listed, plural
from animeflow.tables.workspace import Workspace

if TYPE_CHECKING:
    import pyarrow as pa

SAME_TIME_S = 0.001 + 1e-9  # Matroska keeps whole milliseconds: each side rounds by at most half of one
SAME_DB = 0.05  # how far the value in the table may be from the one that is measured again


@dataclass
class Verdict:
    """What a check counted, and what is wrong."""

    numbers: dict[str, int | float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def count(self, name: str, by: float = 1) -> None:
        """Add to a number."""
        self.numbers[name] = self.numbers.get(name, 0) + by

    def require(self, holds: bool, fault: str) -> None:
        """Note a fault unless something holds."""
        if not holds:
            self.faults.append(fault)


def film_is_whole(workspace: Workspace, shard: str, settings: Settings) -> Verdict:  # noqa: ARG001
    """Which videos are telecined or interlaced and stayed so; `source.restore` restores them."""
    from animeflow.source.remarks import not_restored
    from animeflow.source.shard import scan_counts

    (files,) = _handles(workspace, shard, "shard_files")
    rows = files.rows()
    stretched = not_restored(rows)
    return Verdict({**scan_counts(rows), "not_restored": len(stretched)}, stretched)


def every_frame_was_read(workspace: Workspace, shard: str, settings: Settings) -> Verdict:
    """As many rows of `frame_signals` as the source has packets, demuxed again; frame numbers without a gap.

    Packets before the first key frame of a recording give no picture, and are left out where none came of them.
    """
    from animeflow.source.shard import probe_within

    probe, found = probe_within(settings), Verdict()
    signals, files = _handles(workspace, shard, "frame_signals", "shard_files")
    sources = {row["video_id"]: row for row in files.rows() if row["usable"]}
    for video in sorted(signals.ok_videos()):
        rows = signals.table(video_id=video, columns=["frame", "pts"])
        frames, source = rows["frame"].to_pylist(), files.media(sources[video]["media_path"])
        packets = probe(source).video.frames
        if packets > len(frames) > 0:
            packets -= _undecodable(source, min(rows["pts"].to_pylist()))
        found.count("frames", len(frames))
        found.count("packets", packets)
        found.require(frames == list(range(len(frames))), f"{video}: frame numbers have gaps or repeat")
        # A truncated or damaged source may hold packets that give no picture; only more frames than packets is wrong.
        allowed = settings.shots.decode.max_corrupt_share * packets + 1
        if not 0 <= packets - len(frames) <= allowed:
            found.require(
                _pictures(source, settings) == len(frames),
                f"{video}: {len(frames)} frames of {packets} packets",
            )
    return found


def _pictures(source: Path, settings: Settings) -> int | None:
    """What a packet holds is not always a picture (fields in packets of their own, pictures that are not coded)."""
    from animeflow.errors import InputError
    from animeflow.media.chosen import count_pictures
    from animeflow.shots.limits import decode_limits

    decode = settings.shots.decode
    try:
        return count_pictures(source, purpose="check", limits=decode_limits(decode), isolation=decode)
    except InputError:
        return None


def _undecodable(source: Path, first_pts: int) -> int:
    """Packets of a video before its first key frame that gave no picture; 0 where its times are not sound."""
    from animeflow.media.demux.frame_index import read_frame_index

    index = read_frame_index(source)
    return 0 if index is None else index.undecodable(first_pts)


def shots_cover_every_frame(workspace: Workspace, shard: str, settings: Settings) -> Verdict:  # noqa: ARG001
    """The shots of a video follow each other without gap from its first to its last frame."""
    found = Verdict()
    shots, signals = _handles(workspace, shard, "shots", "frame_signals")
    for video in sorted(shots.ok_videos()):
        rows = sorted(_rows(shots, "shots", video), key=lambda row: row["start"])
        frames = signals.table(video_id=video, columns=["frame"]).num_rows
        edges = [(row["start"], row["end"]) for row in rows]
        joined = all(before[1] == after[0] for before, after in pairwise(edges))
        whole = bool(edges) and edges[0][0] == 0 and edges[-1][1] == frames
        found.count("shots", len(rows))
        found.require(joined and whole, f"{video}: shots do not cover its {frames} frames once")
    return found


def every_clip_is_decided(workspace: Workspace, shard: str, settings: Settings) -> Verdict:  # noqa: ARG001
    """One decision per clip of every video that was decided on: kept + dropped = clips."""
    found = Verdict()
    kept, clips = _handles(workspace, shard, "kept_clips", "clips")
    done = kept.ok_videos()
    wanted = Counter(row["clip_id"] for row in clips.rows() if row["video_id"] in done)
    decided = kept.rows()
    have = Counter(row["clip_id"] for row in decided)
    found.numbers = {"clips": wanted.total(), "kept": sum(row["keep"] for row in decided)}
    found.numbers["dropped"] = len(decided) - found.numbers["kept"]
    found.require(
        wanted == have, f"{len((wanted - have) + (have - wanted))} clips without a decision, or strange"
    )
    return found


def encodes_hold_every_frame(workspace: Workspace, shard: str, settings: Settings) -> Verdict:  # noqa: ARG001
    """Packets of each encode, read again from the file, are as many as its source's frames, at their times but for one
    constant; key frames are where clips may begin.
    """
    from animeflow.media.clips.files import read_clip_file
    from animeflow.media.encode.av1_videos import key_frames_of

    found = Verdict()
    encodes, signals, shots = _handles(workspace, shard, "av1_videos", "frame_signals", "shots")
    for row in encodes.rows():
        video = row["video_id"]
        encode = read_clip_file(encodes.media(row["media_path"]))
        times = signals.table(video_id=video, columns=["frame", "pts", "time_base_num", "time_base_den"])
        packets = 0 if encode.index is None else len(encode.index)
        found.count("packets", packets)
        found.require(
            packets == times.num_rows, f"{video}: {packets} packets, the source has {times.num_rows} frames"
        )
        if encode.index is not None and packets == times.num_rows and packets:
            worst = _worst_shift(times, encode.index.pts, float(encode.time_base))
            found.numbers["worst_ms"] = max(found.numbers.get("worst_ms", 0), round(1000 * worst, 3))
            found.require(
                worst <= SAME_TIME_S, f"{video}: a frame is {1000 * worst:.2f} ms off its source's time"
            )
        wanted = key_frames_of(_rows(shots, "shots", video), times.num_rows)
        missed = [
            cut for cut in wanted if encode.index is None or cut >= packets or not encode.index.key[cut]
        ]
        found.require(not missed, f"{video}: no key frame at {missed[:5]}")
    return found


def _worst_shift(times: pa.Table, pts: Any, time_base: float) -> float:
    """The largest distance in seconds between a frame's time in two files, their clocks' constant left out."""
    import numpy as np

    ordered = times.sort_by("frame")
    source = np.asarray(ordered["pts"], dtype=np.float64) * (
        ordered["time_base_num"][0].as_py() / ordered["time_base_den"][0].as_py()
    )
    shift = pts.astype(np.float64) * time_base - source
    return float(np.abs(shift - np.median(shift)).max())


def every_kept_clip_is_a_file(workspace: Workspace, shard: str, settings: Settings) -> Verdict:  # noqa: ARG001
    """One file per kept clip, with as many packets as the clip has frames, counted again from the file. A file without
    sound holds the same picture packets, and no sound.
    """
    from animeflow.media.clips.files import picture_md5, read_clip_file

    found = Verdict()
    files, kept = _handles(workspace, shard, "clip_videos", "kept_clips")
    done = files.ok_videos()
    wanted = {
        row["clip_id"]: row["end"] - row["start"]
        for row in kept.rows()
        if row["keep"] and row["video_id"] in done
    }
    have: dict[str, int] = {}
    for row in files.rows():
        path, clip = files.media(row["media_path"]), row["clip_id"]
        index = read_clip_file(path).index
        have[clip] = 0 if index is None else len(index)
        if row.get("mute_media_path"):
            muted = files.media(row["mute_media_path"])
            silent = read_clip_file(muted)
            found.count("muted")
            found.require(
                not silent.sounds, f"{clip}: its file without sound has {silent.sounds} sound tracks"
            )
            same = silent.index is not None and len(silent.index) == have[clip]
            found.require(
                same and picture_md5(muted) == picture_md5(path),
                f"{clip}: its file without sound has other pictures",
            )
    found.numbers |= {"clips": len(wanted), "files": len(have), "frames": sum(have.values())}
    for clip in sorted(wanted.keys() | have.keys()):
        found.require(
            wanted.get(clip) == have.get(clip),
            f"{clip}: file with {have.get(clip)} frames, clip of {wanted.get(clip)}",
        )
    return found


def layers_give_the_frame(workspace: Workspace, shard: str, settings: Settings) -> Verdict:
    """The published pictures, reopened from disk and put together by their blend, are what their row says of the frame.

    Where the clip is sure of its plate they are the frame itself. Another one says so and how far its layers reach:
    it is a guess, not a fault, and costs the other clips of the shard nothing.
    """
    from animeflow.layers.fitness import MIN_RECOMPOSED_DB, SURE
    from animeflow.layers.recompose import psnr
    from animeflow.media.chosen import chosen_frames
    from animeflow.media.decode.seeking import FrameTimes
    from animeflow.shots.limits import decode_limits

    found, decode = Verdict(), settings.shots.decode
    limits = decode_limits(decode)
    layers, files, drawings = _handles(workspace, shard, "smoothed_layers", "shard_files", "drawings")
    sources = {row["video_id"]: files.media(row["media_path"]) for row in files.rows() if row["usable"]}
    sure = {row["clip_id"] for row in layers.rows("layer_clips") if row["verdict"] in SURE}
    values = []
    for video in sorted(layers.ok_videos()):
        rows = _some_drawings(_rows(layers, "smoothed_layers", video))
        starts = [row["start"] for row in rows]
        times = FrameTimes.of_rows(_rows(drawings, "drawings", video))
        with closing(
            chosen_frames(
                sources[video], starts, purpose="check", times=times, limits=limits, isolation=decode
            )
        ) as pictures:
            for row, (_, picture) in zip(rows, pictures, strict=True):
                value = psnr(_put_together(layers, row), picture)
                values.append(0.0 if value is None else value)
                name = f"{row['clip_id']} {row['drawing_id']}"
                good = values[-1] >= MIN_RECOMPOSED_DB - SAME_DB or row["clip_id"] not in sure
                found.require(good, f"{name}: {values[-1]:.1f} dB")
                found.require(
                    abs(values[-1] - row["recomposition_psnr"]) <= SAME_DB,
                    f"{name}: {values[-1]:.2f} dB, its row says {row['recomposition_psnr']:.2f}",
                )
    found.numbers = {"drawings": len(values), "floor_db": MIN_RECOMPOSED_DB}
    if values:
        found.numbers |= {
            "lowest_db": round(min(values), 2),
            "median_db": round(sorted(values)[len(values) // 2], 2),
        }
    return found


def _some_drawings(rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The first, middle and last drawing of every clip, each frame once, ascending."""
    clips: dict[str, list[Mapping[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: row["start"]):
        clips.setdefault(row["clip_id"], []).append(row)
    chosen = {
        shown[place]["start"]: shown[place]
        for shown in clips.values()
        for place in {0, len(shown) // 2, len(shown) - 1}
    }
    return [chosen[start] for start in sorted(chosen)]


def _put_together(layers: Handle, row: Mapping[str, Any]) -> Any:
    from animeflow.layers.effects import Blend
    from animeflow.layers.recompose import recompose
    from animeflow.media.images import read_image

    def picture(name: str) -> Any:
        return read_image(layers.media(row[f"{name}_path"])) if row[f"{name}_path"] else None

    blend = Blend(row["blend"]) if row["blend"] else None
    return recompose(picture("character"), picture("background"), picture("effect"), blend)


def archives_read_back(workspace: Workspace, shard: str, settings: Settings) -> Verdict:  # noqa: ARG001
    """Every archive is reopened; its members are those of `archive_images`, by sha256, numbered without gap."""
    from animeflow.delivery.image_archives import verify_archives

    (archives,) = _handles(workspace, shard, "image_archives")
    images = sorted(row["number"] for row in archives.rows("archive_images"))
    found = Verdict({"archives": len(archives.rows()), "pictures": len(images)}, verify_archives(archives))
    found.require(images == list(range(1, len(images) + 1)), "the numbers of the pictures have gaps")
    return found


def publication_is_intact(asset: str, workspace: Workspace, shard: str, settings: Settings) -> Verdict:
    """Every file of a publication is read back from its target."""
    from animeflow.delivery.publishing import verify_published

    (published,) = _handles(workspace, shard, asset)
    place = target_of(asset, settings)
    rows = published.rows()
    numbers = {"files": len(rows), "bytes": sum(row["size_bytes"] for row in rows)}
    return Verdict(numbers, verify_published(published, open_hub(place.hub, workspace=workspace.root)))


def every_shard_is_whole(workspace: Workspace) -> Verdict:
    """Over all shards: how many are complete, and how many files failed. The standing check of the dataset."""
    from animeflow.catalog.shards import finished

    found = Verdict({"shards": 0, "incomplete": 0, "failed_files": 0})
    for shard in finished(workspace):
        failed = len(failed_videos.of_shard(workspace, shard.key))
        found.count("shards")
        found.count("incomplete", bool(shard.missing))
        found.count("failed_files", failed)
        found.require(not shard.missing, f"{shard.key}: not finished: {listed(shard.missing, 5)}")
        found.require(not failed, f"{shard.key}: {plural(failed, 'file')} failed")
    return found


def _handles(workspace: Workspace, shard: str, *names: str) -> tuple[Handle, ...]:
    return tuple(workspace.handle(shard, name) for name in names)


def _rows(handle: Handle, table: str, video: str) -> list[Mapping[str, Any]]:
    return [row for row in handle.rows(table, video_id=video) if row["video_id"] == video]
