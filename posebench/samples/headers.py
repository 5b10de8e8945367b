"""Headers of photographs: size, colours, bit depth and EXIF orientation, read without decoding the pixels.

JPEG: ITU-T T.81, annex B; EXIF 2.32, section 4.5 (the orientation is tag 0x0112 of the first directory). PNG: its specification,
chunks IHDR and eXIf. Other formats have no header here.
"""

import struct
from dataclasses import dataclass

from posebench.errors import PosebenchError

JPEG, PNG = b"\xff\xd8", b"\x89PNG\r\n\x1a\n"
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers of a JPEG's frame, which states precision, size and number of components; the three others are tables."""
ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
"""Markers of a JPEG that have no length."""
SCAN, END, APP1 = 0xDA, 0xD9, 0xE1
EXIF = b"Exif\0\0"
ORIENTATION = 0x0112
PNG_CHANNELS = {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}
"""PNG's colour types: grey, RGB, palette, grey and alpha, RGB and alpha."""


@dataclass(frozen=True)
class Header:
    """What a photograph's file states of it.

    Attributes:
        width, height: in stored pixels, before any rotation by EXIF.
        channels: 1 or 2 for grayscale, 3 for colour, 4 for CMYK (JPEG) or colour and alpha (PNG).
        bits: per channel.
        orientation: EXIF's, 1 to 8; 1 where nothing is said: the pixels are stored upright.
        form: `JPEG` or `PNG`.
    """

    width: int
    height: int
    channels: int
    bits: int
    orientation: int
    form: str

    @property
    def grayscale(self) -> bool:
        """Whether there is no colour."""
        return self.channels < 3

    @property
    def cmyk(self) -> bool:
        """Whether the colours are those of print, which decoders convert each in its own way."""
        return self.form == "JPEG" and self.channels == 4


def read_header(content: bytes) -> Header | None:
    """The header of a photograph.

    Args:
        content: the file, or its beginning.

    Returns:
        None for another format than JPEG and PNG.

    Raises:
        PosebenchError: the header is damaged or cut off.
    """
    try:
        if content.startswith(JPEG):
            return _jpeg(content)
        return _png(content) if content.startswith(PNG) else None
    except (struct.error, IndexError, KeyError):
        raise PosebenchError("its header is damaged or cut off") from None


def _jpeg(content: bytes) -> Header:
    place, orientation = len(JPEG), 1
    while True:
        if content[place] != 0xFF:
            raise IndexError(place)  # the segment's length was wrong
        marker = content[place + 1]
        if marker == 0xFF:  # a fill byte
            place += 1
        elif marker in ALONE:
            place += 2
        elif marker in (SCAN, END):
            raise IndexError(place)  # no frame before the pixels
        else:
            (length,) = struct.unpack_from(">H", content, place + 2)
            if marker in FRAMES:
                bits, height, width, channels = struct.unpack_from(">BHHB", content, place + 4)
                return Header(width, height, channels, bits, orientation, "JPEG")
            segment = content[place + 4 : place + 2 + length]
            if marker == APP1 and segment.startswith(EXIF):
                orientation = _orientation(segment[len(EXIF) :])
            place += 2 + length


def _png(content: bytes) -> Header:
    width, height, bits, color = struct.unpack_from(">IIBB", content, 16)
    place, orientation = len(PNG), 1
    while place + 8 <= len(content):
        length, name = struct.unpack_from(">I4s", content, place)
        if name == b"eXIf":
            orientation = _orientation(content[place + 8 : place + 8 + length])
        place += length + 12
    return Header(width, height, PNG_CHANNELS[color], bits, orientation, "PNG")


def _orientation(exif: bytes) -> int:
    """EXIF's orientation; 1 where it is not stated, or the block is damaged: decoders ignore such a block too."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    try:
        if order is None:
            return 1
        (directory,) = struct.unpack_from(f"{order}I", exif, 4)
        (entries,) = struct.unpack_from(f"{order}H", exif, directory)
        for entry in range(entries):
            tag, _, _, value = struct.unpack_from(f"{order}HHIH", exif, directory + 2 + 12 * entry)
            if tag == ORIENTATION:
                return value if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
