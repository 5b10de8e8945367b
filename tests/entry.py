"""Runs `posebench` as a user does, in a process of its own, without waiting for torch to be imported each time.

A helper process has imported posebench and the libraries, and has done nothing but compile the templates of pages. All
processes of a test run share it: it forks for each of them, and then for each command. The new process has the command's
arguments, environment and folder. That costs a hundredth of a new interpreter. Tests of what is imported, and of what differs
between interpreters (the order of sets), start one: `fresh=True`.
"""

import atexit
import ctypes
import gc
import importlib
import json
import multiprocessing.util
import os
import pkgutil
import runpy
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import uuid
import weakref
from functools import cache
from pathlib import Path
from typing import Any

ENTRY = Path(sys.executable).with_name("posebench")
LIBRARIES = (
    "torch._dynamo",
    "timm",
    "accelerate",
    "pandas",
    "scipy.io",
    "scipy.optimize",
    "h5py",
    "cv2",
    "matplotlib.pyplot",
    "pydantic.main",
    "rich.progress",
    "rich.table",
)
LARGEST = 1 << 20
"""Bytes of a message to the helper."""
MADV_COLLAPSE = 25
"""Of Linux's madvise(2): make the pages of a range huge."""


def posebench(
    *arguments: object,
    cwd: Path | None = None,
    fresh: bool = False,
    people: int | None = None,
    resamples: int | None = None,
    **environment: str,
) -> subprocess.CompletedProcess[str]:
    """What `posebench` did with these arguments, in this folder, with these variables beside the usual ones.

    Args:
        fresh: in a new interpreter.
        people: how many synthetic people are scored, where that is not what is tested: 500 take 5 s to draw. None for 500.
        resamples: of the images, where intervals are not what is tested. None for 1,000.
    """
    command, variables = [str(ENTRY), *map(str, arguments)], os.environ | environment
    if fresh:
        return subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False)
    return run(command, cwd or Path.cwd(), variables, people, resamples)


