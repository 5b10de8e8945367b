"""COCO keypoints: average precision over OKS.

Goal: find the people of an image and their 17 keypoints; a detection is right where its object keypoint similarity to
somebody not yet found is at least a threshold, 0.50 to 0.95.

Papers: Lin et al., "Microsoft COCO" (ECCV 2014); Ronchi, Perona, "Benchmarking and Error Diagnosis in Multi-Instance
Pose Estimation" (ICCV 2017).

Conventions:
    official: pycocotools 2.0.11. posebench.oks has its rules. A detection's area is the extent of its keypoints,
        or its box's area where the results carry boxes (judged by the first result, as loadRes does).

Files: `person_keypoints_<split>2017.json` and result files in COCO's form. Boxes are annotated ones.
"""

import json
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from posebench import oks
from posebench.errors import PosebenchError, counted, existing
from posebench.instances import Instances, Source
from posebench.predictions import Predictions, is_predictions, sha256
from posebench.protocol import Convention, Curve, Protocol, Scores, missing_notes
from posebench.skeleton import Skeleton
from posebench.uncertainty import image_weights, interval

Array = NDArray[Any]

_BODY = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
SKELETON = Skeleton(
    keypoints=("nose", *(f"{side}_{part}" for part in ("eye", "ear", *_BODY) for side in ("left", "right"))),
    bones=(
        ("left_ankle", "left_knee"), ("left_knee", "left_hip"), ("right_ankle", "right_knee"), ("right_knee", "right_hip"),
        ("left_hip", "right_hip"), ("left_shoulder", "left_hip"), ("right_shoulder", "right_hip"),
        ("left_shoulder", "right_shoulder"), ("left_shoulder", "left_elbow"), ("right_shoulder", "right_elbow"),
        ("left_elbow", "left_wrist"), ("right_elbow", "right_wrist"), ("left_eye", "right_eye"), ("nose", "left_eye"),
        ("nose", "right_eye"), ("left_eye", "left_ear"), ("right_eye", "right_ear"), ("left_ear", "left_shoulder"),
        ("right_ear", "right_shoulder"),
    ),
)  # fmt: skip
SIGMAS = np.array([.26, .25, .25, .35, .35, .79, .79, .72, .72, .62, .62, 1.07, 1.07, .87, .87, .89, .89]) / 10  # fmt: skip
"""OKS constants of the 17 keypoints (pycocotools, cocoeval.py, Params.setKpParams)."""
BOX_PADDING = 1.25
"""A network sees a region 1.25 times the box (every published top-down recipe)."""


class COCO(Protocol):
    """COCO keypoints, OKS AP."""

    name = "coco"
    version = 1
    skeleton = SKELETON
    headline = "AP"
    unit = ""
    conventions: ClassVar[dict[str, Convention]] = {
        "official": Convention(
            "official",
            "OKS AP, mean over thresholds 0.50:0.05:0.95 and 101 recalls; 20 detections an image.",
            "pycocotools 2.0.11",
        )
    }

    def instances(self, root: Path, split: str) -> Instances:
        """Read `annotations/person_keypoints_<split>2017.json` below `root`; or the file `root`."""
        self.check_split(split)
        return read_annotations(find_annotations(root, split), split)

    def read_predictions(self, path: Path, instances: Instances) -> Predictions:
        """posebench's own file, or a COCO results JSON."""
        if is_predictions(existing(path, "a predictions file")) or path.suffix in (".h5", ".mat"):
            return super().read_predictions(path, instances)
        return read_results(path, instances)

    def score(self, predictions: Predictions, instances: Instances, convention: str) -> Scores:
        """OKS AP and AR. `instances` need `id`, `area`, `iscrowd`, `num_keypoints` and boxes."""
        self.check_convention(convention)
        detections = detections_of(predictions, instances)
        people = people_of(instances)
        matches = oks.match(detections, people, SIGMAS, len(instances.images))
        precision, recall = oks.precision_recall(matches)
        by_threshold = precision[0].mean(axis=1)
        return Scores(
            metrics=oks.summary(precision, recall),
            intervals=bootstrap(matches),
            curves=(Curve("AP", "OKS threshold", tuple(oks.THRESHOLDS.tolist()), tuple(by_threshold.tolist())),),
            people=int((~people.ignored).sum()),
            images=len(instances.images),
            notes=missing_notes(predictions),
            per_person=best_similarity(detections, people, instances),
            per_person_metric="the best OKS of any detection with the person",
        )


