"""Find the split of an MPII annotation: by the list of validation people, and by the number of other people.

A file says no split of its own, and the same forms are used for all of them. Without this, `--data valid.h5 --split train`
would print scores of "mpii train".
"""

from pathlib import Path

import numpy as np

from posebench.data.instances import Instances

from ..known_splits import other_split, size_notes
from .matlab_files import validation_people

PEOPLE = {"train": 22_246, "val": 2_958, "test": 7_247}
"""train and val: Tompson et al. (CVPR 2015), as pose-hg-train and HRNet have them; test: the single people of the release."""


def split_notes(instances: Instances, numbered: bool, file: Path) -> tuple[str, ...]:
    """Sentences on a file that is not the whole split.

    Args:
        numbered: image and person numbers are the release's own (`annolist` and `annorect` indices), so they tell who is
            a validation person.

    Raises:
        PosebenchError: the people are those of another split.
    """
    found, split = len(instances), instances.split
    asked = f"MPII {split}"
    validation = _validation(instances) if numbered else None
    if validation is None:
        same_size = next((name for name, people in PEOPLE.items() if people == found), split)
        if same_size != split:
            raise other_split(file, f"has {found:,} people, as MPII {same_size}", asked, same_size)
    elif split != "val" and validation == found:
        raise other_split(file, "has validation people only", asked, "val")
    elif split == "val" and not validation:
        fix = "test" if not instances.visibility.any() else "train"
        raise other_split(file, f"has {found:,} people and none of the validation people", asked, fix)
    notes = size_notes(file, asked, {"people": (found, PEOPLE[split])})
    if validation is None or validation == (found if split == "val" else 0):
        return notes
    if split == "val":
        return (*notes, f"{found - validation:,} of the {found:,} people of {file.name} are not of MPII val.")
    return (*notes, f"{validation:,} of the {found:,} people of {file.name} are of MPII val.")


def _validation(instances: Instances) -> int:
    """How many of the people are in the list of validation people."""
    listed = {(image, person) for image, person in validation_people().tolist()}
    numbers = np.column_stack([instances.image_ids[instances.image], instances.person]).tolist()
    return sum((image, person) in listed for image, person in numbers)
