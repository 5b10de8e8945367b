"""Cost: the counts and times of one network as a file, one per device, network, input size and number of keypoints."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from posebench.cost.published_figures import GIBI, PublishedCost, published
from posebench.files.validation import Count, Found, read_models
from posebench.files.writing import write_text
from posebench.inference.ways import LIMIT, How
from posebench.results.folder import VISIBLE_JSON, ResultsFolder, slug

NOT_TIMED = "counted only"
RULE = (
    "MACs: multiply-accumulates of convolutions, linear layers and attention for one image; a convolution has one per output "
    "element × kernel × input channels / groups, a transposed one per input element × kernel × output channels / groups."
)
PUBLISHED_RULE = (
    "By the papers' rule: MACs / 1024³, transposed convolutions counted on their output (4 times at stride 2); HRNet's and "
    "SimpleBaseline's GFLOPs are by it. The 19.1 and 14.3 that are published of hourglass8 are not: its authors' network has more."
)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Timing(_Part):
    """One way of running one network on batches of one size.

    Attributes:
        how: such as `compiled bf16`. batch: images per pass.
        median, low, high: milliseconds per pass, with the quartiles. rounds: of how many passes.
        images_per_second: at the median.
        memory: bytes of tensors alive at once at the fullest moment, weights included; None where unknown.
        relative: largest difference from the plain network's outputs, over the largest output, on random images.
    """

    how: str
    batch: int = Field(ge=1, lt=2**63)
    median: float = Field(gt=0)
    low: float = Field(ge=0)
    high: float = Field(ge=0)
    rounds: int = Field(ge=1, lt=2**63)
    images_per_second: float = Field(gt=0)
    memory: Count | None
    relative: float

    @field_validator("how")
    @classmethod
    def _known_way(cls, how: str) -> str:
        return How.of(how).label

    @property
    def float32(self) -> bool:
        """Whether the network ran in float32."""
        return How.of(self.how).precision == "fp32"

    @property
    def same(self) -> bool:
        """Whether the outputs are those of the plain network; bfloat16 and TensorFloat-32 may differ."""
        return not self.float32 or self.relative <= LIMIT


class Cost(_Part):
    """One network's cost. `count.Counts` explains the counts; `input_size` is (width, height), pixels."""

    schema_version: Literal[1] = 1
    arch: str = Field(min_length=1)
    input_size: tuple[Count, Count]
    protocol: str
    keypoints: Count
    parameters: Count
    unused: dict[str, Count]
    macs: Count
    macs_on_outputs: Count
    activations: Count
    kept: Count
    uncounted: tuple[str, ...] = ()
    device: str = Field(NOT_TIMED, description="name of the device, for a CPU with the number of threads")
    timings: tuple[Timing, ...] = ()
    created: str
    environment: dict[str, str]

    @property
    def gflops_as_published(self) -> float:
        """By the papers' rule (`PUBLISHED_RULE`)."""
        return self.macs_on_outputs / GIBI

    @property
    def size(self) -> str:
        """`256×192`: height first, as in the field's tables."""
        return f"{self.input_size[1]}×{self.input_size[0]}"

    @property
    def published(self) -> list[PublishedCost]:
        """Published figures of this network at this size."""
        return published(self.arch, self.input_size)

    @property
    def path(self) -> Path:
        """Path below the results folder's `cost`: one per device, network, input size and number of keypoints."""
        name = f"{slug(self.arch)}-{self.input_size[1]}x{self.input_size[0]}-{self.keypoints}"
        return Path(slug(self.device)) / f"{name}.json"

    def fastest(self, batch: int) -> Timing | None:
        """The fastest float32 way with the plain network's outputs, for batches of that size; None if none was timed."""
        able = [t for t in self.timings if t.batch == batch and t.float32 and t.same]
        return min(able, key=lambda timing: timing.median, default=None)


def save(cost: Cost, results: Path) -> Path:
    """Write `results/cost/<device>/<network>-<height>x<width>-<keypoints>.json`; measuring again replaces it."""
    path = ResultsFolder(results).cost / cost.path
    write_text(path, cost.model_dump_json(indent=1) + "\n")
    return path


def load(results: Path) -> Found[Cost]:
    """All costs below a results folder; damaged files are skipped and named in notes."""
    paths = ResultsFolder(results).cost.glob(f"*/{VISIBLE_JSON}")
    return read_models(Cost, paths, "a cost file", "Measure again with posebench cost, or remove the file.")