def find_annotations(root: Path, split: str) -> Path:
    """The annotation file to read.

    Raises:
        PosebenchError: there is none.
    """
    if root.is_file():
        return root
    name = f"person_keypoints_{split}2017.json"
    for folder in (root / "annotations", root):
        if (folder / name).is_file():
            return folder / name
    raise PosebenchError(
        f"No COCO {split} annotation below {root}: looked for {name} in {root / 'annotations'} and {root}. "
        f"It is in annotations_trainval2017.zip of the COCO download page; photographs belong into {root / f'{split}2017'}."
    )


def read_annotations(file: Path, split: str) -> Instances:
    """COCO's keypoint annotation: every person is a row, also crowds and people without keypoints.

    Raises:
        PosebenchError: the file is no such annotation; names the row.
    """
    content = _json(file)
    if not isinstance(content, dict) or not all(
        isinstance(content.get(key), list) for key in ("images", "annotations")
    ):
        raise PosebenchError(
            f"{file} is no COCO annotation: it should be an object with lists 'images' and 'annotations'."
        )
    names = _image_names(content["images"], file)
    rows = [_annotation(row, entry, names, file) for row, entry in enumerate(content["annotations"])]
    rows.sort(key=lambda entry: entry[0])  # stable: file order within an image
    ids = sorted(names)
    image = np.searchsorted(ids, [entry[0] for entry in rows]).astype(np.int64)
    number, crowd, keypoint_count = (np.array([entry[i] for entry in rows], np.int64) for i in (1, 2, 3))
    area = np.array([entry[4] for entry in rows], float)
    bbox = np.array([entry[5] for entry in rows], float).reshape(-1, 4)
    keypoints = np.array([entry[6] for entry in rows], float).reshape(-1, len(SKELETON), 3)
    finite = np.isfinite(np.column_stack([area, bbox, keypoints.reshape(len(rows), 3 * len(SKELETON))])).all(axis=1)
    if not finite.all():
        raise PosebenchError(f"{file}: annotation id {number[finite.argmin()]} has a number that is not finite.")
    category = np.array([entry[7] for entry in rows], np.int64)
    if len(np.unique(category)) > 1:
        raise PosebenchError(f"{file} annotates categories {np.unique(category).tolist()}; coco scores one, people.")
    if len(set(number.tolist())) < len(number):
        twice = next(n for n in number.tolist() if (number == n).sum() > 1)
        raise PosebenchError(f"{file}: annotation id {twice} appears twice.")
    visibility = keypoints[..., 2].astype(np.int8)
    usable = (crowd == 0) & (visibility > 0).any(axis=1) & (area > 0) & (bbox[:, 2:] > 0).all(axis=1)
    return Instances(
        dataset="coco", split=split, skeleton=SKELETON, images=tuple(names[i] for i in ids), image_ids=np.array(ids, np.int64),
        image=image, person=number, center=bbox[:, :2] + bbox[:, 2:] / 2 - 0.5, size=BOX_PADDING * bbox[:, 2:],
        keypoints=keypoints[..., :2], visibility=visibility, usable=usable, bbox=bbox,
        measures={
            "id": number, "area": area, "iscrowd": crowd, "num_keypoints": keypoint_count, "category_id": category,
        },
        image_root=_image_folder(file, split), source=Source(str(file), sha256(file)),
    )  # fmt: skip


