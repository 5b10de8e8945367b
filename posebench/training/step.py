"""Step: one update of a network's weights."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, cast

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from posebench.errors import PosebenchError
from posebench.plugins.architecture import Architecture
from posebench.plugins.outputs import total_loss
from posebench.plugins.plugin_errors import PluginError
from posebench.plugins.recipe import Recipe
from posebench.samples.loader import Batch
from posebench.training import processes, randomness
from posebench.training.averaging import Average
from posebench.training.checkpoints import Checkpoint
from posebench.training.freezing import freeze, set_training_mode
from posebench.training.optimizers import optimizer_of, set_rate
from posebench.training.precision import check_precision, has_bf16, loss_of, measured_gain
from posebench.training.recomputing import recompute


class Updater:
    """Updates the weights of a network, batch by batch, as a recipe says.

    Attributes:
        model, optimizer: what is trained. average: of the weights, or None.
        precision: of the arithmetic; `auto` until the first batch is there.
        gain: speed in bfloat16 as a multiple of that in float32, where it was measured.
        passes: parts in which a batch passes through the network.
    """

    def __init__(
        self, model: Architecture, recipe: Recipe, accelerator: Accelerator, say: Callable[[str], None]
    ) -> None:
        """
        Args:
            model: moved to the device here.
            say: called with what is decided on the way.

        Raises:
            PosebenchError: the device cannot train in this precision, or `freeze` names nothing.
        """
        self.device: torch.device = accelerator.device
        check_precision(recipe.precision, self.device)
        freeze(model, recipe.freeze)
        model.to(self.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        if recipe.recompute:
            recompute(model)
        if recipe.sync_batch_norm and accelerator.num_processes > 1:
            _synchronise_batch_norm(model, self.device)
        self.model, self.recipe, self.accelerator, self.say = model, recipe, accelerator, say
        self.optimizer = optimizer_of(recipe, model)
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=recipe.precision == "fp16")
        self.average = Average(model, recipe.ema) if recipe.ema is not None else None
        self.precision: str = recipe.precision
        self.gain: float | None = None
        self.passes = recipe.accumulate
        self.wrapped: nn.Module = model

    def begin(self) -> None:
        """What comes before the first step: the network is shared with the other processes, and put in training mode."""
        if self.accelerator.num_processes > 1:
            self.wrapped = self.accelerator.prepare(self.model)
        if self.recipe.compile:
            self.wrapped = cast(nn.Module, torch.compile(self.wrapped))
        set_training_mode(self.model, self.recipe.freeze)

    def scored_weights(self) -> AbstractContextManager[None]:
        """The network with the weights that are scored: the averaged ones, where there are such."""
        return self.average.applied() if self.average is not None else nullcontext()

    def facts(self) -> dict[str, Any]:
        """What a checkpoint says of decisions on the way."""
        facts: dict[str, Any] = {"precision": self.precision} if self.recipe.precision == "auto" else {}
        facts |= {"precision_gain": self.gain} if self.gain is not None else {}
        return facts | ({"passes": self.passes} if self.passes != self.recipe.accumulate else {})

    def restore(self, found: Checkpoint) -> None:
        """Go on from a checkpoint."""
        self.model.load_state_dict(found.model)
        self.optimizer.load_state_dict(found.optimizer)
        self.precision = found.trained_on.get("precision", self.precision)
        self.gain = found.trained_on.get("precision_gain")
        self.passes = found.trained_on.get("passes", self.passes)
        if self.average is not None:
            self.average.load(found.average)
        if scaler := found.random.get("scaler"):
            self.scaler.load_state_dict(scaler)
        randomness.restore(found.random, self.device)

    def __call__(self, batch: Batch, rate: float, step: int, weight: float = 1) -> dict[str, Tensor]:
        """One forward, backward and update.

        Args:
            rate: learning rate. step: its number, from 1.
            weight: of this process's loss in the mean over all processes.

        Returns:
            The parts of this process's loss, weighted, on the device: the host does not wait for them.

        Raises:
            PosebenchError: the architecture failed, or the device's memory is too small for one sample.
        """
        batch = batch.to(self.device)
        if self.precision == "auto":
            self._choose_precision(batch)
        set_rate(self.optimizer, rate)
        parts = self._gradients(batch, weight)
        while parts is None:
            self._halve_passes(len(batch.rows))
            parts = self._gradients(batch, weight)
        if self.recipe.clip_norm is not None:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_([p for p in self.model.parameters() if p.requires_grad], self.recipe.clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.average is not None:
            self.average.update(step)
        return parts

    def _gradients(self, batch: Batch, weight: float) -> dict[str, Tensor] | None:
        """Compute the gradients of a batch; the parts of its loss, or None where the device has too little memory."""
        self.optimizer.zero_grad()
        sums: dict[str, Tensor] = {}
        pieces = _pieces(batch, self.passes)
        try:
            for number, piece in enumerate(pieces, 1):
                share = weight * len(piece.rows) / len(batch.rows)
                alone = number < len(pieces) and self.wrapped is not self.model
                with self.accelerator.no_sync(self.wrapped) if alone else nullcontext():
                    parts = loss_of(self.model, self.wrapped, piece, self.precision, self.device)
                    self.scaler.scale(total_loss(parts) * share).backward()  # type: ignore[no-untyped-call]
                for name, part in parts.items():
                    value = part.detach().sum() * share
                    sums[name] = sums[name] + value if name in sums else value
        except (torch.OutOfMemoryError, PluginError) as error:
            if not isinstance(error.__cause__ or error, torch.OutOfMemoryError):
                raise
            if self.accelerator.num_processes > 1:
                raise PosebenchError(
                    f"The memory of {self.device} is too small for this batch. Set `accumulate` in the recipe, such as "
                    f"accumulate = {2 * self.passes}: the batch then passes through the network in parts."
                ) from error
            return None
        return sums

    def _halve_passes(self, samples: int) -> None:
        """Take half as many samples at a time, after the device's memory was too small."""
        at_once = -(-samples // self.passes)
        self.optimizer.zero_grad()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        if at_once == 1:
            raise PosebenchError(
                f"The memory of {self.device} is too small for one sample of {self.model.name}. Use a smaller input size, "
                'recompute = true or precision = "bf16" in the recipe.'
            )
        self.passes *= 2
        self.say(
            f"The device's memory is too small for {at_once} samples at once: each batch of {samples} now passes through the "
            f"network in {self.passes} parts. Batch normalisation sees the samples of one part at a time."
        )

    def _choose_precision(self, batch: Batch) -> None:
        """Replace `auto` by the faster precision."""
        able = has_bf16(self.device)
        self.precision = "bf16" if able and self.device.type == "cuda" else "no"
        if not able or self.device.type != "cpu":
            return
        gain = torch.tensor(measured_gain(self.model, batch, self.device))
        self.gain = round(processes.mean(gain).item(), 2)  # all processes must choose the same
        self.precision = "bf16" if self.gain > 1 else "no"
        chosen = {"bf16": "bfloat16", "no": "float32"}[self.precision]
        self.say(f"Trained in {chosen}: bfloat16 is {self.gain:.2f} times as fast as float32 here.")


def _synchronise_batch_norm(model: Architecture, device: torch.device) -> None:
    """Replace batch normalisation by the one that takes the statistics of all processes' samples.

    Raises:
        PosebenchError: the device has none.
    """
    if device.type != "cuda":
        raise PosebenchError(f"sync_batch_norm needs NVIDIA GPUs; this device is {device.type}. Leave it out.")
    # timm's own: torch's conversion would drop what timm's layers do beside normalising.
    from timm.layers import convert_sync_batchnorm  # type: ignore[attr-defined]

    convert_sync_batchnorm(model)  # type: ignore[no-untyped-call]


def _pieces(batch: Batch, count: int) -> list[Batch]:
    """A batch in `count` parts of nearly equal size, or one part per sample."""
    count = min(count, len(batch.rows))
    if count == 1:
        return [batch]
    split = {name: value.tensor_split(count) for name, value in vars(batch).items()}
    return [Batch(**dict(zip(split, values, strict=True))) for values in zip(*split.values(), strict=True)]
