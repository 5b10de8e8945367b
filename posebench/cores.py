"""How many processor cores this process may use."""

import os


def cores() -> int:
    """The cores that the operating system allows this process, 1 where it does not say."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
