"""Damaged files, and reading them in a process of their own: HDF5's C library may crash on bytes that no Python code can check."""

import io
import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import h5py
import numpy as np

from posebench.errors import PosebenchError
from posebench.files.checksum import LENGTH, with_checksum

READ, REFUSED, TRACEBACK = 0, 1, 2
CRASHED, HUNG = 3, 4
NAMES = {READ: "read", REFUSED: "refused", TRACEBACK: "traceback", CRASHED: "crash", HUNG: "hang"}
ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1e308, -1e-308, 10**4000, float("nan"), float("inf"), "", "x", "\ud800", "\x1b]0;x\x07", "../../../x",
    "x" * 10_000, [], {}, [[[]]], [1, 2], {"x": 1}, -(2**63) - 1, 2**64,
)  # fmt: skip
ODD_TOKENS = b'nan,1e999,-1,,"",[],{},null,\xff\xfe,\0,9999999999999999999999,\n\n,\x1b[31m,../x,true,"\\ud800"'.split(
    b","
)


def outcomes(read: Callable[[], object], path: Path, contents: Iterable[bytes]) -> list[int]:
    """What becomes of reading `path` with each content: READ, REFUSED in a sentence that names it, TRACEBACK (printed), or CRASHED
    outside Python."""

    def read_new(content: bytes) -> None:
        path.unlink(missing_ok=True)  # a library that has the last file open must not take this one for it
        path.write_bytes(content)
        read()

    return read_each([partial(read_new, content) for content in contents], path).outcomes


@dataclass(frozen=True)
class Ended:
    """How files were read one after the other.

    Attributes:
        outcomes: of each: READ, REFUSED, TRACEBACK, CRASHED, or HUNG.
        megabytes: the most memory that a process held.
    """

    outcomes: list[int]
    megabytes: float


def read_each(
    reads: Sequence[Callable[[], object]], path: Path, seconds: float = 60, megabytes: int | None = None
) -> Ended:
    """Read several files in one process; another one goes on behind a file that ends it.

    Args:
        reads: read the file at `path`, each another content.
        seconds: of one file, after which the process is ended as hung.
        megabytes: that a process may allocate beyond what this one has; None for no limit.
    """
    outcomes: list[int] = []
    most = 0.0
    while len(outcomes) < len(reads):
        told, tell = os.pipe()
        child = os.fork()
        if not child:
            os.close(told)
            _read_and_tell(reads[len(outcomes) :], path, tell, seconds, megabytes)
        os.close(tell)
        with os.fdopen(told, "rb") as file:
            outcomes += file.read()
        _, status, used = os.wait4(child, 0)
        most = max(most, used.ru_maxrss / 1024)
        if os.WIFSIGNALED(status):
            outcomes.append(HUNG if os.WTERMSIG(status) == signal.SIGALRM else CRASHED)
    return Ended(outcomes, most)


def _read_and_tell(
    reads: Sequence[Callable[[], object]], path: Path, tell: int, seconds: float, megabytes: int | None
) -> NoReturn:
    """Read, and write a byte for each outcome to a pipe."""
    try:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        if megabytes is not None:
            own = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            resource.setrlimit(resource.RLIMIT_AS, (own + megabytes * 2**20,) * 2)
        for read in reads:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            os.write(tell, bytes([_became(read, path)]))
    finally:
        sys.stderr.flush()
        os._exit(0)


def _became(read: Callable[[], object], path: Path) -> int:
    try:
        read()
    except PosebenchError as error:
        if str(path) in str(error):
            return REFUSED
        print(f"A sentence without the file: {error}", file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    else:
        return READ
    return TRACEBACK


def damaged(content: bytes, random: np.random.Generator) -> bytes:
    """Content with bytes changed, cut off, left out, repeated, or exchanged for tokens that readers stumble over."""
    cut = int(random.integers(0, len(content) + 1))
    length = int(random.integers(1, 40))
    match int(random.integers(6)):
        case 0:
            return content[:cut]
        case 1:
            return content[:cut] + content[cut + length :]
        case 2:
            return content[:cut] + content[cut : cut + length] * 3 + content[cut + length :]
        case 3:
            return content[:cut] + ODD_TOKENS[int(random.integers(len(ODD_TOKENS)))] + content[cut + length // 8 :]
        case _:
            array = np.frombuffer(content, np.uint8).copy()
            where = random.integers(0, len(array), size=int(random.integers(1, 9)))
            array[where] ^= random.integers(1, 256, size=len(where)).astype(np.uint8)
            return array.tobytes()


def odd_json(content: bytes, random: np.random.Generator) -> bytes:
    """A JSON text with one of its values, at any depth, exchanged for an odd one, left out, or nested deeply."""
    whole = [json.loads(content)]
    places = list(_places(whole))
    inside, key = places[int(random.integers(len(places)))]
    kind = int(random.integers(10))
    if kind == 0 and inside is not whole:
        del inside[key]
    elif kind == 1:
        marked = inside[key] = "DEEP"
        depth = int(random.choice([20, 210, 5000, 200_000]))
        return _text(whole[0]).replace(f'"{marked}"', "[" * depth + "]" * depth).encode()
    else:
        inside[key] = ODD_VALUES[int(random.integers(len(ODD_VALUES)))]
    return _text(whole[0]).encode()


def without_checksum(content: bytes, random: np.random.Generator) -> bytes:
    """HDF5 content damaged before its checksum was made, or that has none."""
    changed = damaged(content[:-LENGTH], random)
    return with_checksum(changed) if random.random() < 0.3 else changed


def pick(values: Sequence[Any], random: np.random.Generator) -> Any:
    """One of them, as it is."""
    return values[int(random.integers(len(values)))]


def odd_columns(content: bytes, random: np.random.Generator) -> bytes:
    """A predictions or heatmap file with a column or a text of another type, shape or value."""
    memory = io.BytesIO(content)
    odd = [
        np.array([]), np.array(3), np.arange(6), np.full((3, 16), 2), np.zeros((3, 16, 2), complex), np.full((3, 16, 2), 1e300),
        np.full((3, 16, 2), np.nan), np.array([b"x", b"\xff", b""]), np.array([2**62, -1, 0]), np.zeros((3, 16), bool),
        np.full(3, 2**64 - 1, np.uint64), np.zeros((0, 16, 2)), np.full((3, 4), -1e308), np.array([0.5, np.inf, -np.inf]),
        h5py.Empty("f8"), np.zeros(3, [("a", "f8")]), np.array(["text"] * 3, h5py.string_dtype()),
    ]  # fmt: skip
    texts = [
        "",
        "[]",
        "null",
        "{",
        '{"arch": ' + "[" * 210 + "]" * 210 + "}",
        '{"n": ' + "9" * 4000 + "}",
        '{"a": "\\ud800"}',
        "[1]",
    ]
    with h5py.File(memory, "a") as file:
        if random.random() < 0.3:
            name = pick(sorted(file.attrs), random)
            file.attrs[name] = np.bytes_(pick(texts, random).encode()) if random.random() < 0.8 else "\x1b[31m"
        else:
            name = pick(list(file), random)
            del file[name]
            if random.random() < 0.9:
                file[name] = pick(odd, random)
    return memory.getvalue()


def _text(value: Any) -> str:
    return json.dumps(value)


def _places(value: Any) -> Any:
    """(container, key) of every value below."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from _places(value[key])
