"""Heatmap files: what a network put out is what is read again, and what cannot be kept or read is refused."""

import errno
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import h5py
import numpy as np
import pytest
import torch
from faulty import Pair, Sound
from torch import Tensor

from posebench.data.geometry import cell_to_pixel
from posebench.data.predictions import Predictions
from posebench.data.provenance import Provenance
from posebench.errors import Interrupted, PosebenchError
from posebench.inference import heatmap_writer
from posebench.inference.decodings import decode, own_decoding
from posebench.inference.heatmap_file import open_heatmaps
from posebench.inference.heatmap_writer import HeatmapForm, check_space, form_of, keep_heatmaps
from posebench.inference.predict import first_images, predict, regions, samples_for
from posebench.plugins import heatmaps
from posebench.plugins.registry import protocol
from posebench.samples.loader import Loading
from posebench.synthetic import people as synthetic

SKELETON = protocol("mpii").skeleton
K = len(SKELETON)


class Stacked(Sound):
    """Two stacks: the second one's maps are those of the first, moved down by a row."""

    name = "Stacked"

    def forward(self, images: Tensor) -> Tensor:
        maps = super().forward(images)
        return torch.stack([maps, maps.roll(1, dims=-2)], dim=1)

    def decode(self, outputs: Tensor) -> Any:
        return super().decode(outputs[:, -1])


class Kept(NamedTuple):
    path: Path
    model: Stacked
    people: Any
    predictions: Predictions


def kept(path: Path, model: Sound, flip_test: bool = True, last_stack: bool = False, **more: Any) -> Predictions:
    """Predict the people of `PEOPLE` and keep their heatmaps."""
    people = synthetic.instances(SKELETON, "val", 3)
    form = form_of(model, first_images(model, people, 1), len(people), flip_test, last_stack)
    region = regions(people, model.input_size)
    provenance = Provenance(arch=model.name)

    def run(writer: Any) -> Predictions:
        loaded: dict[str, Any] = {"flip_test": flip_test, "loading": Loading(batch_size=2)} | more
        return predict(model, people, keep=writer.add, **loaded)[0]

    return keep_heatmaps(path, model, form, people, region, provenance, run)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    torch.manual_seed(3)
    path, model = tmp_path_factory.mktemp("kept") / "maps.h5", Stacked(SKELETON, (24, 32)).eval()
    return Kept(path, model, synthetic.instances(SKELETON, "val", 3), kept(path, model))


def test_each_pass_and_stack_of_each_person_is_what_the_network_put_out(file: Kept) -> None:
    crops = samples_for(file.model, file.people).batch([(0, 1)]).images
    with torch.inference_mode():
        images = file.model.prepare(crops)
        upright, mirrored = file.model(images)[0], file.model(images.flip(-1))[0]
    with open_heatmaps(file.path) as found:
        assert (len(found), found.passes, found.stacks, found.input_size, found.stride) == (
            3, ("upright", "mirrored"), (1, 2), (24, 32), 4,
        )  # fmt: skip
        assert found.of_pass(1, "upright") == pytest.approx(upright.numpy(), rel=1e-3, abs=1e-4)
        assert found.of_pass(1, "mirrored") == pytest.approx(mirrored.numpy(), rel=1e-3, abs=1e-4)
        mean = (upright + heatmaps.unflip(mirrored, SKELETON.flip_order)) / 2
        assert found.mean(1) == pytest.approx(mean.numpy(), rel=1e-3, abs=1e-3)


def test_peaks_of_the_last_stack_are_within_a_quarter_cell_of_what_was_predicted(file: Kept) -> None:
    with open_heatmaps(file.path) as found:
        for row in range(3):
            apart = found.to_pixels(row, found.peaks(row)[-1]) - file.predictions.keypoints[row]
            cell = found.stride * found.region[row, 2] / found.input_size[0]
            assert np.abs(apart).max() <= cell / 4 + 1e-9


def test_a_file_says_whose_heatmaps_it_has_and_what_made_them(file: Kept) -> None:
    with open_heatmaps(file.path) as found:
        assert found.keypoint_names == SKELETON.keypoints
        assert [found.images[row] for row in found.image] == list(file.people.images)
        assert (found.dataset, found.split, found.person.tolist()) == ("synthetic people", "val", [0, 0, 0])
        assert found.provenance.arch == "Stacked"
        assert found.pipeline == file.model.pipeline
        assert not found.missing.any()


def test_its_own_decoding_gives_what_the_network_predicted(file: Kept) -> None:
    with open_heatmaps(file.path) as found:
        assert found.decoder == "quarter"
        (made,) = decode(found, [own_decoding(found)])
    assert made.keypoints == pytest.approx(file.predictions.keypoints, abs=1e-6)
    assert made.scores == pytest.approx(file.predictions.scores, rel=1e-3, abs=1e-4)
    for name in ("image", "person", "missing", "region", "box_score"):
        assert np.array_equal(getattr(made, name), getattr(file.predictions, name)), name


