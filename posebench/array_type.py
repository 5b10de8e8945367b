"""Array: the type of a numpy array in annotations, of any element type. Docstrings say shape and unit."""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
