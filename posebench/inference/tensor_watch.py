"""Watch: records what a forward pass does with tensors.

Every operation passes by, whether a module, a function or an operator made it, so nothing depends on how a network is
written. It runs on any device, on `meta` too, where tensors have shapes and no memory.
"""

import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves


class Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's own lacks types
    """Follows every block of memory that a tensor made inside `with Watch()` refers to.

    Attributes:
        live, peak: bytes that are in use now, and the most there were at once.
        uses: block → what was done to it, in order: the label of the moment, and whether it was written to.
        label: recorded with each use; set by the caller.
        seen: called after each operation with it, its arguments and its result.
    """

    def __init__(self, seen: Callable[[Any, Sequence[Any], dict[str, Any], Any], None] | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.live = self.peak = 0
        self.uses: dict[int, list[tuple[object, bool]]] = {}
        self.label: object = None
        self._seen = seen
        self._sizes: dict[int, int] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        for tensor, written in _arguments(func, args, kwargs):
            self.uses.setdefault(block(tensor), []).append((self.label, written))
        result = func(*args, **kwargs)
        for tensor in tensors(result):
            self.follow(tensor)
        if self._seen is not None:
            self._seen(func, args, kwargs, result)
        return result

    def follow(self, tensor: Tensor) -> None:
        """Count a tensor's memory from now until nothing refers to it."""
        storage = tensor.untyped_storage()
        key = block(tensor)
        if key in self._sizes:
            return
        self._sizes[key] = storage.nbytes()
        self.uses.setdefault(key, [])
        self.live += storage.nbytes()
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self._release, key).atexit = False

    def _release(self, key: int) -> None:
        # Addresses are reused, so the entries of a freed block are removed.
        self.live -= self._sizes.pop(key, 0)
        self.uses.pop(key, None)


def block(tensor: Tensor) -> int:
    """What two tensors have in common when they share memory."""
    return int(tensor.untyped_storage()._cdata)


def tensors(nested: Any) -> list[Tensor]:
    """All tensors in lists, tuples and dicts."""
    return [leaf for leaf in tree_leaves(nested) if isinstance(leaf, Tensor)]


def _arguments(func: Any, args: Sequence[Any], kwargs: dict[str, Any]) -> Iterator[tuple[Tensor, bool]]:
    """Every tensor that an operation is given, and whether it writes to it."""
    for place, argument in enumerate(func._schema.arguments):
        value = args[place] if place < len(args) else kwargs.get(argument.name)
        written = argument.alias_info is not None and argument.alias_info.is_write
        for tensor in tensors(value):
            yield tensor, written
