"""A drawn body: where each keypoint of a standing person is, and which keypoints a bone connects, by their names.

Records name keypoints but have neither places nor bones. Names that are not known here have no place.
"""

from collections.abc import Iterable

Point = tuple[float, float]

# Right half of a person who faces the reader, so at the left: x from the middle to the left, y from the top of the head down, in
# parts of the body's height.
PLACES: dict[str, Point] = {
    "head_top": (0, 0), "head": (0, 0.06), "nose": (0, 0.085), "eye": (0.05, 0.035), "ear": (0.1, 0.065), "mouth": (0.02, 0.1),
    "chin": (0, 0.125), "upper_neck": (0, 0.145), "head_bottom": (0, 0.145), "neck": (0, 0.17), "thorax": (0, 0.205),
    "chest": (0, 0.25), "shoulder": (0.16, 0.2), "elbow": (0.245, 0.33), "wrist": (0.3, 0.455), "hand": (0.31, 0.505),
    "thumb": (0.27, 0.5), "spine": (0, 0.34), "torso": (0, 0.34), "pelvis": (0, 0.5), "hip": (0.11, 0.51),
    "knee": (0.12, 0.73), "ankle": (0.13, 0.94), "heel": (0.11, 0.98), "foot": (0.15, 0.98), "big_toe": (0.15, 1),
    "small_toe": (0.2, 0.985), "toe": (0.15, 1),
}  # fmt: skip
NECKS = "upper_neck", "head_bottom", "neck", "thorax", "shoulder"
# A keypoint is connected with the first of these that there is: of the same side, else in the middle, else of both sides.
TOWARDS: dict[str, tuple[str, ...]] = {
    "head_top": ("head", "nose", *NECKS), "head": NECKS, "nose": ("head", *NECKS), "eye": ("nose",), "ear": ("eye", "nose"),
    "chin": ("nose",), "mouth": ("nose",), "upper_neck": NECKS[2:], "head_bottom": NECKS[2:], "neck": NECKS[3:],
    "thorax": ("chest", "spine", "torso", "pelvis"), "chest": ("spine", "torso", "pelvis", "hip"), "spine": ("pelvis", "hip"),
    "torso": ("pelvis", "hip"), "shoulder": ("thorax", "neck", "upper_neck", "head_bottom", "chest", "hip"),
    "elbow": ("shoulder",), "wrist": ("elbow",), "hand": ("wrist",), "thumb": ("hand", "wrist"),
    "hip": ("pelvis", "spine", "torso", "shoulder"), "knee": ("hip",), "ankle": ("knee",), "heel": ("ankle",), "foot": ("ankle",),
    "toe": ("foot", "ankle"), "big_toe": ("foot", "ankle"), "small_toe": ("foot", "ankle"),
}  # fmt: skip
SIDES = {"left": 1.0, "right": -1.0}


def split(name: str) -> tuple[str, str]:
    """`left_wrist` → `left` and `wrist`; a name of no side has an empty one."""
    side, _, part = name.partition("_")
    return (side, part) if side in SIDES else ("", name)


def place(name: str) -> Point | None:
    """Where a keypoint is: x to the reader's right, y down; None where its name is not known."""
    side, part = split(name)
    if part not in PLACES:
        return None
    x, y = PLACES[part]
    return SIDES.get(side, 0.0) * x, y


def bones(names: Iterable[str]) -> list[tuple[str, str]]:
    """Pairs of these keypoints that are connected."""
    there = list(names)
    found: list[tuple[str, str]] = []
    for name in there:
        side, part = split(name)
        for towards in TOWARDS.get(part, ()):
            own = [f"{side}_{towards}"] if side and f"{side}_{towards}" in there else []
            ends = own or [towards for _ in range(towards in there)] or ([] if side else both(towards, there))
            if ends:
                found += [(name, end) for end in ends if (end, name) not in found]
                break
    # A body without a middle is closed at shoulders and hips.
    for part in ("shoulder", "hip"):
        pair = both(part, there)
        if len(pair) == 2 and not any(one == pair[0] and not split(end)[0] for one, end in found):
            found.append((pair[0], pair[1]))
    return found


def both(part: str, names: Iterable[str]) -> list[str]:
    """The keypoints of both sides that there are."""
    there = set(names)
    return [name for side in SIDES if (name := f"{side}_{part}") in there]
