"""Decodings: heatmaps that were kept, decoded in other ways than by the network that made them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from posebench.array_type import Array
from posebench.data.geometry import cell_to_pixel, transform
from posebench.data.predictions import Predictions
from posebench.data.provenance import Decoded
from posebench.errors import PosebenchError
from posebench.inference.heatmap_file import MIRRORED, UPRIGHT, Heatmaps
from posebench.plugins.decoders import DECODERS, check_names, scores

UNSTATED = "quarter"
"""Taken for the network's own decoder where the file does not state one."""


@dataclass(frozen=True)
class Decoding:
    """One way of decoding heatmaps.

    Attributes:
        decoder: a name of `DECODERS`.
        stack: whose heatmaps, counted from 1.
        shift: columns by which the un-flipped heatmaps of the mirrored pass move right before the mean is taken; None for the
            upright pass alone.
    """

    decoder: str
    stack: int
    shift: int | None

    @property
    def mirror(self) -> str:
        """`off`, `on`, or such as `on+1`."""
        return mirror_name(self.shift)

    @property
    def name(self) -> str:
        """Such as `dark, stack 4, mirror on`."""
        return self.stated.sentence

    @property
    def stated(self) -> Decoded:
        """As provenance states it."""
        return Decoded(decoder=self.decoder, stack=self.stack, mirror=self.mirror)


def mirror_name(shift: int | None) -> str:
    """`off` of None, `on` of 0, `on+1` of 1."""
    return "off" if shift is None else f"on+{shift}" if shift else "on"


def own_decoding(kept: Heatmaps) -> Decoding:
    """What the network itself does: its last stack, the mean with the mirrored pass where there is one, its pipeline's shift."""
    shift = kept.pipeline.flip_shift if MIRRORED in kept.passes else None
    return Decoding(kept.decoder or UNSTATED, kept.stacks[-1], shift)


def choose(
    kept: Heatmaps, decoders: Sequence[str] = (), stacks: Sequence[int] = (), mirrors: Sequence[str] = ()
) -> tuple[Decoding, ...]:
    """The decodings with these names, stacks and mirrors; without any of one kind, all that the file allows.

    Raises:
        PosebenchError: there is no such decoder, or the file has no such stack or no mirrored pass.
    """
    allowed = {mirror_name(shift): shift for shift in _shifts(kept)}
    check_names(decoders)
    for stack in stacks:
        if stack not in kept.stacks:
            raise PosebenchError(
                f"The heatmap file has no stack {stack}; it has {', '.join(map(str, kept.stacks))}. "
                "`posebench predict --keep-heatmaps` without --last-stack keeps all of a network."
            )
    for mirror in mirrors:
        if mirror not in allowed:
            none = "" if len(allowed) > 1 else " It has no mirrored pass, because the recipe has no flip test."
            raise PosebenchError(
                f"Mirror {mirror!r} is not possible with this heatmap file: {', '.join(allowed)}.{none}"
            )
    return tuple(
        Decoding(decoder, stack, allowed[mirror])
        for stack in dict.fromkeys(stacks or kept.stacks)
        for mirror in dict.fromkeys(mirrors or allowed)
        for decoder in dict.fromkeys(decoders or DECODERS)
    )


def ordered(decodings: Iterable[Decoding]) -> list[Decoding]:
    """Each decoding once, in the order of tables: by stack, then mirror, then decoder."""
    places = list(DECODERS)
    return sorted(set(decodings), key=lambda one: (one.stack, one.mirror, places.index(one.decoder)))


def _shifts(kept: Heatmaps) -> list[int | None]:
    """The upright pass alone; with the mirrored pass, those of posebench and of HRNet, and the pipeline's."""
    return [None, *(sorted({0, 1, kept.pipeline.flip_shift}) if MIRRORED in kept.passes else [])]


def decode(
    kept: Heatmaps, decodings: Sequence[Decoding], show: Callable[[int, int], None] = lambda done, total: None
) -> list[Predictions]:
    """The predictions of every decoding, as `posebench predict` would have written them.

    Args:
        show: called after every person with how many are done, and of how many.
    """
    people, keypoints = len(kept), len(kept.keypoint_names)
    cells = np.full((len(decodings), people, keypoints, 2), np.nan)
    heights = np.zeros(cells.shape[:3])
    together: dict[int | None, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, one in enumerate(decodings):
        together[one.shift][one.decoder].append(place)
    stacks = np.array([kept.stacks.index(one.stack) for one in decodings])
    for row in range(people):
        for shift, named in together.items() if not kept.missing[row] else ():
            maps = kept.of_pass(row, UPRIGHT) if shift is None else kept.mean(row, shift)
            for decoder, places in named.items():
                chosen = maps[stacks[places]]
                flat = chosen.reshape(-1, *maps.shape[-2:])
                cells[places, row] = DECODERS[decoder](flat, kept.pipeline.peak).reshape(len(places), -1, 2)
                heights[places, row] = scores(flat).reshape(len(places), -1)
        show(row + 1, people)
    return [_predictions(kept, *made) for made in zip(decodings, cells, heights, strict=True)]


def _predictions(kept: Heatmaps, decoding: Decoding, cells: Array, heights: Array) -> Predictions:
    """Predictions of cells (N, K, 2), NaN for missing people, and scores (N, K)."""
    crops = cell_to_pixel(cells, kept.stride, kept.pipeline.alignment)
    box_score = np.ones(len(kept)) if kept.box_score is None else kept.box_score
    said = {"decoded": decoding.stated, "flip_test": decoding.shift is not None}
    return Predictions(
        keypoint_names=kept.keypoint_names, images=kept.images, image=kept.image, person=kept.person,
        keypoints=transform(kept.to_image, crops), scores=heights, score=box_score * heights.mean(axis=1),
        missing=np.repeat(kept.missing[:, None], heights.shape[1], axis=1), region=kept.region, input_box=kept.input_box,
        box_score=box_score, dataset=kept.dataset, split=kept.split, box_source=kept.box_source,
        provenance=kept.provenance.model_copy(update=said),
    )  # fmt: skip