def read_results(path: Path, instances: Instances) -> Predictions:
    """Detections in COCO's result form, in file order.

    Raises:
        PosebenchError: the file is no such list, or a row is of an image that the annotation does not have.
    """
    content = _json(path)
    if not isinstance(content, list):
        kind = "It looks like an annotation." if isinstance(content, dict) and "annotations" in content else ""
        raise PosebenchError(f"{path} is no COCO result: it should be a list of detections. {kind}".rstrip())
    row_of = {int(number): row for row, number in enumerate(instances.image_ids.tolist())}
    person = next(iter(instances.measures.get("category_id", np.ones(1)).tolist()), 1)
    image, keypoints, score = [], [], []
    for row, entry in enumerate(content):
        try:
            image.append(row_of[entry["image_id"]])
            keypoints.append(np.array(entry["keypoints"], float).reshape(len(SKELETON), 3))
            score.append(float(entry["score"]))
            if entry.get("category_id", person) != person:
                raise PosebenchError(
                    f"{path}, row {row}: category_id {entry['category_id']!r} is not that of people ({person})."
                )
        except KeyError as error:
            raise PosebenchError(f"{path}, row {row}: {_lacking(entry, error, instances)}") from error
        except (TypeError, ValueError) as error:
            raise PosebenchError(
                f"{path}, row {row}: not a detection of {len(SKELETON)} keypoints (x, y, score): {error}."
            ) from error
    array = np.array(keypoints, float).reshape(-1, len(SKELETON), 3)
    boxed = bool(content) and bool(content[0].get("bbox"))
    try:
        return Predictions(
            keypoint_names=SKELETON.keypoints, images=instances.images, image=np.array(image, np.int64),
            person=np.full(len(array), -1), keypoints=array[..., :2], scores=array[..., 2],
            score=np.array(score, float), missing=np.zeros(array.shape[:2], bool),
            bbox=np.array([entry["bbox"] for entry in content], float) if boxed else None,
            dataset=instances.dataset, split=instances.split, box_source="detections as submitted",
        )  # fmt: skip
    except (KeyError, ValueError, PosebenchError) as error:
        raise PosebenchError(f"{path}: {error}") from error


def detections_of(predictions: Predictions, instances: Instances) -> oks.Detections:
    """Predictions as the evaluator takes them. A person who could not be predicted is no detection.

    Raises:
        PosebenchError: another skeleton, or an image that the annotation does not have.
    """
    if predictions.keypoint_names != SKELETON.keypoints:
        raise PosebenchError(
            f"keypoints are (N, {len(predictions.keypoint_names)}, 2), but coco has {len(SKELETON)} of its own names. "
            "Was this file written for another protocol?"
        )
    row_of = {name: row for row, name in enumerate(instances.images)}
    strange = sorted({predictions.images[i] for i in predictions.image.tolist()} - row_of.keys())
    if strange:
        raise PosebenchError(
            f"{counted(len(strange), 'predicted image is', 'predicted images are')} not in {instances.what}; "
            f"the first is {strange[0]}. Does --data name the data it was predicted on?"
        )
    image = np.array([row_of.get(name, -1) for name in predictions.images], np.int64)[predictions.image]
    kept = ~predictions.missing.any(axis=1)
    keypoints = predictions.keypoints[kept]
    extent = np.ptp(keypoints, axis=1) if len(keypoints) else np.zeros((0, 2))
    sides = extent if predictions.bbox is None else predictions.bbox[kept, 2:]
    return oks.Detections(
        image=image[kept], keypoints=keypoints, score=predictions.score[kept], area=sides.prod(axis=1)
    )


def people_of(instances: Instances) -> oks.People:
    """Annotations as the evaluator takes them: `num_keypoints`, as stored, decides who is ignored."""
    measures, bbox = instances.measures, instances.bbox
    crowd = measures["iscrowd"].astype(bool)
    return oks.People(
        image=instances.image, id=measures["id"], keypoints=instances.keypoints, labelled=instances.visibility > 0,
        area=measures["area"], bbox=np.zeros((len(instances), 4)) if bbox is None else bbox,
        crowd=crowd, ignored=crowd | (measures["num_keypoints"] == 0),
    )  # fmt: skip