class Mean(Sound):
    """Decodes the mean of the cells, as networks of integral regression do."""

    name = "Mean"

    def decode(self, outputs: Tensor) -> Any:
        height, width = outputs.shape[-2:]
        share = outputs.flatten(2).softmax(2).unflatten(2, (height, width))
        x, y = (share.sum(dim) @ torch.arange(float(size)) for dim, size in ((2, width), (3, height)))
        return cell_to_pixel(torch.stack([x, y], dim=2), 4), outputs.flatten(2).amax(2)


class Lowest(Sound):
    """Decodes the lowest cell, which no published decoder does."""

    name = "Lowest"

    def decode(self, outputs: Tensor) -> Any:
        return super().decode(-outputs)


@pytest.mark.parametrize(("network", "decoder"), [(Sound, "quarter"), (Mean, "integral"), (Lowest, "")])
def test_the_decoder_of_a_file_is_the_one_that_gives_the_networks_keypoints(network: Any, decoder: str) -> None:
    model = network(SKELETON, (24, 32)).eval()
    people = synthetic.instances(SKELETON, "val", 1)
    assert form_of(model, first_images(model, people, 1), 1, False, False).decoder == decoder


def test_keeping_heatmaps_changes_no_prediction(file: Kept) -> None:
    plain, _ = predict(file.model, file.people, loading=Loading(batch_size=2))
    assert np.array_equal(plain.keypoints, file.predictions.keypoints)


def test_a_network_without_stacks_has_one_and_without_flip_test_one_pass(tmp_path: Path) -> None:
    kept(tmp_path / "maps.h5", Sound(SKELETON, (24, 32)).eval(), flip_test=False)
    with open_heatmaps(tmp_path / "maps.h5") as found:
        assert (found.stacks, found.passes, found.mean(2).shape) == ((1,), ("upright",), (1, K, 8, 6))
        with pytest.raises(PosebenchError, match="no pass 'mirrored'; it has upright"):
            found.of_pass(0, "mirrored")


def test_the_last_stack_alone_keeps_its_number(tmp_path: Path, file: Kept) -> None:
    kept(tmp_path / "maps.h5", file.model, last_stack=True)
    with open_heatmaps(tmp_path / "maps.h5") as last, open_heatmaps(file.path) as both:
        assert last.stacks == (2,)
        assert np.array_equal(last.mean(0)[0], both.mean(0)[1])


def test_the_same_network_makes_the_same_bytes(tmp_path: Path, file: Kept) -> None:
    kept(tmp_path / "maps.h5", file.model)
    assert (tmp_path / "maps.h5").read_bytes() == file.path.read_bytes()


def test_a_person_whose_photograph_cannot_be_read_is_missing(tmp_path: Path, file: Kept) -> None:
    batch = samples_for(file.model, file.people).batch([(0, 0), (0, 1), (0, 2)])
    batch.readable[1] = False
    outputs = torch.ones(3, 2, K, 8, 6)
    form = HeatmapForm(3, K, (1, 2), ("upright",), (8, 6), 4)
    region = regions(file.people, (24, 32))
    path = tmp_path / "maps.h5"
    keep_heatmaps(path, file.model, form, file.people, region, Provenance(), lambda it: it.add(batch, outputs, None))
    with open_heatmaps(path) as found:
        assert found.missing.tolist() == [False, True, False]
        assert [found.mean(row).max() for row in range(3)] == [1.0, 0.0, 1.0]


def test_the_space_is_counted_by_hand() -> None:
    form = HeatmapForm(2958, 16, tuple(range(1, 9)), ("upright", "mirrored"), (64, 64), 4)
    assert form.bytes == 2958 * 2 * 8 * 16 * 64 * 64 * 2
    assert form.sentence == (
        "heatmaps of 2,958 people × upright and mirrored × 8 stacks × 16 keypoints × 64×64 cells, float16: 6.2 GB"
    )


def test_too_little_space_is_said_with_the_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heatmap_writer, "free_bytes", lambda path: 1_000_000_000)
    form = HeatmapForm(2958, 16, (8,), ("upright",), (64, 64), 4)
    check_space(tmp_path, HeatmapForm(100, 16, (8,), ("upright",), (64, 64), 4))
    monkeypatch.setattr(heatmap_writer, "free_bytes", lambda path: 300_000_000)
    with pytest.raises(PosebenchError, match="needs 388 MB, but 300 MB are free there: 88 MB are missing"):
        check_space(tmp_path, form)


def stop(done: int, total: int) -> None:
    raise Interrupted("stopped")


