"""Decoding from Python: the rows of a heatmap file, and what is said of them."""

from pathlib import Path

import click
import pytest
import torch
from kept_heatmaps import SKELETON, drawn_people, truth, write

import posebench as pb
from posebench.cli.decode import decode as command
from posebench.plugins import heatmaps
from posebench.plugins.decoders import DECODERS
from posebench.report.tables.board import SYNTHETIC_NOTE
from posebench.report.tables.decoding_table import sentence

PEOPLE = 5


@pytest.fixture(autouse=True)
def _few_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", PEOPLE)


FEW = "Only 5 images: 95 % intervals of differences between runs are too narrow (docs/scoring.md)."


def kept(path: Path, decoder: str = "quarter", arch: str = "Drawn") -> Path:
    """A file of one stack and both passes with a Gaussian at every keypoint."""
    people = drawn_people(PEOPLE)
    maps = truth(people)[:, None]
    write(path, people, maps, heatmaps.unflip(maps, SKELETON.flip_order), decoder=decoder, arch=arch)
    return path


def test_the_frame_has_a_row_for_each_decoding(tmp_path: Path) -> None:
    found = pb.decode(kept(tmp_path / "a.h5"), protocol="mpii", mirrors=["off", "on"], decoders=["quarter", "integral"])
    assert list(found.frame["decoder"]) == ["quarter", "integral"] * 2
    assert list(found.frame["own"]) == [False, False, True, False]
    assert found.notes == (FEW,)


def test_the_best_row_is_named_with_its_verdict(tmp_path: Path) -> None:
    found = pb.decode(
        kept(tmp_path / "a.h5", decoder="integral"), protocol="mpii", mirrors=["on"], decoders=["quarter"]
    )
    own, best = (next(row for row in found.rows if row.decoding.decoder == name) for name in ("integral", "quarter"))
    assert sentence(found.record, found.rows) == (
        f"Mean: the network's own decoding (integral, stack 1, mirror on) scores {own.value:.2f}, quarter, stack 1, mirror on "
        f"{best.value:.2f}: {best.value - own.value:+.2f}, resolved."
    )


def test_a_file_that_states_no_decoder_is_compared_with_quarter_and_a_note_says_so(tmp_path: Path) -> None:
    found = pb.decode(kept(tmp_path / "a.h5", decoder=""), protocol="mpii", decoders=["argmax"], mirrors=["off"])
    assert [row.decoding.name for row in found.rows if row.difference is None] == ["quarter, stack 1, mirror on"]
    assert found.notes == (
        "The heatmap file does not say how its network decodes, so differences are from quarter, stack 1, mirror on.",
        FEW,
    )


def test_a_name_from_a_file_is_shown_as_text(tmp_path: Path) -> None:
    found = pb.decode(kept(tmp_path / "a.h5", arch="<b>|x\n"), protocol="mpii", decoders=["quarter"], mirrors=["on"])
    found.save(tmp_path / "t.md")
    assert "<b>" not in found._repr_html_()
    assert r"&lt;b&gt;\|x" in (tmp_path / "t.md").read_text()
    assert SYNTHETIC_NOTE in (tmp_path / "t.md").read_text()


def test_average_precision_is_decoded_too(tmp_path: Path) -> None:
    people = pb.load_people("coco")
    right = truth(people)
    write(tmp_path / "a.h5", people, torch.stack([right.roll(3, dims=-2), right], dim=1))
    found = pb.decode(tmp_path / "a.h5", protocol="coco", decoders=["argmax", "dark"])
    value = {(row.decoding.stack, row.decoding.decoder): row.value for row in found.rows}
    assert value[2, "dark"] > value[2, "argmax"] > value[1, "dark"]


def test_a_file_of_fewer_people_is_refused_with_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = kept(tmp_path / "a.h5")
    monkeypatch.setattr("posebench.tasks.people.SYNTHETIC_TO_SCORE", PEOPLE + 2)
    with pytest.raises(pb.PosebenchError, match=r"a.h5: The predictions have 5 of the 7 people"):
        pb.decode(path, protocol="mpii", decoders=["argmax"], mirrors=["off"])


def test_the_help_names_every_decoder() -> None:
    option = next(one for one in command.params if one.name == "decoders")
    assert isinstance(option, click.Option)
    assert option.help == f"{', '.join(list(DECODERS)[:-1])} or {list(DECODERS)[-1]}; may be repeated. Default: all."
