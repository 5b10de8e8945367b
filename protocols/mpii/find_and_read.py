"""Find MPII's annotation files and read them by their form. Each form has a reader in a module of this folder."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from posebench.array_type import Array
from posebench.data.instances import OCCLUDED, UNLABELLED, VISIBLE, Instances
from posebench.errors import PosebenchError, existing
from posebench.files.arrays import array_names, load_array

from .. import hourglass_h5
from ..dataset_folder import files_named, none_found
from .annotation import SKELETON, Annotation, numbers, to_instances, whole
from .hrnet_json import read_json
from .known_split import split_notes
from .matlab_files import GT_VALID_FORM, head_lengths, read_detections, read_gt_valid, read_release

KNOWN = (
    "mpii reads mpii_human_pose_v1_u12_1.mat (the official release), detections.mat (pytorch-pose), train.h5, valid.h5 and "
    "test.h5 (pose-hg-train), train.json, valid.json and test.json (HRNet), and gt_valid.mat with valid.h5 or valid.json beside it"
)
NAMES = {
    "train": ("mpii_human_pose_v1_u12_*.mat", "train.json", "train.h5"),
    "val": ("mpii_human_pose_v1_u12_*.mat", "detections.mat", "valid.json", "valid.h5"),
    "test": ("mpii_human_pose_v1_u12_*.mat", "test.json", "test.h5"),
}
"""The most exact first."""
DOWNLOAD = (
    "The official release and the photographs are at http://human-pose.mpi-inf.mpg.de/#download; photographs belong into 'images' "
    "beside 'annot'. https://github.com/princeton-vl/pose-hg-train has train.h5 and valid.h5, "
    "https://github.com/leoxiaobin/deep-high-resolution-net.pytorch (HRNet) train.json and valid.json, "
    "https://github.com/bearpaw/pytorch-pose detections.mat."
)
FOLDERS = ("annot", "", "annotations", "mpii_human_pose_v1_u12_2")
H5_FORM = {"train": "train.h5", "val": "valid.h5", "test": "test.h5"}
TRUNCATED = (
    "Ground truth truncated to whole pixels ({}): on published predictions that moves Mean by up to 0.01, AUC by up to 0.17 and "
    "Mean@0.1 by up to 0.58."
)
"""Measured: the official rule on valid.h5 less that on detections.mat, for the four files of golden.json."""
HEAD_IN_GT_VALID = "head_length_in_gt_valid"
"""The measure that mmpose's evaluator divides by: head boxes of the gt_valid.mat beside another annotation."""


def find_annotations(root: Path, split: str, form: str | None = None) -> Path:
    """The annotation file to read: the one of that form where it is there, else the most exact.

    Raises:
        PosebenchError: there is none.
    """
    names = NAMES[split] if form is None else (form, *NAMES[split])
    found = files_named(root, FOLDERS, names)
    # valid.json alone has no head boxes, so nothing can be scored on it.
    scored = [path for path in found if path.name != "valid.json" or path.with_name(GT_VALID_FORM).is_file()]
    if found:
        return (scored or found)[0]
    raise none_found(f"MPII {split}", root, FOLDERS, names, DOWNLOAD)


def read(file: Path, split: str) -> Instances:
    """The people of an annotation file, whichever form it has.

    Raises:
        PosebenchError: it has none that is known, something in it is wrong, or its people are those of another split.
    """
    annotation = read_annotation(file, split)
    instances = to_instances(annotation, file, split)
    source = instances.source
    notes = (*source.notes, *split_notes(instances, annotation.index is not None, file))
    measures = dict(instances.measures) | lengths_beside(file, len(instances), split)
    return replace(instances, measures=measures, source=replace(source, notes=notes))


def read_annotation(file: Path, split: str) -> Annotation:
    """Read an annotation file; its content tells the form."""
    with existing(file, "an MPII annotation").open("rb") as opened:
        start = opened.read(64).lstrip()[:1]
    if start in (b"[", b"{"):
        return read_json(file, split, _head_lengths_beside(file, split))
    try:
        names = array_names(file)
    except PosebenchError as error:
        raise PosebenchError(f"{error} {KNOWN}.") from error
    try:
        return _read_arrays(file, split, set(names))
    except ValueError as error:
        raise PosebenchError(f"{file} is damaged: {error}.") from error


def _read_arrays(file: Path, split: str, names: set[str]) -> Annotation:
    if "RELEASE" in names:
        return read_release(file, split)
    if "imgname" in names:
        return read_h5(file, split)
    if {"pos_gt_src", "annolist"} & names and split != "val":
        raise PosebenchError(f"{file} has validation people only and none of mpii {split}.")
    if "pos_gt_src" in names:
        return read_gt_valid(file, people_beside(file, split))
    if "annolist" in names:
        return read_detections(file, people_beside(file, split))
    kind = "It is a prediction file. " if "preds" in names else ""
    raise PosebenchError(
        f"{file} is not an MPII annotation; it has {', '.join(sorted(names)[:8]) or 'nothing'}. {kind}{KNOWN}."
    )


def people_beside(file: Path, split: str) -> Annotation | None:
    """The validation people with their images' names, from the valid.h5 or valid.json beside a file that has no names."""
    for name in ("valid.h5", "valid.json"):
        if (beside := file.with_name(name)).is_file() and beside != file:
            return read_h5(beside, split) if name == "valid.h5" else read_json(beside, split)
    return None


def read_h5(file: Path, split: str) -> Annotation:
    """The hourglass release's form. Centre and scale are final there; (0, 0) is an unlabelled keypoint.

    Raises:
        PosebenchError: a column is missing, or of another shape or kind.
    """
    arrays = load_array(file)
    found = hourglass_h5.columns(arrays, file, "MPII", len(SKELETON))
    if found.normalize is None:
        raise PosebenchError(f"{file} is not an MPII annotation: it lacks normalize.")
    n = len(found.images)
    labelled = ~(found.parts == 0).all(axis=2) & (split != "test")
    index = whole(numbers(arrays, "index", (n,), file), "index", file) if "index" in arrays else None
    return Annotation(
        form=H5_FORM[split],
        images=found.images,
        person=found.person,
        center=found.center,
        scale=found.scale,
        keypoints=found.parts,
        visibility=np.where(labelled, np.where(found.visible > 0, VISIBLE, OCCLUDED), UNLABELLED),
        head_length=found.normalize if split != "test" else np.full(n, np.nan),
        index=index,
        notes=(TRUNCATED.format(file.name),) if split != "test" else (),
    )


def lengths_beside(file: Path, people: int, split: str) -> dict[str, Array]:
    """The head lengths of a gt_valid.mat beside the file, where it has as many people."""
    lengths = _head_lengths_beside(file, split)
    return {HEAD_IN_GT_VALID: lengths} if lengths is not None and len(lengths) == people else {}


def _head_lengths_beside(file: Path, split: str) -> Array | None:
    beside = file.with_name(GT_VALID_FORM)
    if split != "val" or beside == file or not beside.is_file():
        return None
    return head_lengths(load_array(beside, ["headboxes_src"]), beside)
