"""The published recipe of a family of networks: a file that ships with posebench."""

from posebench.data.skeleton import Skeleton
from posebench.plugins.recipe import Recipe, shipped


def paper(family: str, skeleton: Skeleton) -> Recipe:
    """`hrnet-coco` for COCO's keypoints, else `hrnet-mpii`: smaller datasets are trained on as MPII is.

    Args:
        family: such as `hrnet`.
    """
    return shipped(f"{family}-{'coco' if 'left_ear' in skeleton.keypoints else 'mpii'}")
