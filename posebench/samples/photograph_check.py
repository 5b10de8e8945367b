"""What is checked of one photograph: whether it decodes, its header, its hashes."""

import hashlib
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from posebench.array_type import Array
from posebench.errors import PosebenchError
from posebench.opencv import cv2
from posebench.samples.headers import read_header
from posebench.samples.images import Image, read_image

SIDE, KEPT = 32, 16
"""The perceptual hash: a photograph as SIDE × SIDE grey values, of the cosine transform of which KEPT × KEPT are kept."""
WORDS = KEPT * KEPT // 64
ALIKE = 38
"""Bits of 256 by which the hashes of near-duplicates differ at most. On LSP extended 1-5000, the 10 pairs that show one photograph
in two sizes differ by 2 to 18 bits, and every other pair by 56 or more."""


@dataclass(frozen=True)
class PhotographFacts:
    """What was found of one photograph.

    Attributes:
        problem: why it does not decode, as a sentence; empty where it does. The other facts are then the empty ones.
        width, height: in stored pixels. grayscale, cmyk: by its header. bits: per channel.
        orientation: EXIF's, 1 to 8; posebench, like the datasets' annotations, uses the stored pixels.
        sha256: of the file. pixels_sha256: of the decoded pixels, so that the same picture in two files is found.
        perceptual_hash: 64 hexadecimal digits, alike for photographs that look alike.
    """

    problem: str = ""
    width: int = 0
    height: int = 0
    grayscale: bool = False
    cmyk: bool = False
    bits: int = 8
    orientation: int = 1
    sha256: str = ""
    pixels_sha256: str = ""
    perceptual_hash: str = ""

    def as_json(self) -> dict[str, Any]:
        """The facts by name."""
        return dict(vars(self))

    @classmethod
    def from_json(cls, values: Any) -> "PhotographFacts":
        """The inverse of `as_json`.

        Raises:
            ValueError: the values are not those of such facts.
        """
        known = {field.name: type(field.default) for field in fields(cls)}
        if not isinstance(values, dict) or {name: type(value) for name, value in values.items()} != known:
            raise ValueError("not the facts of a photograph")
        return cls(**values)


def check_photograph(path: Path) -> PhotographFacts:
    """Decode a photograph and describe it."""
    try:
        image = read_image(path)
        content = path.read_bytes()
        header = read_header(content)
    except PosebenchError as error:
        return PhotographFacts(problem=str(error))
    except OSError as error:  # deleted between the two reads
        return PhotographFacts(problem=f"{path} cannot be read: {error.strerror}.")
    height, width = image.shape[:2]
    facts = PhotographFacts(
        width=width, height=height, sha256=hashlib.sha256(content).hexdigest(),
        pixels_sha256=hashlib.sha256(repr(image.shape).encode() + image.tobytes()).hexdigest(),
        perceptual_hash=perceptual_hash(image),
    )  # fmt: skip
    if header is None:
        return facts
    return replace(
        facts, grayscale=header.grayscale, cmyk=header.cmyk, bits=header.bits, orientation=header.orientation
    )


def perceptual_hash(image: Image) -> str:
    """64 hexadecimal digits: which of the low frequencies of the grey values are above their median.

    Args:
        image: (H, W, 3) uint8 RGB.

    The method is the perceptual hash of Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010),
    with 256 frequencies instead of 64.
    """
    grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    frequencies = np.asarray(cv2.dct(grey.astype(np.float32)))[:KEPT, :KEPT].ravel()
    frequencies[0] = np.median(frequencies[1:])  # the mean grey says nothing of what is seen
    return np.packbits(frequencies > frequencies[0]).tobytes().hex()


def hash_words(hashes: list[str]) -> Array:
    """(N, 4) uint64 of N perceptual hashes."""
    return np.frombuffer(bytes.fromhex("".join(hashes)), np.uint64).reshape(-1, WORDS)


def near_pairs(one: Array, other: Array) -> Array:
    """(P, 2) rows of `one` and of `other`, the hashes of which differ by at most `ALIKE` bits.

    Args:
        one: (N, 4) uint64, see `hash_words`. other: (M, 4).
    """
    found, rows = [np.zeros((0, 2), np.int64)], max(1, 4_000_000 // max(len(other), 1))
    for first in range(0, len(one), rows):  # blocks that fit a processor's cache
        block = one[first : first + rows]
        differing = np.zeros((len(block), len(other)), np.uint16)
        for word in range(WORDS):
            differing += np.bitwise_count(block[:, None, word] ^ other[None, :, word])
        pairs = np.argwhere(differing <= ALIKE)
        pairs[:, 0] += first
        found.append(pairs)
    return np.concatenate(found)
