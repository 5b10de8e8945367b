"""`score-efficientpose MODEL --protocol NAME --data DIR`: a predictions file, a record, a row."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.progress import track

import posebench as pb
from outside_model.network import KEYPOINTS, PARAMETERS, EfficientPose, read_image

SAME_KEYPOINT = {"neck": "upper_neck"}
"""Names of a protocol for the network's keypoints; all others have one name. LSP's neck is MPII's upper neck."""


def predict(network: EfficientPose, people: pb.Instances) -> tuple[np.ndarray, np.ndarray]:
    """(N, K, 2) keypoints, NaN where the network has none of that name, and (N, K) scores, for people of any protocol."""
    names = [SAME_KEYPOINT.get(name, name) for name in people.skeleton.keypoints]
    known = [place for place, name in enumerate(names) if name in KEYPOINTS]
    channels = [KEYPOINTS.index(names[place]) for place in known]
    keypoints, scores = np.full((len(people), len(names), 2), np.nan), np.zeros((len(people), len(names)))
    for row in track(np.flatnonzero(people.usable), f"{network.name} on {people.what}"):
        image = read_image(Path(people.image_root or ".") / people.images[people.image[row]])
        found, heights = network(image, people.center[row], float(people.size[row].max()))
        keypoints[row, known], scores[row, known] = found[channels], heights[channels]
    return keypoints, scores


def with_photographs(people: pb.Instances) -> pb.Instances:
    """The people whose photographs are there; fewer than all become a split with another name, so that no table mixes the two."""
    root = Path(people.image_root or ".")
    there = np.array([(root / name).is_file() for name in people.images])
    if not there.any():
        raise pb.PosebenchError(f"No photograph of {people.what} is in {root}.")
    rows = np.flatnonzero(there[people.image])
    if len(rows) == len(people):
        return people
    return replace(people.take(rows), split=f"{people.split}, {there.sum()} photographs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="EfficientPoseRT.tflite or EfficientPoseI.tflite")
    parser.add_argument("--protocol", required=True, help="such as mpii, coco or lsp")
    parser.add_argument("--data", type=Path, required=True, help="folder of the dataset")
    parser.add_argument("--split", help="such as lspet-val; default: the one that published numbers are about")
    parser.add_argument("--results", type=Path, default=Path("results"))
    parser.add_argument("--threads", type=int, default=1)
    asked = parser.parse_args()
    try:
        network = EfficientPose(asked.model, asked.threads)
        people = with_photographs(pb.load_people(asked.protocol, asked.data, asked.split))
        keypoints, scores = predict(network, people)
        asked.results.mkdir(parents=True, exist_ok=True)
        file = pb.save_predictions(
            asked.results / f"{network.name}-{asked.protocol}-{people.split.replace(', ', '-').replace(' ', '-')}.h5",
            keypoints, people, scores=scores, arch=network.name, input_size=(network.size, network.size),
            parameters=PARAMETERS.get(network.name), trained_on="MPII",
        )  # fmt: skip
        result = pb.evaluate(file, protocol=asked.protocol, people=people)
        record = result.save(asked.results)
    except KeyboardInterrupt:
        sys.exit("Interrupted; no record was written.")
    except (pb.PosebenchError, OSError, ValueError) as error:
        sys.exit(f"Error: {error}")
    print(result.frame.to_string(float_format="{:.3f}".format))
    print(*result.notes, sep="\n")
    print(f"Predictions: {file}\nRecord: {record}")


if __name__ == "__main__":
    main()
