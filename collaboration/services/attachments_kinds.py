"""What a file is, found by looking into it: its name and whoever sent it may say anything.

Only pictures that browsers show by themselves are told apart; everything else is a download. Nothing is decoded: a
picture's size stands in its head, and a head that promises too much is refused before anybody's browser believes it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import IO, Final

MOST_SIDE: Final = 16_000
MOST_PIXELS: Final = 80_000_000
_MOST_SEGMENTS: Final = 400
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture by its head: its media type and its size in pixels."""

    media_type: str
    width: int
    height: int

    @property
    def is_too_large(self) -> bool:
        """Whether showing it would take more memory than any page should."""
        return max(self.width, self.height) > MOST_SIDE or self.width * self.height > MOST_PIXELS


def picture_in(file: IO[bytes]) -> Picture | None:
    """The picture a file is, None for everything else and for a head that cannot be read."""
    file.seek(0)
    head = file.read(32)
    try:
        found = _png(head) or _gif(head) or _webp(head) or _jpeg(file, head)
    except struct.error:
        return None
    return found if found and found.width and found.height else None


def _png(head: bytes) -> Picture | None:
    if not head.startswith(b"\x89PNG\r\n\x1a\n") or head[12:16] != b"IHDR":
        return None
    return Picture("image/png", *struct.unpack(">II", head[16:24]))


def _gif(head: bytes) -> Picture | None:
    return Picture("image/gif", *struct.unpack("<HH", head[6:10])) if head[:6] in {b"GIF87a", b"GIF89a"} else None


def _webp(head: bytes) -> Picture | None:
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return None
    if head[12:16] == b"VP8X":
        return Picture("image/webp", _three(head[24:27]) + 1, _three(head[27:30]) + 1)
    if head[12:16] == b"VP8L" and head[20] == 0x2F:
        (bits,) = struct.unpack("<I", head[21:25])
        return Picture("image/webp", (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if head[12:16] == b"VP8 " and head[23:26] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", head[26:30])
        return Picture("image/webp", width & 0x3FFF, height & 0x3FFF)
    return None


def _three(octets: bytes) -> int:
    return int.from_bytes(octets, "little")


def _jpeg(file: IO[bytes], head: bytes) -> Picture | None:
    """Its size stands in the first frame, behind whatever cameras write before it."""
    if not head.startswith(b"\xff\xd8\xff"):
        return None
    file.seek(2)
    for _segment in range(_MOST_SEGMENTS):
        start, marker, length = struct.unpack(">BBH", file.read(4))
        if start != 0xFF or length < 2:
            return None
        if marker in _FRAMES:
            _bits, height, width = struct.unpack(">BHH", file.read(5))
            return Picture("image/jpeg", width, height)
        file.seek(length - 2, 1)
    return None