def bootstrap(matches: oks.Matches) -> dict[str, tuple[float, float]]:
    """95 % intervals of the table: the AP of every resample of the images, matched once. What a resample lacks is left out."""
    weights = image_weights(matches.people.shape[1])[1:]
    tables = [oks.summary(*oks.precision_recall(matches, weight)) for weight in weights]
    columns = {name: np.array([table[name] for table in tables]) for name in tables[0]}
    return {name: interval(values) for name, values in columns.items() if (values >= 0).all()}


def best_similarity(detections: oks.Detections, people: oks.People, instances: Instances) -> Array:
    """(N,) the largest OKS that any detection reaches with each usable person; NaN for the others."""
    order = np.argsort(detections.image, kind="stable")
    person, detection = oks.pairs(people.image, detections.image[order])
    value = oks.similarity(detections.keypoints[order[detection]], people, person, SIGMAS)
    best = np.zeros(len(instances))
    np.maximum.at(best, person, value)
    return np.where(instances.usable, best, np.nan)


def _json(path: Path) -> Any:
    try:
        return json.loads(existing(path, "a COCO file").read_bytes())
    except (ValueError, OSError, RecursionError) as error:
        kind = (
            "It is no text: another kind of file?"
            if isinstance(error, UnicodeDecodeError)
            else f"{error}. Was it cut off?"
        )
        raise PosebenchError(f"{path} is not readable JSON. {kind}") from error


def _image_names(images: list[Any], file: Path) -> dict[int, str]:
    """Image id → file name. The same id may be listed again; pycocotools keeps the last."""
    try:
        names = {int(entry["id"]): str(entry["file_name"]) for entry in images}
    except (KeyError, TypeError, ValueError) as error:
        raise PosebenchError(f"{file}: an entry of 'images' lacks id or file_name: {error!r}.") from error
    if len(set(names.values())) < len(names):
        raise PosebenchError(f"{file}: two image ids share one file name, so predictions could not be told apart.")
    return names


def _annotation(row: int, entry: Any, names: dict[int, str], file: Path) -> tuple[Any, ...]:
    try:
        keypoints, image = entry["keypoints"], entry["image_id"]
        if len(keypoints) != 3 * len(SKELETON):
            raise PosebenchError(
                f"{file}, annotation {row}: {len(keypoints)} keypoint values, but coco has {len(SKELETON)} keypoints (x, y, v)."
            )
        if image not in names:
            raise PosebenchError(f"{file}, annotation {row}: image_id {image} is not among 'images'.")
        bbox = [float(value) for value in entry["bbox"]]
        if len(bbox) != 4:
            raise PosebenchError(f"{file}, annotation {row}: bbox has {len(bbox)} values, not x, y, width, height.")
        return (
            image,
            int(entry["id"]),
            int(entry["iscrowd"]),
            int(entry["num_keypoints"]),
            float(entry["area"]),
            bbox,
            keypoints,
            int(entry.get("category_id", 1)),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise PosebenchError(f"{file}, annotation {row}: {error!r}; is this a person_keypoints file?") from error


def _image_folder(file: Path, split: str) -> Path:
    """`<split>2017` beside the annotations' folder, COCO's own layout; else beside the file."""
    usual = file.parent.parent / f"{split}2017"
    return usual if usual.is_dir() else file.parent / f"{split}2017"


def _lacking(entry: Any, error: KeyError, instances: Instances) -> str:
    if isinstance(entry, dict) and {"image_id", "keypoints", "score"} <= entry.keys():
        return (
            f"image_id {entry['image_id']!r} is not in {instances.what}. Does --data name the data it was predicted on?"
        )
    return f"it lacks {error.args[0]!r}; a detection has image_id, category_id, keypoints and score."
