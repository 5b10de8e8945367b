"""Packs of a run: which pack has the pixels of its people, if there is one."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from posebench.data.instances import Instances
from posebench.plugins.recipe import Recipe

if TYPE_CHECKING:
    from posebench.samples.pack import Pack


def training_pack(
    packs: Path, people: Instances, recipe: Recipe, regions: str, say: Callable[[str], None]
) -> "Pack | None":
    """The pack to train from, if there is one; says which, or that those of the split do not fit."""
    from posebench.samples.pack import find_pack, packs_of

    if people.synthetic:
        return None
    pack = find_pack(packs, people, recipe, regions)
    if pack is not None:
        coded = " Its pixels are JPEG-coded and differ from the photographs'." if pack.coding == "jpeg" else ""
        say(f"Pixels come from the pack {pack.folder}.{coded}")
    elif packs_of(packs, people):
        say(f"No pack of {people.what} in {packs} fits this recipe and these annotations; the photographs are read.")
    return pack


def upright_pack(packs: Path, people: Instances, recipe: Recipe, regions: str) -> "Pack | None":
    """The pack that has these people's upright crops; None to read their photographs."""
    from posebench.samples.pack import find_pack

    # With a largest scale below 1, training sees less of a person than an upright crop shows.
    if people.synthetic or max(recipe.augmentation.scale) < 1:
        return None
    return find_pack(packs, people, recipe, regions)
