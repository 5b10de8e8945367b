"""What torchrun tells each process that it starts: how many there are, and which one this is."""

import atexit
import os
import sys
from typing import NoReturn


def processes() -> int:
    """Processes of this run on all machines; 1 without torchrun."""
    return _told("WORLD_SIZE", 1)


def process() -> int:
    """Number of this process, from 0; the first one speaks and writes."""
    return _told("RANK", 0)


def process_here() -> int:
    """Number of this process among those of its machine, from 0."""
    return _told("LOCAL_RANK", 0)


def processes_here() -> int:
    """Processes of this run on this machine."""
    return _told("LOCAL_WORLD_SIZE", 1)


def is_first() -> bool:
    """Whether this process is the one that speaks and writes."""
    return process() == 0


def end(code: int) -> NoReturn:
    """End this process after what is registered for its end, such as leaving the group of processes.

    Python would then unload torch, of which a thread may still run. That aborted the second process of every fourth run that is
    validated, and torchrun then ends the first one before it has scored.
    """
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _told(name: str, otherwise: int) -> int:
    value = os.environ.get(name, "")
    return int(value) if value.isdecimal() else otherwise
