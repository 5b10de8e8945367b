"""EfficientPose (Groos, Ramampiaro, Ihlen 2020): photographs and regions in, keypoints out. Nothing here knows posebench."""

from pathlib import Path

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

KEYPOINTS = (
    "head_top", "upper_neck", "right_shoulder", "right_elbow", "right_wrist", "thorax", "left_shoulder", "left_elbow",
    "left_wrist", "pelvis", "right_hip", "right_knee", "right_ankle", "left_hip", "left_knee", "left_ankle",
)  # fmt: skip
"""The keypoints of MPII in the order of the network's channels."""
MEAN, DEVIATION = np.float32([0.485, 0.456, 0.406]), np.float32([0.229, 0.224, 0.225])
"""ImageNet's, of RGB / 255."""
SMOOTHING = 1.0
"""Sigma in cells of the Gaussian that each map is smoothed by before its maximum is taken."""
PARAMETERS = {"EfficientPoseRT": 460_000, "EfficientPoseI": 720_000}
"""As published, rounded."""


class EfficientPose:
    """A `.tflite` file of the authors."""

    def __init__(self, file: Path, threads: int = 1) -> None:
        self.interpreter = Interpreter(str(file), num_threads=threads)
        self.interpreter.allocate_tensors()
        (self.input,) = self.interpreter.get_input_details()
        self.size = int(self.input["shape"][1])  # the input is square
        whole = (1, self.size, self.size, len(KEYPOINTS))
        outputs = [one for one in self.interpreter.get_output_details() if tuple(one["shape"]) == whole]
        if not outputs:
            raise ValueError(f"{file} has no output of shape {whole}. Is it EfficientPose RT or I?")
        self.output = outputs[0]
        self.name = file.stem

    def __call__(
        self, image: NDArray[np.uint8], center: NDArray[np.float64], side: float
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Keypoints of the person in a square region.

        Args:
            image: (H, W, 3) RGB.
            center: (2,) middle of the region, pixels, 0-based, pixel centres at integers. side: its width, pixels.

        Returns:
            (16, 2) keypoints in pixels of the image, and (16,) heights of the maxima.
        """
        cell = side / self.size  # pixels of the image
        corner = center - side / 2 + cell / 2  # the middle of the first cell
        to_image = np.array([[cell, 0, corner[0]], [0, cell, corner[1]]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        crop = cv2.warpAffine(image, to_image, (self.size, self.size), flags=flags)
        self.interpreter.set_tensor(self.input["index"], ((crop / np.float32(255) - MEAN) / DEVIATION)[None])
        self.interpreter.invoke()
        maps = self.interpreter.get_tensor(self.output["index"])[0]  # (size, size, 16)
        values = cv2.GaussianBlur(maps, (0, 0), SMOOTHING).reshape(-1, len(KEYPOINTS))
        best = values.argmax(axis=0)
        cells = np.stack([best % self.size, best // self.size], axis=1)  # x, y
        return corner + cell * cells, values.max(axis=0).astype(float)


def read_image(file: Path) -> NDArray[np.uint8]:
    """A photograph as (H, W, 3) RGB."""
    image = cv2.imread(str(file), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise OSError(f"{file} is missing or not an image.")
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), np.uint8)
