"""Bundles: everything that verifies a record but the dataset, with the same bytes each time."""

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from click.testing import CliRunner

import posebench as pb
from posebench.cli.main import main
from posebench.data.predictions import for_instances, save
from posebench.data.provenance import Provenance
from posebench.plugins.recipe import QUICK
from posebench.tasks.verification.bundle import verify_bundle, write_bundle
from posebench.tasks.verification.verify import Places, Verification


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Records of two predictions files, one with a recipe."""
    folder = tmp_path_factory.mktemp("results")
    people = pb.load_people("lsp")
    recipe = QUICK.model_dump(mode="json")
    for name, pixels, facts in (("near", 3, {}), ("far", 9, {"arch": "mynet", "recipe": recipe, "torch": "2.11.0"})):
        file = folder / f"predictions/{name}.h5"
        save(for_instances(people, people.keypoints + pixels, provenance=Provenance.model_validate(facts)), file)
        pb.evaluate(file, protocol="lsp", name=name).save(folder)
    return folder


@pytest.fixture(scope="module")
def bundle(results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(sorted((results / "records").iterdir()), tmp_path_factory.mktemp("bundle") / "evidence.zip")


def contents(path: Path) -> dict[str, bytes]:
    with ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def changed(bundle: Path, path: Path, name: str, change: Any) -> list[Verification]:
    """Verify a copy of the bundle in which one file is changed and the hashes are made to fit."""
    files = contents(bundle)
    files[name] = change(files[name])
    digest = hashlib.sha256(files[name]).hexdigest()
    lines = files["SHA256SUMS"].decode().splitlines()
    files["SHA256SUMS"] = "\n".join(f"{digest}  {name}" if line.endswith(name) else line for line in lines).encode()
    with ZipFile(path, "w") as archive:
        for member, content in files.items():
            archive.writestr(member, content)
    return verify_bundle(path, Places())


def test_a_bundle_has_records_predictions_recipes_versions_hashes_and_how_to_verify(
    results: Path, bundle: Path
) -> None:
    files = contents(bundle)
    records = {path.name: path.read_bytes() for path in (results / "records").iterdir()}
    predictions = [(results / f"predictions/{name}.h5").read_bytes() for name in ("near", "far")]
    digests = {content: hashlib.sha256(content).hexdigest()[:8] for content in predictions}
    (far,) = [name for name in records if "far" in name]
    assert list(files) == sorted([
        "README.txt", "SHA256SUMS", "environment.txt", f"recipes/{far}", *(f"records/{name}" for name in records),
        f"predictions/{digests[predictions[0]]}-near.h5", f"predictions/{digests[predictions[1]]}-far.h5",
    ])  # fmt: skip
    assert all(files[f"records/{name}"] == content for name, content in records.items())
    assert pb.Recipe.model_validate(json.loads(files[f"recipes/{far}"])) == QUICK
    text = files["README.txt"].decode()
    assert "posebench verify FILE --data DIR" in text and "Mean" in text and "95 % interval" in text
    assert max(map(len, text.splitlines())) <= 80
    assert f"posebench {pb.__version__}" in text
    assert "torch 2.11.0" in files["environment.txt"].decode() and "\nnumpy==" in files["environment.txt"].decode()


def test_the_hashes_are_those_that_sha256sum_checks(bundle: Path) -> None:
    files = contents(bundle)
    lines = [line.split("  ") for line in files.pop("SHA256SUMS").decode().splitlines()]
    assert {name: digest for digest, name in lines} == {
        name: hashlib.sha256(one).hexdigest() for name, one in files.items()
    }


def test_the_same_records_give_the_same_bytes_in_any_order_and_place(
    results: Path, bundle: Path, tmp_path: Path
) -> None:
    shutil.copytree(results, tmp_path / "copy")
    again = write_bundle(sorted((tmp_path / "copy/records").iterdir(), reverse=True), tmp_path / "other.zip")
    assert again.read_bytes() == bundle.read_bytes()


def test_a_bundle_is_verified_without_anything_beside_it(bundle: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copy(bundle, tmp_path / "alone.zip"))
    found = verify_bundle(alone, Places())
    assert [one.status for one in found] == ["verified", "verified"]
    assert all(one.origin.startswith(f"{alone}/records/") for one in found)
    assert all(str(one.predictions.path).startswith(f"{alone}/predictions/") for one in found)


def test_a_changed_digit_in_a_bundle_is_named_although_the_hashes_fit(bundle: Path, tmp_path: Path) -> None:
    (name,) = [name for name in contents(bundle) if name.startswith("records/") and "near" in name]

    def other_mean(content: bytes) -> bytes:
        record = json.loads(content)
        record["metrics"]["Mean"] = 99.5
        return json.dumps(record).encode()

    found = {one.record.name: one for one in changed(bundle, tmp_path / "x.zip", name, other_mean)}
    assert found["far"].status == "verified"
    assert [(one.field, one.stated) for one in found["near"].differences] == [("metrics.Mean", 99.5)]


def test_a_recipe_that_is_not_the_records_is_named(bundle: Path, tmp_path: Path) -> None:
    (name,) = [name for name in contents(bundle) if name.startswith("recipes/")]
    found = {one.record.name: one for one in changed(bundle, tmp_path / "x.zip", name, lambda text: text + b" ")}
    assert [one.field for one in found["far"].differences] == [name]
    assert found["near"].status == "verified"


def test_a_file_that_is_not_the_one_of_the_hashes_is_named_with_both(bundle: Path, tmp_path: Path) -> None:
    files = contents(bundle) | {"environment.txt": b"numpy==1.0\n", "more.txt": b""}
    with ZipFile(tmp_path / "x.zip", "w") as archive:
        for member, content in files.items():
            archive.writestr(member, content)
    found = verify_bundle(tmp_path / "x.zip", Places())
    assert {one.status for one in found} == {"differs"}
    fields = [(one.field, one.stated == "absent") for one in found[0].differences]
    assert fields == [("SHA-256 of environment.txt", False), ("SHA-256 of more.txt", True)]


def test_an_archive_of_something_else_is_no_bundle(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("paper.tex", b"")
    done = CliRunner().invoke(main, ["verify", str(tmp_path / "x.zip")])
    assert done.exit_code == 1
    assert "x.zip is no bundle of posebench: it has no records." in done.stderr


def test_a_bundle_is_not_overwritten(results: Path, bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = bundle.read_bytes()
    done = CliRunner().invoke(main, ["bundle", "near", "--results", str(results), "--out", str(bundle)])
    assert done.exit_code == 1
    assert "evidence.zip exists, and a bundle is not overwritten." in done.stderr.replace("\n", " ")
    assert bundle.read_bytes() == before


def test_several_predictions_files_are_each_found_by_their_hash(results: Path, bundle: Path, tmp_path: Path) -> None:
    records = sorted((results / "records").iterdir())
    files = [tmp_path / name for name in ("one.h5", "two.h5", "other.h5")]
    for file, name in zip(files, ("near", "far", "far"), strict=True):
        file.write_bytes((results / f"predictions/{name}.h5").read_bytes())
    files[2].write_bytes(b"of no record")
    packed = pb.write_bundle(records, tmp_path / "x.zip", predictions=[files[2], files[1], files[0]])
    assert packed.read_bytes() == bundle.read_bytes()
    words = ["bundle", *map(str, records), "--out", str(tmp_path / "y.zip")]
    done = CliRunner().invoke(main, words + [word for file in files for word in ("--predictions", str(file))])
    assert done.exit_code == 0
    assert (tmp_path / "y.zip").read_bytes() == bundle.read_bytes()


def test_a_record_whose_predictions_are_gone_is_not_bundled(results: Path, tmp_path: Path) -> None:
    record = Path(shutil.copy(next((results / "records").glob("*near*")), tmp_path / "near.json"))
    done = CliRunner().invoke(main, ["bundle", str(record), "--out", str(tmp_path / "x.zip")])
    assert "cannot be bundled without its predictions. No predictions file below" in done.stderr
    assert not (tmp_path / "x.zip").exists()


def test_the_command_prints_the_bundles_path_and_verify_takes_it(results: Path, tmp_path: Path) -> None:
    out = tmp_path / "near.zip"
    done = CliRunner().invoke(main, ["bundle", "near", "--results", str(results), "--out", str(out)])
    assert (done.exit_code, done.stdout) == (0, f"{out}\n")
    done = CliRunner().invoke(main, ["verify", str(out), "--quiet"])
    assert done.exit_code == 0
    assert done.stdout.startswith(f"{out}/records/lsp-synthetic") and done.stdout.endswith(": verified\n")
