"""PoseTrack's two conventions: poseval with its peculiarities, and without them."""

from dataclasses import dataclass

from posebench.plugins.protocol import Convention

_AP = (
    "AP of 15 keypoints, right within 0.5 head lengths of the person with the largest share of such keypoints, and the mean (mAP); "
    "MOTA of 15 keypoints, matched within 0.5 head lengths, and the mean"
)


@dataclass(frozen=True, kw_only=True)
class PoseTrackConvention(Convention):
    """A rule for MOTA and MOTP; AP has one.

    Attributes:
        last_frame: the last frame of a sequence counts for MOTA.
        nobody_is_one_person: a frame without predicted people, or without annotated ones outside of ignored regions, has one
            miss and one false positive of each keypoint, however many people there are.
        distances_of_events: MOTP adds the distances of all rows of motmetrics' table of events.
    """

    last_frame: bool
    nobody_is_one_person: bool
    distances_of_events: bool


CONVENTIONS = {
    convention.name: convention
    for convention in (
        PoseTrackConvention(
            "official",
            f"{_AP}; the last frame of each sequence does not count for MOTA; a frame without predicted people is one miss and one "
            "false positive of each keypoint; MOTP counts distances twice.",
            "poseval 4258a15 with motmetrics 1.4.0",
            "PoseTrack's leaderboards, HRNet, SimpleBaseline",
            last_frame=False, nobody_is_one_person=True, distances_of_events=True,
        ),
        PoseTrackConvention(
            "corrected",
            f"{_AP}; every frame counts; in a frame without predicted people every annotated keypoint is a miss; MOTP counts the "
            "distance of each match once.",
            "poseval 4258a15 without three peculiarities",
            "",
            "MOTA counts the last frame of each sequence, and all misses of frames without predicted people. MOTP counts the "
            "distance of each match once. AP is the same.",
            last_frame=True, nobody_is_one_person=False, distances_of_events=False,
        ),
    )
}  # fmt: skip
