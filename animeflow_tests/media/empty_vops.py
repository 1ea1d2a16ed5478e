"""MPEG-4 with packets that hold no picture, as encoders write them for one that repeats."""

from __future__ import annotations

from pathlib import Path

import av

EMPTY_VOP = (b"\x00\x00\x01\xb6", "0101000001001111")  # coded P, not coded: no picture comes of it


def packed(bits: str) -> bytes:
    whole = bits.ljust((len(bits) + 7) // 8 * 8, "1")
    return int(whole, 2).to_bytes(len(whole) // 8, "big")


def with_empty_packets(source: Path, path: Path, after: range) -> Path:
    """MPEG-4 with a packet of a picture that is not coded after some of its pictures."""
    with av.open(str(source)) as there, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(there.streams.video[0])
        for number, packet in enumerate(there.demux(video=0)):
            if packet.pts is None:
                continue
            pts = packet.pts
            packet.stream = stream
            out.mux(packet)
            if number in after:
                empty = av.Packet(EMPTY_VOP[0] + packed(EMPTY_VOP[1]))
                empty.pts = empty.dts = pts + 10
                empty.time_base, empty.stream = stream.time_base, stream
                out.mux(empty)
    return path
