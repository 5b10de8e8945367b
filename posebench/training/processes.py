"""Processes: what the processes that torchrun started do together. For one process all of it is trivial."""

import atexit
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from itertools import islice, tee
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from accelerate.state import PartialState
from torch import Tensor

from posebench import torchrun
from posebench.errors import PosebenchError
from posebench.samples.loader import Key

T = TypeVar("T")

LONGEST_WAIT = timedelta(hours=1)
"""How long a process waits for the others: the first one scores alone between two networks."""
FIRST_SPEAKS = 10
"""Seconds that a process which fails alike leaves the first one of its machine to say why. torchrun ends it when that one ended;
it would end the first one in the middle of its sentence if this one were faster."""


class ProcessLost(PosebenchError):
    """Another process of the same run ended, so this one cannot go on."""


def join(device: str | None = None) -> None:
    """Let this process work together with the others that torchrun started, from now on: on GPUs where there are any.

    Args:
        device: `cpu` for processor cores in any case.

    Raises:
        PosebenchError: this machine has fewer GPUs than processes.
    """
    if torchrun.processes() == 1 or dist.is_initialized():
        return
    cuda = torch.cuda.is_available() and device != "cpu"
    if cuda and torch.cuda.device_count() < torchrun.processes_here():
        raise PosebenchError(
            f"torchrun started {torchrun.processes_here()} processes here, but {socket.gethostname()} has "
            f"{torch.cuda.device_count()} GPUs. Use --nproc_per_node {torch.cuda.device_count()}, or --device cpu."
        )
    # Both kinds: questions between processes are asked on the host and do not wait for the GPUs.
    dist.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo", timeout=LONGEST_WAIT)
    atexit.register(dist.destroy_process_group)
    PartialState(
        cpu=not cuda
    )  # what accelerate asks for the device; it would overlook that several processes share a CPU


def count() -> int:
    """Processes that work together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def index() -> int:
    """Number of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def any_process(here: Sequence[bool]) -> list[bool]:
    """Whether any process says so, for each question: all must stop after the same step, or the others wait for ever."""
    if count() == 1:
        return list(here)
    answers = torch.tensor(here, dtype=torch.uint8)
    with losing_others():
        dist.all_reduce(answers, dist.ReduceOp.MAX)
    return answers.bool().tolist()


def mean(values: Tensor) -> Tensor:
    """The mean over all processes, on their device."""
    if count() == 1:
        return values
    values = values.clone()
    with losing_others():
        dist.all_reduce(values)
    return values / count()


def gathered(value: T) -> list[T]:
    """The values of all processes, in their order."""
    if count() == 1:
        return [value]
    values: list[Any] = [None] * count()
    with losing_others():
        dist.all_gather_object(values, value)
    return values


def together(do: Callable[[], T]) -> T:
    """`do()` in each process; if it fails in one, then in all, with the same sentence.

    Raises:
        PosebenchError: what the first process that failed raised.
    """
    if count() == 1:
        return do()
    failed, made = None, None
    try:
        made = do()
    except PosebenchError as error:
        failed = error
    for one in gathered(failed):
        if one is not None:
            raise one
    return made  # type: ignore[return-value]


def by_first(do: Callable[[], T]) -> T:
    """What `do()` of the first process returns; the others wait for it.

    Raises:
        PosebenchError: what it raised, in all processes.
    """
    return gathered(together(lambda: do() if index() == 0 else None))[0]  # type: ignore[return-value]


@contextmanager
def entered_by_first(context: AbstractContextManager[T]) -> Iterator[T]:
    """A context that the first process enters and leaves, such as a lock; its value is given to all.

    Raises:
        PosebenchError: what entering raised, in all processes.
    """
    with ExitStack() as entered:
        yield by_first(lambda: entered.enter_context(context))


@contextmanager
def losing_others() -> Iterator[None]:
    """Turn the errors of broken connections into one sentence.

    Raises:
        ProcessLost: another process ended within the context.
    """
    try:
        yield
    except (RuntimeError, PosebenchError) as error:
        if count() > 1 and _is_of_connection(error):
            raise ProcessLost(
                "Another process of this run has ended, so this one cannot go on. "
                "Add --resume to the same command to go on from the last checkpoint."
            ) from error
        raise


def _is_of_connection(error: BaseException) -> bool:
    """Whether an error, or what caused it, comes from torch's communication."""
    cause: BaseException | None = error
    while cause is not None:
        # gloo's errors have no type of their own, only a text that begins with a place in gloo's source.
        if isinstance(cause, dist.DistError) or "gloo/" in str(cause) or "NCCL" in str(cause):
            return True
        cause = cause.__cause__
    return False


def fails_first() -> bool:
    """Whether no other process of this run has said yet that it failed. One sentence is enough, and the first is the cause."""
    if torchrun.processes() == 1:
        return True
    atexit.unregister(dist.destroy_process_group)  # it would wait for processes that may have ended
    if not dist.is_initialized():  # a mistake that every process finds, or every process of a machine
        if torchrun.process_here():
            time.sleep(FIRST_SPEAKS)
        return True
    try:
        return dist.distributed_c10d._get_default_store().add("posebench/failed", 1) == 1
    except RuntimeError:  # the process that keeps the counter is gone
        return torchrun.is_first()


def in_step(items: Iterator[T]) -> Iterator[T]:
    """The items that each process makes for itself, equally many; where one fails to make one, all fail before using theirs.

    Raises:
        PosebenchError: what the first process that failed raised.
    """
    if count() == 1:
        yield from items
        return
    while True:
        failed, made = None, None
        try:
            made = next(items)
        except StopIteration:
            return
        except PosebenchError as error:
            failed = error
        if any_process((failed is not None,))[0]:
            raise next(error for error in gathered(failed) if error is not None)
        yield made  # type: ignore[misc]


def own_shares(keys: Iterator[list[Key]], done: int) -> tuple[Iterator[list[Key]], Iterator[float]]:
    """This process's samples of each batch after the first `done`, and the weight of their mean.

    Each process has every n-th sample. With these weights, the mean of the processes' means is the mean over the batch,
    whether it divides or not. A process without a sample takes one with the weight 0: it takes part in the step.

    Returns:
        Two iterators over the same batches; either may be ahead.
    """
    whole, again = tee(islice(keys, done, None))
    return (
        (batch[index() :: count()] or batch[:1] for batch in whole),
        (len(batch[index() :: count()]) * count() / len(batch) for batch in again),
    )
