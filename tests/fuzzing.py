"""Reading damaged files in a process of their own: HDF5's C library may crash on bytes that no Python code can check."""

import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

from posebench.errors import PosebenchError

READ, REFUSED, TRACEBACK = 0, 1, 2
CRASHED = -1


def outcome(read: Callable[[], object], path: Path) -> int:
    """What becomes of reading `path`: READ, REFUSED in a sentence that names it, TRACEBACK (printed), or CRASHED outside Python."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else CRASHED
    result = TRACEBACK
    try:
        read()
        result = READ
    except PosebenchError as error:
        result = REFUSED if str(path) in str(error) else TRACEBACK
        if result == TRACEBACK:
            print(f"A sentence without the file: {error}", file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(result)
