"""Networks with a quarter of their channels: about a sixteenth of the operations, and every layer and name as it is."""

from importlib import import_module
from typing import Any

import pytest
import timm

FAMILIES = "posebench.architectures"


def narrow(patch: pytest.MonkeyPatch) -> None:
    """Make the built-in networks narrow, where what is tested does not depend on their width."""
    wide, whole = import_module(f"{FAMILIES}.hrnet")._hrnet, timm.create_model

    def create(name: str, **settings: Any) -> Any:
        bottlenecks = name.partition(".")[0] in ("resnet50", "resnet101", "resnet152")
        return whole(name, **({"base_width": 16} if bottlenecks else {}), **settings)

    patch.setattr(timm, "create_model", create)
    patch.setattr(f"{FAMILIES}.hrnet._hrnet", lambda width, *arguments: wide(width // 4, *arguments))
    stems = {"newell": (16, 32, 32, 64), "bearpaw": (16, 32, 64, 64)}
    patch.setattr(f"{FAMILIES}.hourglass.STEMS", stems)
    for module, channels in (("hourglass", 64), ("cpm", 32), ("cpn", 64), ("simple_baseline", 64)):
        patch.setattr(f"{FAMILIES}.{module}.CHANNELS", channels)
    patch.setattr(f"{FAMILIES}.cpm.FIRST_CHANNELS", 128)
