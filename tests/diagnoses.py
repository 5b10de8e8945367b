"""A kept diagnosis, small enough to be checked by eye, for the tests of pages and the fuzzing of files."""

from posebench.diagnosis.calibration import Bin, Calibration, Error
from posebench.diagnosis.error_kinds import Repair, Worst
from posebench.diagnosis.estimate import Estimate
from posebench.diagnosis.registration import Offset, Registration, Removed
from posebench.diagnosis.slices import Part
from posebench.results.kept_diagnosis import KeptDiagnosis


def diagnosis(identity: str) -> KeptDiagnosis:
    """Of 100 right wrists and 100 left ones."""
    known = Estimate(12.5, (11.0, 14.0))
    far = Offset(Estimate(0.4, (0.3, 0.5)), Estimate(-0.1, (-0.2, 0.0)), 150)
    return KeptDiagnosis(
        record=identity, posebench="0.1.0", limits="good is near", right_if="PCKh@0.5", people=100, unfound=0,
        counts=(170, 10, 20, 0, 0), repairs=(Repair("inversion", 20, "keypoints", known, Estimate(10.0, (9.0, 11.0))),),
        joints={"right_wrist": (80, 0, 20, 0, 0), "left_wrist": (90, 10, 0, 0, 0)},
        worst=(Worst("<b>.jpg", 3, (0, 1, 1, 0, 0)),),
        registration=Registration((256, 256), 4, far, {}, (Removed("Mean", 80.0, 81.5, Estimate(1.5, (1.0, 2.0))),)),
        slices=(Part("", "all", known, 100, 200), Part("size", "smallest third", known, 33, 66)),
        calibration=Calibration((Bin(0.1, 0.5, 0.25, known, 100), Bin(0.5, 0.9, 0.75, Estimate(80.0), 100)), Error(known, 2.0)),
        sigmas=(), notes=("A note.",),
    )  # fmt: skip
