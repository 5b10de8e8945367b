"""A measurement of robustness with numbers that a person can check."""

from typing import Any

from posebench.diagnosis.estimate import Estimate
from posebench.results.kept_robustness import Condition, Corrupted, KeptRobustness
from posebench.results.record import Data, Resampling, Rule
from posebench.samples.corruption import CORRUPTIONS, SEVERITIES


def kept(
    name: str = "hrnet_w32", lower: float = 0.0, names: tuple[str, ...] = CORRUPTIONS, **changes: Any
) -> KeptRobustness:
    """A measurement of all people of mpii val: 90 clean, 80 - severity - `lower` under every corruption of `names`."""

    def condition(part: Any, name: str, level: float, value: float) -> Condition:
        return Condition(
            part=part, name=name, level=level, score=Estimate(value, (value - 1, value + 1)),
            change=Estimate(value - 90, (value - 91, value - 89)),
        )  # fmt: skip

    cells = [condition("corruption", one, n, 80 - n - lower) for one in names for n in SEVERITIES]
    boxes = [
        *(condition("shift", one, level, 85) for one in ("right", "down") for level in (-26, 26)),
        condition("scale", "scale", 1.25, 88), condition("boxes", "jittered", 13, 89.5),
    ]  # fmt: skip
    mean = Estimate(77 - lower, (75, 79))
    damage = Corrupted(
        names=names, severities=SEVERITIES, rule="advmix", seed=1, packages={"numpy": "2.4.6"},
        means=dict.fromkeys(names, mean), mpc=mean, rpc=Estimate(100 * (77 - lower) / 90, (83, 88)),
        mpc_resampled=[77 - lower + place / 10 for place in range(9)],
    )  # fmt: skip
    rule = Rule(
        protocol="mpii", version=1, convention="hrnet", rule="PCKh@0.5.", evaluator="HRNet", headline="Mean", unit="%"
    )
    data = Data(
        dataset="mpii", split="val", box_source="annotation", people=2958, images=2729, annotations="gt_valid.mat",
        annotations_sha256="0" * 64, synthetic=False,
    )  # fmt: skip
    whole: dict[str, Any] = {
        "posebench": "0.1.0", "name": name, "arch": "hrnet_w32", "input_size": (256, 256), "weights_sha256": "1" * 64,
        "flip_test": True, "rule": rule, "data": data, "chosen": 2958, "people_of_split": 2958, "people_of_dataset": 2958,
        "clean": Estimate(90, (89, 91)),
        "conditions": (*cells, *boxes), "corrupted": damage, "notes": (),
        "resampling": Resampling(unit="image", units=2729, largest=100, intervals="t"),
    }  # fmt: skip
    return KeptRobustness(**whole | changes)