def run(
    command: list[str],
    cwd: Path,
    variables: dict[str, str],
    people: int | None = None,
    resamples: int | None = None,
) -> subprocess.CompletedProcess[str]:
    """What a command did: `posebench`, or a Python script. Its input is empty."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err, Path(os.devnull).open() as nothing:
        start(command, cwd, variables, (nothing.fileno(), out.fileno(), err.fileno()), people, resamples)
        code = wait()
        texts = [file.seek(0) or file.read() for file in (out, err)]
    return subprocess.CompletedProcess(command, code, *texts)


def start(
    command: list[str],
    cwd: Path,
    environment: dict[str, str],
    files: tuple[int, int, int],
    people: int | None = None,
    resamples: int | None = None,
) -> None:
    """Start a command on these files (input, output, errors); `wait` for it before the next one."""
    socket.send_fds(_helper(), [json.dumps([command, str(cwd), environment, people, resamples]).encode()], files)


def wait() -> int:
    """The exit code of the command that was started last."""
    answer = _helper().recv(LARGEST)
    if not answer:
        raise RuntimeError("the helper that starts posebench's commands has ended")
    return int(answer)


@cache
def _helper() -> socket.socket:
    """A connection to the helper, which the first process that needs it starts."""
    from filelock import FileLock

    name = f"posebench-{os.environ.get('PYTEST_XDIST_TESTRUNUID', uuid.uuid4().hex)}"
    folder = Path(tempfile.gettempdir(), name)
    folder.mkdir(0o700, exist_ok=True)
    place = str(folder / "socket")
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with FileLock(folder / "lock"):
        try:
            connection.connect(place)
        except (FileNotFoundError, ConnectionRefusedError):  # none yet, or the process that started it has ended
            _start_helper(place)
            connection.connect(place)
    atexit.register(connection.close)
    return connection


def _start_helper(place: str) -> None:
    """Start a helper that listens at this place until this process ends."""
    Path(place).unlink(missing_ok=True)
    listener, (here, there) = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET), socket.socketpair()
    listener.bind(place)
    listener.listen()
    files = listener.fileno(), there.fileno()
    alone = os.environ | {"OMP_NUM_THREADS": "1"}  # a process with one thread is one that can be forked
    command = [sys.executable, __file__, *map(str, files)]
    process = subprocess.Popen(command, pass_fds=files, stdin=subprocess.DEVNULL, env=alone)
    listener.close()
    there.close()
    atexit.register(shutil.rmtree, Path(place).parent, ignore_errors=True)
    atexit.register(process.wait)
    atexit.register(here.close)  # runs first, and ends the helper


def _accepted(listener: socket.socket, starter: socket.socket) -> socket.socket | None:
    """Fork for each process that connects; the connection in the new one, and nothing in the helper once its starter ends."""
    while starter not in select.select([listener, starter], [], [])[0]:
        connection, _ = listener.accept()
        if not os.fork():
            listener.close()
            return connection
        connection.close()
    return None


def _serve(connection: socket.socket) -> tuple[Any, list[int]] | None:
    """Fork for each request; what was requested in the new process, and nothing in this one once the connection is closed."""
    while True:
        request, files, _, _ = socket.recv_fds(connection, LARGEST, 3)
        if not request:
            return None
        child = os.fork()
        if not child:
            connection.close()
            return json.loads(request), files
        for file in files:
            os.close(file)
        _, status = os.waitpid(child, 0)
        connection.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(
    files: list[int],
    command: list[str],
    cwd: str,
    environment: dict[str, str],
    people: int | None,
    resamples: int | None,
) -> None:
    """Make this process one that was started by this command."""
    imported = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
    os.setsid()
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    sys.stdin = sys.__stdin__ = os.fdopen(0, closefd=False)
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.__stderr__ = os.fdopen(2, "w", 1, errors="backslashreplace", closefd=False)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(imported | environment)
    sys.argv[:] = command
    sys.path[:0] = filter(None, environment.get("PYTHONPATH", "").split(os.pathsep))
    if people is not None:
        from posebench.tasks import people as numbers

        numbers.SYNTHETIC_TO_SCORE = people
    if resamples is not None:
        from posebench.scoring import bootstrap

        bootstrap.RESAMPLES = resamples


def _import() -> None:
    """Import posebench, which sets variables for libraries, and then these; compile the templates of pages.

    What a command does not use is the helper's.
    """
    for package in map(importlib.import_module, ("posebench", "posebench.architectures", "posebench.protocols")):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(".__main__"):
                importlib.import_module(module.name)
    for library in LIBRARIES:
        importlib.import_module(library)
    from posebench.report.pages.frame import environment

    for template in environment().list_templates():
        environment().get_template(template)
    atexit._clear()  # libraries take themselves apart at the end, which copies every page of theirs
    for finalizer in weakref.finalize._registry:
        finalizer.atexit = False
    atexit.register(weakref.finalize._exitfunc)
    atexit.register(multiprocessing.util._exit_function)
    gc.freeze()
    if Path("/proc/self/maps").exists():
        _make_pages_huge()


def _make_pages_huge() -> None:
    """Hold the helper's objects in huge pages, where Linux can: a fork and its end take time for each page."""
    madvise = ctypes.CDLL(None).madvise
    for line in Path("/proc/self/maps").read_text().splitlines():
        addresses, access, _, _, _, *name = line.split()
        if access == "rw-p" and name in ([], ["[heap]"]):
            begin, end = (int(address, 16) for address in addresses.split("-"))
            madvise(ctypes.c_size_t(begin), ctypes.c_size_t(end - begin), MADV_COLLAPSE)


def _run_command() -> None:
    """Do what the script does, and end without taking all libraries apart, which takes a second."""
    code: Any = 0
    try:
        if sys.argv[0] == str(ENTRY):
            from posebench.cli.main import main

            main()
        else:
            runpy.run_path(sys.argv[0], run_name="__main__")
    except SystemExit as ended:
        code = ended.code
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    del sys.path[0]  # the folder of this file, which an installed command does not have
    OUTSIDE = frozenset(os.environ)
    _import()
    accepted = _accepted(*(socket.socket(fileno=int(number)) for number in sys.argv[1:]))
    if accepted and (asked := _serve(accepted)):
        _become(asked[1], *asked[0])
        _run_command()
    os._exit(0)
