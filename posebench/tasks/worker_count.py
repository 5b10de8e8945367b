"""How many processes work beside this one, where nobody says."""

from posebench.cores import cores


def worker_count(asked: int | None) -> int:
    """Processes for work that uses no network: as asked, else one less than there are cores, at most 8."""
    return min(8, cores() - 1) if asked is None else asked


def loader_count(asked: int | None, device: str | None = None) -> int:
    """Processes that make a network's batches: as asked, else none on a CPU, and as many as `worker_count` on a GPU.

    On a CPU the network's threads use every core already, and wait for each other at every layer: one more process makes
    all of them late. On two cores hourglass1 trained on 15 images a second with one process beside it, and on 48 without.

    Args:
        device: that the network works on; None for a GPU where there is one.
    """
    import torch

    gpu = torch.cuda.is_available() or torch.backends.mps.is_available()
    return worker_count(asked) if asked is not None or (device != "cpu" and gpu) else 0
