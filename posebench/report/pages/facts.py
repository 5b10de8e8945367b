"""What a record states, flat: names and texts for a page."""

import json
from collections.abc import Mapping
from typing import Any

from posebench.errors import counted

HISTORY = "history"
"""Field of a record's provenance that is drawn instead of written out."""


def facts(nested: Mapping[str, Any], above: str = "") -> list[tuple[str, str]]:
    """Such as `recipe.epochs`, `140`."""
    flat = []
    for key, value in nested.items():
        name = f"{above}{key}"
        if name == HISTORY:
            flat.append((name, f"{counted(len(value), 'epoch', 'epochs')}, drawn above"))
        elif isinstance(value, Mapping):
            flat += facts(value, f"{name}.")
        else:
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            flat.append((name, text if len(text) <= 300 else f"{text[:299]}…"))
    return flat
