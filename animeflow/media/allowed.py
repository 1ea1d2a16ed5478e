"""What animeflow is willing to open, as data: demuxers, protocols, and the first bytes of what it refuses."""

from __future__ import annotations

DEMUXERS = (
    "matroska", "webm", "mov", "mp4", "m4a", "3gp", "3g2", "mj2", "mpegts", "avi", "flv", "ogg", "asf",
    "mpeg", "rm",
)  # fmt: skip
"""Demuxers that read one self-contained file. Playlists, image sequences, scripts and devices are not
among them.
"""

PROTOCOLS = ("file",)

INPUT_OPTIONS = {"format_whitelist": ",".join(DEMUXERS), "protocol_whitelist": ",".join(PROTOCOLS)}
"""The same limits for PyAV (`options=`) and for ffmpeg (before `-i`)."""

MAX_PIXELS = 36_000_000
"""Largest picture: 8K is 33.2 million pixels; a 14000x14000 PNG in a 0.6 MB file took 565 MB when opened."""

MAX_FRAMES = 3_000_000
"""Most frames of a file: 34 hours at 24 a second."""

MAX_ATTACHMENT_BYTES = 64 << 20
"""Largest attachment or cover whose bytes are looked at: the largest fonts of whole scripts have 40 MB."""

# FFmpeg opens files named inside these texts (measured: an ffconcat text named .mp4 opens its neighbours).
PLAYLIST_HEADS = (b"ffconcat", b"#EXTM3U", b"[playlist]", b"<smil", b"<asx", b"<ASX", b"[Reference]")
PLAYLIST_XML = (b"<MPD", b"<SmoothStreamingMedia", b"<playlist")

# Sound files and pictures that some demuxer outside the list would read: they have no video, and say so at
# once.
SOUND_HEADS = (b"ID3", b"fLaC", b"\xff\xfb", b"\xff\xf3", b"\xff\xf1", b"\xff\xf9", b"FORM")
CONTAINER_HEADS = (
    (0, b"\x1aE\xdf\xa3"), (4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (4, b"free"), (4, b"wide"), (8, b"AVI "),
    (0, b"FLV"), (0, b"OggS"), (0, b"\x30\x26\xb2\x75"), (0, b"\x00\x00\x01\xba"), (0, b".RMF"),
)  # fmt: skip
"""(offset, bytes) by which a damaged file is told from one that never was a video."""

BARE_HEADS = {
    "H.264": (b"\0\0\0\x01\x67", b"\0\0\0\x01\x27", b"\0\0\0\x01\x09", b"\0\0\x01\x67"),
    "HEVC": (b"\0\0\0\x01\x40\x01", b"\0\0\0\x01\x46\x01"),
    "MPEG-1 or MPEG-2": (b"\0\0\x01\xb3",),
    "AV1": (b"\x12\0\x0a",),
}
"""First bytes of video without a container: nothing in it says when a picture is shown."""

OTHER_HEADS = {
    "IVF": (b"DKIF",),
    "YUV4MPEG": (b"YUV4MPEG2",),
    "MXF": (b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02",),
    "NUT": (b"nut/multimedia container\0",),
    "DV": (b"\x1f\x07\0\x3f", b"\x1f\x07\0\xbf"),
}
"""First bytes of video in containers that are not opened."""
