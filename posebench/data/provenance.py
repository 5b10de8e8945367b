"""Provenance: what a predictions file says of the network that made it, and what a record keeps of that."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

from posebench.files.validation import Count


class _Stated(BaseModel):
    """Fields that a file may state. Unknown ones are kept, and what was not stated is not written."""

    model_config = ConfigDict(extra="allow", frozen=True, ser_json_inf_nan="null")

    @model_serializer(mode="wrap")
    def _only_stated(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if name in self.model_fields_set}

    def plain(self) -> dict[str, Any]:
        """What was stated, as JSON values."""
        return self.model_dump(mode="json")


class TrainedOn(_Stated):
    """The people that a network was trained on, and the weights that it began with."""

    dataset: str | None = None
    split: str | None = None
    people: Count | None = None
    annotations: str | None = Field(None, description="name of the annotation file")
    annotations_sha256: str | None = None
    began_with: dict[str, str] | None = Field(None, description="initial weights; empty where they are random")
    unreadable: list[str] = Field([], description="photographs that could not be read")
    pixels: str | None = Field(None, description="where they came from, unless they are the photographs' own")
    device: str | None = None
    torch: str | None = None
    seconds: float | None = None
    precision: str | None = Field(None, description="that `auto` chose")
    precision_gain: float | None = Field(None, description="speed in bf16 as a multiple of that in float32, measured")
    passes: int | None = Field(None, description="parts of a batch, where the device had too little memory for fewer")
    continued: list[dict[str, Any]] = Field([], description="step and recipe of each run that it went on from")


class Boxes(_Stated):
    """The detector's boxes in which people were predicted."""

    sha256: str
    count: Count
    notes: list[str] = []


class Inference(_Stated):
    """The way in which the network was run, where it was not the plain one."""

    way: str
    folded: Count | None = None
    difference: dict[str, float] = Field({}, description="of the outputs from the plain network's, measured")


class Decoded(_Stated):
    """How heatmaps that were kept became keypoints (`posebench decode`), where the network did not decode them itself."""

    decoder: str
    stack: Count
    mirror: str = Field(
        description="`off`: the upright pass alone; `on`: the mean of both; `on+1`: moved right by a column"
    )

    @property
    def sentence(self) -> str:
        """Such as `dark, stack 4, mirror on`."""
        return f"{self.decoder}, stack {self.stack}, mirror {self.mirror}"


class Tracked(_Stated):
    """How people who were predicted frame by frame were put into tracks (`posebench track`)."""

    by: str = Field(description="`pose` for OKS, `box` for intersection over union")
    threshold: float = Field(description="the least similarity to a track")
    frames: Count = Field(description="for how many frames a track goes on without a person")
    above: float | None = Field(None, description="the least score of the keypoints that were kept; None for all")


class Chosen(_Stated):
    """The part of a split's people that was predicted (`posebench predict --people`), evenly spread over it."""

    people: Count
    of: Count = Field(description="usable people of the split")
    in_images: bool = Field(False, description="everybody in the images of these people counts, as with detected boxes")

    @property
    def sentence(self) -> str:
        """Such as `200 of 2,958 people`."""
        return "everybody in the images of " * self.in_images + f"{self.people:,} of {self.of:,} people"


class StatedCorruption(_Stated):
    """What was done to every photograph before a network saw it (`posebench predict --corruption`)."""

    name: str
    severity: Count
    rule: str = Field(description="`advmix`: encoded as JPEG before it was predicted; `exact`: not")
    seed: Count
    packages: dict[str, str] = Field({}, description="versions of the packages that computed it")

    @property
    def sentence(self) -> str:
        """Such as `fog 3 (rule advmix, seed 1)`."""
        return f"{self.name} {self.severity} (rule {self.rule}, seed {self.seed})"


class Selection(_Stated):
    """The people whose score chose the best checkpoint, and what it scored on them."""

    split: str
    people: Count
    metric: str
    every: int = Field(description="epochs from one validation to the next")
    epoch: Count | None = Field(None, description="of the best checkpoint; None before the first validation")
    score: float | None = None
    since: int = Field(0, description="validations after the best checkpoint")
    chosen: bool = Field(False, description="whether the scored checkpoint is the best one, not the last one")


class Provenance(_Stated):
    """What made a predictions file. Everything may be unknown: a file from elsewhere states nothing."""

    arch: str | None = None
    stated: str | None = Field(None, description="who states it, where the file itself does not")
    parameters: Count | None = None
    input_size: tuple[Count, Count] | None = Field(None, description="(width, height) of the crops, pixels")
    recipe: dict[str, Any] | None = None
    seed: Count | None = None
    step: Count | None = None
    steps: Count | None = None
    trained_on: TrainedOn | None = None
    pipeline: str | None = Field(None, description="name of the pipeline around the network")
    checkpoint: str | None = Field(None, description="which of the run's checkpoints, such as `the last one`")
    selection: Selection | None = None
    stopped: str | None = Field(None, description="the option that stopped training before its last epoch")
    history: list[dict[str, int | float | None]] = Field([], description="of each epoch: posebench.results.history")
    checkpoint_sha256: str | None = None
    weights: str | None = Field(None, description="`averaged`, where they are not the last ones")
    flip_test: bool | None = None
    scales: list[float] | None = Field(None, description="of each person's region, over which heatmaps were averaged")
    device: str | None = None
    posebench: str | None = None
    torch: str | None = None
    boxes: Boxes | None = None
    inference: Inference | None = None
    decoded: Decoded | None = None
    tracked: Tracked | None = None
    corrupted: StatedCorruption | None = None
    chosen: Chosen | None = Field(None, description="None: all people of the split were predicted")
    unreadable: list[str] = Field(
        [], description="photographs that were missing or damaged; nobody in them was predicted"
    )

    @property
    def trained(self) -> bool:
        """Whether it says how the network was trained: architecture, recipe, seed and people."""
        return None not in (self.arch, self.recipe, self.seed, self.trained_on)

    def without_seed(self) -> dict[str, Any]:
        """As `plain`, without the seed and what follows from it: equal for two seeds of one recipe."""
        said = self.plain()
        # Where the best checkpoint is scored, it is of another step for each seed.
        for name in (
            "seed",
            "checkpoint_sha256",
            "history",
            *(["step"] if self.selection and self.selection.chosen else []),
        ):
            said.pop(name, None)
        for name in ("epoch", "score", "since"):
            said.get("selection", {}).pop(name, None)
        for measured in ("seconds", "precision_gain"):
            said.get("trained_on", {}).pop(measured, None)
        if self.trained_on and self.trained_on.began_with == {}:  # random weights: `pretrained` had none to load
            (said.get("recipe") or {}).pop("pretrained", None)
        said.get("inference", {}).pop("difference", None)
        if unreadable := said.get("trained_on", {}).get("unreadable"):
            unreadable.sort()  # they are listed in the order in which they were met
        return said
