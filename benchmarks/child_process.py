"""Processor time and largest memory of what is done in a process of its own, so that no measurement changes another."""

import json
import os
import platform
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any


def largest() -> float:
    """MB that this process held at most."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


class ChildError(Exception):
    """The last line that a child printed before it failed."""


def run_child(script: str, *arguments: Any) -> dict[str, Any]:
    """What a child that runs `script --child ARGUMENTS` with one thread prints as JSON in its last line.

    The caller must be small: Linux hands its largest size down to children.
    """
    command = [sys.executable, script, "--child", *map(str, arguments)]
    environment = os.environ | {f"{kind}_NUM_THREADS": "1" for kind in ("OMP", "RAYON", "OPENBLAS")}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise ChildError((done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1])
    printed: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return printed


def medians(found: list[dict[str, Any]]) -> dict[str, Any]:
    """What several children printed: medians of numbers, and of all else the last child's."""
    return {
        key: median(one[key] for one in found) if isinstance(value, int | float) else value
        for key, value in found[-1].items()
    }


def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
