"""Pack: the people of a split and a recipe become a folder of pixels."""

from pathlib import Path
from typing import TYPE_CHECKING

from posebench.errors import PosebenchError
from posebench.files.writing import shown_bytes
from posebench.plugins.protocol import Protocol
from posebench.plugins.recipe import Recipe
from posebench.tasks.people import load_people, run_splits
from posebench.tasks.training.initial_weights import recipe_network
from posebench.tasks.training.job import Settings, chosen_recipe

if TYPE_CHECKING:
    from posebench.samples.pack_files import Coding
    from posebench.samples.packing import Packing

SPARE = 1.05
"""Space asked for, as a factor of the estimate, which comes from a sample of the photographs."""


def plan_pack(
    protocol: Protocol, data: Path, packs: Path, *, split: str | None = None, arch: str | None = None,
    recipe: str | None = None, coding: "Coding" = "raw",
) -> "Packing":  # fmt: skip
    """The pack of a split for a recipe, with its size; nothing is written.

    Args:
        packs: the folder of packs.
        split: None for the one that is trained on.
        arch: whose published recipe is meant, where `recipe` is None or `paper`.
        recipe: `paper`, the name of a shipped recipe, or a TOML/JSON file.

    Raises:
        PosebenchError: no recipe is meant, no one is to be packed, or photographs are missing.
    """
    from posebench.samples.packing import Packing

    if arch is None and recipe in (None, "paper"):
        raise PosebenchError(
            "A pack is for a recipe, and the paper recipe is the architecture's. Add --arch NAME, or --recipe FILE."
        )
    chosen = chosen_recipe(arch or "", protocol, data, Settings(recipe=recipe))
    regions = _regions(arch, protocol, chosen)
    people = load_people(protocol, data, split or run_splits(protocol, data).train)
    return Packing(people, chosen, packs, regions, coding)


def _regions(arch: str | None, protocol: Protocol, recipe: Recipe) -> str:
    """By which code base's rule boxes become crops in the training that a pack is for; "" for posebench's own."""
    import torch

    if recipe.pipeline == "posebench":
        return ""
    if arch is None:
        raise PosebenchError(
            f"The recipe {recipe.name} has the published pipeline, which is the architecture's. Add --arch NAME."
        )
    with torch.device("meta"):
        return recipe_network(arch, protocol.skeleton, recipe).pipeline.regions


def check_space(packing: "Packing") -> None:
    """Raise an error where a pack does not fit on its disk."""
    missing = packing.bytes_needed * SPARE - packing.bytes_present
    if missing > packing.bytes_free:
        raise PosebenchError(
            f"The pack needs about {shown_bytes(round(missing))}, but {packing.folder.parent} has "
            f"{shown_bytes(packing.bytes_free)} free. Name another folder with --packs, or add --jpeg for a smaller pack."
        )
