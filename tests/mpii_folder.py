"""A tiny MPII-like folder with photographs of synthetic people."""

from pathlib import Path

import cv2
import h5py
import numpy as np

from posebench.plugins.registry import protocol
from posebench.synthetic import people as synthetic

PEOPLE = 4


def write_folder(folder: Path) -> Path:
    """Write `annot` and `images` with four people, the same to train on and to score: `people-seed0-val-000000.jpg` and on."""
    people = synthetic.instances(protocol("mpii").skeleton, "val", PEOPLE)
    (folder / "annot").mkdir(parents=True)
    (folder / "images").mkdir()
    for name in people.images:
        cv2.imwrite(str(folder / "images" / f"{name}.jpg"), synthetic.draw(name)[..., ::-1])
    for split in ("train", "valid"):
        with h5py.File(folder / "annot" / f"{split}.h5", "w") as file:
            file["imgname"] = np.array([f"{name}.jpg".encode() for name in people.images])
            file["person"], file["center"] = people.person, people.center + 1
            file["scale"], file["part"] = people.size.max(axis=1) / 200, people.keypoints + 1
            file["visible"], file["normalize"] = np.ones((PEOPLE, 16)), people.measures["head_length"]
    return folder
