"""Transport streams in which bits of the times of one picture have flipped."""

from __future__ import annotations

from pathlib import Path

PACKET = 188
_STARTS, _ADAPTED, _VIDEO = 0x40, 0x20, range(0xE0, 0xF0)


def with_wrong_time(source: Path, target: Path, *, number: int, bit: int) -> Path:
    """A copy of a transport stream whose video packet `number`, in stored order, has times with this bit flipped.

    Bits are those of a time in ticks of 1/90000 s: 22 is 47 s.
    """
    data, found = bytearray(source.read_bytes()), -1
    for start in range(0, len(data), PACKET):
        head = _elementary(data, start)
        if head is None:
            continue
        found += 1
        if found == number:
            both = data[head + 7] >> 6 == 3  # presentation and decoding
            for at in (head + 9, head + 14) if both else (head + 9,):
                data[at : at + 5] = _flipped(data[at : at + 5], bit)
            target.write_bytes(data)
            return target
    raise AssertionError(f"{source} has {found + 1} video packets")


def _elementary(data: bytearray, start: int) -> int | None:
    """Where the header of a video packet begins in a transport packet; None where none does."""
    if not data[start + 1] & _STARTS:
        return None
    head = start + 4 + (1 + data[start + 4] if data[start + 3] & _ADAPTED else 0)
    return head if data[head : head + 3] == b"\0\0\1" and data[head + 3] in _VIDEO else None


def _flipped(coded: bytes, bit: int) -> bytes:
    """33 bits in five bytes, a marker after the first three, the next fifteen and the last fifteen."""
    time = (coded[0] >> 1 & 7) << 30 | (coded[1] << 7 | coded[2] >> 1) << 15 | (coded[3] << 7 | coded[4] >> 1)
    time ^= 1 << bit
    high, low = time >> 15 & 0x7FFF, time & 0x7FFF
    return bytes(
        (
            coded[0] & 0xF0 | time >> 30 << 1 | 1,
            high >> 7,
            high << 1 & 0xFF | 1,
            low >> 7,
            low << 1 & 0xFF | 1,
        )
    )
