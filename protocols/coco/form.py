"""The form of a dataset's annotations and results: COCO's, but with keypoints of its own, in several lists, or without areas."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from posebench.data.skeleton import Skeleton


@dataclass(frozen=True, eq=False)
class Form:
    """What one dataset's files have that another's have not.

    Attributes:
        dataset: its name, for records and messages.
        skeleton: the K keypoints of a person, in the order of the files.
        box_area: a person's area is this part of the area of the person's box; None: as annotated.
        lists: field → number of keypoints, where a person's keypoints are in several fields; together they are the K keypoints.
        part_scores: fields of results that rank detections by a part of the keypoints; `score` where a result lacks one.
        fractions: visibilities may be fractions; what is above 0 is labelled.
        measures_of_images: fields of 'images' that scoring needs, such as `crowdIndex`.
    """

    dataset: str
    skeleton: Skeleton
    box_area: float | None = None
    lists: Mapping[str, int] = field(default_factory=dict)
    part_scores: tuple[str, ...] = ()
    fractions: bool = False
    measures_of_images: tuple[str, ...] = ()

    @property
    def keypoint_lists(self) -> Mapping[str, int]:
        """Field → number of keypoints, in the order of the skeleton."""
        return self.lists or {"keypoints": len(self.skeleton)}
