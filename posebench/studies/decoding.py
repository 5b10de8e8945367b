"""Decoding: the heatmaps of a run as each decoder of a study decodes them. It takes one more pass, and no further training."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from posebench.data import predictions
from posebench.data.instances import Instances
from posebench.data.provenance import Decoded
from posebench.errors import Interrupted, PosebenchError
from posebench.files.writing import free_bytes, shown_bytes
from posebench.tasks.prediction.predict import KeptHeatmaps, Predicting, predict, predictions_path
from posebench.tasks.run import Viewer
from posebench.tasks.training.initial_weights import recipe_network
from posebench.tasks.training.job import Job

LIST = "the study's list `decoders`"


def decodings(job: Job, asked: Instances, decoders: Sequence[str], to_read: bool = False) -> tuple[Decoded, ...]:
    """What these decoders decode of a job's network: its last stack, with the mirrored pass as the network itself takes it.

    Args:
        asked: whom the network will predict.
        to_read: whether no heatmaps will be written, so that the disk needs no room.

    Raises:
        PosebenchError: its outputs are no heatmaps, or the disk has too little room for the heatmaps of these people.
    """
    import torch

    from posebench.inference.decodings import Decoding
    from posebench.inference.heatmap_writer import form_of

    model = recipe_network(job.arch, job.protocol.skeleton, job.recipe).eval()
    width, height = model.input_size
    noise = torch.randint(256, (1, height, width, 3), generator=torch.Generator().manual_seed(0)).to(torch.uint8)
    flip_test = job.recipe.flip_test
    form = form_of(model, noise, int(asked.usable.sum()), flip_test, last_stack=True, option=LIST)
    if not to_read and form.bytes > (free := free_bytes(job.results.path)):
        raise PosebenchError(
            f"The heatmaps of {job.arch} need {shown_bytes(form.bytes)} in {job.results.path} until they are decoded, but "
            f"{shown_bytes(free)} are free there. Free some space, or name another folder with --results."
        )
    shift = model.pipeline.flip_shift if flip_test else None
    return tuple(Decoding(name, form.stacks[-1], shift).stated for name in decoders)


def decode(
    job: Job, checkpoint: Path, asked: Instances, wanted: Sequence[Decoded], folder: Path, viewer: Viewer
) -> list[Path]:
    """Predict people with a run's checkpoint, and write the predictions of each decoding.

    Args:
        wanted: of `decodings`.
        folder: of this run alone, for the heatmaps; it is removed afterwards.

    Returns:
        a predictions file for each decoding.

    Raises:
        PosebenchError: as `predict`.
        Interrupted: Ctrl-C or SIGTERM; no predictions are written.
    """
    from posebench.inference import decodings as inference
    from posebench.inference.heatmap_file import open_heatmaps
    from posebench.training.devices import use_device
    from posebench.training.stopping import asked_to_stop

    use_device(job.device)
    own, kept = predictions_path(checkpoint, asked, job.results), KeptHeatmaps(folder / "heatmaps.h5", True, viewer.say)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with viewer.predicting(asked) as show:
            predict(checkpoint, job.protocol, asked, folder / own.name, Predicting(job.workers, keep=kept), show)
        with viewer.predicting(asked) as show, asked_to_stop() as stop, open_heatmaps(kept.path) as maps:

            def show_or_stop(done: int, total: int) -> None:
                show(done, total)
                if stop.is_set():
                    raise Interrupted("Stopped while heatmaps were decoded.")

            ways = [way for one in wanted for way in inference.choose(maps, [one.decoder], [one.stack], [one.mirror])]
            made = inference.decode(maps, ways, show_or_stop)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    paths = [own.with_name(f"{own.stem}-{one.decoder}.h5") for one in wanted]
    for path, one in zip(paths, made, strict=True):
        predictions.save(one, path)
    return paths
