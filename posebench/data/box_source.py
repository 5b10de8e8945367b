"""Box source: the text in instances, predictions and records that says where the boxes came from."""

from dataclasses import dataclass

ANNOTATION = "annotation"
"""The boxes are those of the annotation."""
SUBMITTED = "detections as submitted"
"""The box source of results whose form does not say where their boxes came from."""
UNKNOWN = "unknown"
"""The box source of predictions files that state none."""


@dataclass(frozen=True)
class DetectedBoxes:
    """Boxes of a detector: `str` of it is the box source, such as `boxes.json >= 0.3`.

    Attributes:
        file: name of the detector's file.
        threshold: boxes of a lower score were left out.
    """

    file: str
    threshold: float

    def __str__(self) -> str:
        return f"{self.file} >= {self.threshold}"

    @classmethod
    def parse(cls, box_source: str) -> "DetectedBoxes | None":
        """The boxes that a box source names; None where it is no detector's file."""
        file, sign, threshold = box_source.rpartition(" >= ")
        try:
            return cls(file, float(threshold)) if sign else None
        except ValueError:
            return None
