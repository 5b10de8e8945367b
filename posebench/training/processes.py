"""Processes: what several processes of one training run share, and each one's own part."""

from collections.abc import Iterator, Sequence

import torch
from accelerate import Accelerator

from posebench.samples.loader import Key


def any_process(here: Sequence[bool], accelerator: Accelerator) -> list[bool]:
    """Whether any process says so, for each question: all must stop after the same step, or the others wait for ever."""
    if accelerator.num_processes == 1:
        return list(here)
    flags = torch.tensor(here, dtype=torch.float32, device=accelerator.device)
    return [bool(flag) for flag in accelerator.reduce(flags).tolist()]


def own_share(keys: Iterator[list[Key]], done: int, accelerator: Accelerator) -> Iterator[list[Key]]:
    """The batches after `done` steps, reduced to this process's samples: every n-th, repeated to equal numbers."""
    world, rank = accelerator.num_processes, accelerator.process_index
    for step, batch in enumerate(keys):
        if step >= done:
            whole = [batch[i % len(batch)] for i in range(-(-len(batch) // world) * world)]
            yield whole[rank::world]