def full(self: Any, *values: Any) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("what", ["interrupted", "full"])
def test_what_ends_predicting_leaves_no_file(
    what: str, file: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if what == "full":
        monkeypatch.setattr(heatmap_writer.HeatmapWriter, "_write", full)
    with pytest.raises(
        PosebenchError, match="stopped" if what == "interrupted" else "maps.h5 is not written: No space"
    ):
        kept(tmp_path / "maps.h5", file.model, show=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_limit_on_the_size_of_files_ends_in_a_sentence_before_anyone_is_predicted(file: Kept, tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(PosebenchError, match=r"maps.h5 is not written: .* See `ulimit -f`"):
            kept(tmp_path / "maps.h5", file.model, show=stop)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list(tmp_path.iterdir()) == []


class OwnRule(Sound):
    """Un-flips with a shift that its pipeline does not state."""

    name = "OwnRule"

    def unflip(self, outputs: Tensor) -> Tensor:
        return heatmaps.unflip(outputs, self.skeleton.flip_order, shift=1)


class Loud(Sound):
    """Heatmaps that float16 does not hold."""

    name = "Loud"

    def forward(self, images: Tensor) -> Tensor:
        return super().forward(images) * 0 + 1e5


@pytest.mark.parametrize(
    ("network", "sentence"),
    [
        (Pair, r"puts out 16×24 and 16×32 for a person, which are no heatmaps of 16 keypoints"),
        (OwnRule, "OwnRule un-flips its outputs by a rule of its own"),
        (Loud, "Loud has heatmaps beyond ±65,504"),
    ],
)
def test_what_cannot_be_kept_is_refused(network: Any, sentence: str, tmp_path: Path) -> None:
    with pytest.raises(PosebenchError, match=sentence):
        kept(tmp_path / "maps.h5", network(SKELETON, (24, 32)).eval())
    assert list(tmp_path.iterdir()) == []


def changed(change: Callable[[Any], None]) -> Callable[[Path], None]:
    def apply(path: Path) -> None:
        with h5py.File(path, "r+") as opened:
            change(opened)

    return apply


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def replaced(name: str, value: Any) -> Callable[[Any], None]:
    def change(opened: Any) -> None:
        del opened[name]
        opened[name] = value

    return change


DAMAGE: list[tuple[Callable[[Path], Any], str]] = [
    (flip_a_bit, "is damaged: its checksum is"),
    (lambda path: path.write_bytes(path.read_bytes()[:3000]), "was cut off: it has 3,000 of its"),
    (changed(lambda opened: opened.attrs.modify("format", "other")), r"its format: 'other'.*--keep-heatmaps"),
    (changed(lambda opened: opened.pop("to_image")), "lacks /to_image"),
    (
        changed(lambda opened: opened.attrs.modify("passes", '["sideways"]')),
        "should be upright, or upright and mirrored",
    ),
    (changed(lambda opened: opened.attrs.modify("pipeline", '{"alignment": 3}')), "its pipeline is not one"),
    (changed(lambda opened: opened.attrs.modify("stride", 0)), "with stride 0, which cannot be"),
    (changed(lambda opened: opened.attrs.modify("stride", 8)), r"/heatmaps is .* but should be \(3, 2, 2, 16, 4, 3\)"),
    (changed(replaced("image", np.array([0, 1, 7]))), r"an image row outside 0..2"),
    (
        changed(lambda opened: opened.attrs.modify("decoder", "guess")),
        "its decoder is guess, but should be one of argmax",
    ),
    (changed(replaced("missing", np.zeros(2, bool))), r"/missing is \(2,\) bool, but should be \(3,\)"),
    (changed(replaced("to_image", np.full((3, 2, 3), np.nan))), "/to_image has values that are not finite"),
    (changed(replaced("image", h5py.ExternalLink("/etc/passwd", "x"))), "links are not followed"),
]


@pytest.mark.parametrize(("damage", "sentence"), DAMAGE, ids=[sentence[:30] for _, sentence in DAMAGE])
def test_a_damaged_file_is_refused(damage: Callable[[Path], Any], sentence: str, file: Kept, tmp_path: Path) -> None:
    path = tmp_path / "maps.h5"
    path.write_bytes(file.path.read_bytes())
    damage(path)
    with pytest.raises(PosebenchError, match=sentence) as raised, open_heatmaps(path):
        pass
    assert str(path) in str(raised.value)


def test_heatmaps_that_are_not_finite_are_refused_where_they_are_read(file: Kept, tmp_path: Path) -> None:
    path = tmp_path / "maps.h5"
    path.write_bytes(file.path.read_bytes())
    with h5py.File(path, "r+") as opened:
        opened["heatmaps"][2, 0, 1, 7, 3, 4] = np.nan
    with open_heatmaps(path) as found:
        assert np.isfinite(found.mean(1)).all()
        with pytest.raises(PosebenchError, match="not finite for person 2"):
            found.mean(2)


def test_an_error_of_the_reader_is_not_taken_for_damage(file: Kept) -> None:
    with pytest.raises(KeyError), open_heatmaps(file.path):
        raise KeyError("the reader's own")
