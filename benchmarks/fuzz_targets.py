"""The forms of files that `fuzz.py` reads: predictions, annotations, recipes, checkpoints, packs and photographs."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import mpii_release
import numpy as np
import torch
from coco_data import annotation, dataset, written
from flic_data import example_rows, h5_columns, parts, write_examples, write_h5
from fuzz_kept_targets import KEPT
from fuzz_target import Target, annotated, made, scoring
from fuzzing import damaged, odd_columns, odd_json, without_checksum
from lsp_data import joints, write_lspet
from packs import noise_people
from packs import recipe as pack_recipe
from scipy.io import savemat

from posebench.data.predictions import for_instances, save
from posebench.data.provenance import Provenance
from posebench.inference.decodings import choose, decode
from posebench.inference.heatmap_file import open_heatmaps
from posebench.inference.heatmap_writer import HeatmapForm, keep_heatmaps
from posebench.inference.picture_boxes import read_boxes
from posebench.inference.predict import regions
from posebench.plugins import recipe as recipes
from posebench.plugins.recipe_files import shipped_file
from posebench.plugins.registry import architecture, protocol
from posebench.samples.images import read_image
from posebench.samples.loader import Samples
from posebench.samples.pack import find_pack
from posebench.samples.packing import Packing
from posebench.synthetic import people as synthetic
from posebench.tasks.scoring.evaluate import naming
from posebench.training import checkpoints

FORMS = "jpg", "png", "webp", "bmp", "tif"
MPII, COCO, FLIC, LSP = (protocol(name) for name in ("mpii", "coco", "flic", "lsp"))
WHOLEBODY, CROWDPOSE = (protocol(name) for name in ("wholebody", "crowdpose"))


def targets(folder: Path) -> list[Target]:
    """All forms, their whole files written below a folder."""
    groups = (predictions_files, heatmap_files, coco_files, annotations, other_files, *KEPT)
    return [target for group in groups for target in group(folder / group.__name__)]


def predictions_files(folder: Path) -> list[Target]:
    """Every form of predictions of three people of MPII."""
    folder.mkdir()
    people = synthetic.instances(MPII.skeleton, "val", 3)
    score = scoring(people, MPII, "official")
    save(for_instances(people, people.keypoints, provenance=Provenance(arch="tiny", seed=3)), folder / "own.h5")
    write_h5(folder / "preds.h5", {"preds": people.keypoints})
    for name, options in {"preds.mat": {}, "packed.mat": {"do_compression": True}}.items():
        savemat(folder / name, {"preds": people.keypoints}, **options)
    np.savez(folder / "table.npz", keypoints=people.keypoints, scores=np.ones((3, 16)))
    lines = [
        f"{people.images[people.image[row]]},{people.person[row]},{name},{x:.3f},{y:.3f},0.5"
        for row in range(3)
        for name, (x, y) in zip(people.skeleton.keypoints, people.keypoints[row], strict=True)
    ]
    (folder / "table.csv").write_text("\n".join(["image,person,keypoint,x,y,score", *lines]))
    found = made("predictions own.h5", folder / "own.h5", score, damaged, without_checksum, odd_columns)
    names = ("preds.h5", "preds.mat", "packed.mat", "table.npz", "table.csv")
    return found + [target for name in names for target in made(f"predictions {name}", folder / name, score)]


def heatmap_files(folder: Path) -> list[Target]:
    """Heatmaps of three people, two stacks and both passes."""
    folder.mkdir()
    people, size = synthetic.instances(MPII.skeleton, "val", 3), (24, 32)
    network = architecture("hourglass1", MPII.skeleton, (64, 64))
    network.input_size = size  # its heatmaps are not computed
    form = HeatmapForm(3, 16, (1, 2), ("upright", "mirrored"), (8, 6), 4)
    batch = Samples(people, size).batch([(0, row) for row in range(3)])
    maps = torch.from_numpy(np.random.default_rng(0).random((3, 2, 16, 8, 6), np.float32))
    path, region, stated = folder / "maps.h5", regions(people, size), Provenance(arch="tiny")
    keep_heatmaps(path, network, form, people, region, stated, lambda writer: writer.add(batch, maps, maps))

    def read(path: Path) -> object:
        with open_heatmaps(path) as found, naming(path):
            return decode(found, choose(found)), [found.to_pixels(row, found.peaks(row)) for row in range(len(found))]

    return made("heatmaps .h5", path, read, damaged, without_checksum, odd_columns)


def coco_files(folder: Path) -> list[Target]:
    """COCO's results and annotations."""
    truth = written(
        folder / "truth.json", dataset(annotation(), annotation(id=8, image_id=9), annotation(id=9, iscrowd=1))
    )
    points = [0.5 if i % 3 == 2 else float(v) for i, v in enumerate(annotation()["keypoints"])]
    rows = [{"image_id": i, "category_id": 1, "keypoints": points, "score": 0.1 * i} for i in (3, 3, 9, 5)]
    results = written(folder / "results.json", rows)
    score = scoring(COCO.instances(truth, "val"), COCO, "official")
    people = COCO.instances(truth, "val")
    presence = np.linspace(0, 1, 51).reshape(3, 17)
    save(for_instances(people, people.keypoints, presence=presence), folder / "presence.h5")
    parts = {name: [0.5] * 3 * count for name, count in WHOLEBODY.form.keypoint_lists.items()}
    bodies = written(folder / "wholebody.json", dataset(annotation(**parts), annotation(id=8, image_id=9, **parts)))
    found = written(folder / "parts.json", [row | parts | {"foot_score": 0.5} for row in rows])
    crowd = dataset(annotation(14), annotation(14, id=8, image_id=9))
    for number, image in enumerate(crowd["images"]):
        image["crowdIndex"] = 0.4 * number
    return [
        *made("COCO results", results, score, damaged, odd_json),
        *made("COCO annotations", truth, annotated(COCO, "val", "official"), damaged, odd_json),
        *made("COCO presence.h5", folder / "presence.h5", scoring(people, COCO, "ex-oks"), without_checksum, odd_columns),
        *made("COCO-WholeBody results", found, scoring(WHOLEBODY.instances(bodies, "val"), WHOLEBODY, "official"), odd_json),
        *made("COCO-WholeBody annotations", bodies, annotated(WHOLEBODY, "val", "official"), odd_json),
        *made(
            "CrowdPose annotations", written(folder / "crowd.json", crowd), annotated(CROWDPOSE, "val", "official"), odd_json
        ),
    ]  # fmt: skip


def annotations(folder: Path) -> list[Target]:
    """The annotations of MPII, FLIC and LSP in the forms that people have."""
    folder.mkdir()
    columns = {
        "imgname": np.array([b"a.jpg", b"b.jpg", b"a.jpg"]), "person": np.array([0.0, 0, 1]), "index": np.array([4.0, 9, 4]),
        "center": np.full((3, 2), 50.0), "scale": np.array([1.0, 0.5, 0.25]), "part": np.arange(96.0).reshape(3, 16, 2),
        "visible": np.ones((3, 16)), "normalize": np.array([10.0, 12.0, 14.0]),
    }  # fmt: skip
    person = {
        "center": [50.0, 60.0],
        "scale": 2.0,
        "joints": [[10.0 + k, 20.5] for k in range(16)],
        "joints_vis": [1] * 16,
    }
    table = example_rows(parts(3), ["a.jpg", "b.jpg", "c.jpg"], [1, 1, 0])
    mpii, flic = annotated(MPII, "train", "official"), annotated(FLIC, "test", next(iter(FLIC.conventions)))
    lsp = annotated(LSP, "lspet-val", next(iter(LSP.conventions)))
    return [
        *made("MPII train.h5", write_h5(folder / "train.h5", columns), mpii),
        *made("MPII release .mat", mpii_release.write_trainers(folder / "release.mat", *mpii_release.ODD.values()), mpii),
        *made(
            "MPII train.json", written(folder / "train.json", [person | {"image": f"{i}.jpg"} for i in range(3)]),
            lambda path: MPII.instances(path, "train"), damaged, odd_json,
        ),
        *made("FLIC examples.mat", write_examples(folder / "examples.mat", table), flic),
        *made("FLIC test.h5", write_h5(folder / "test.h5", h5_columns(parts(3))), flic),
        *made("LSP joints.mat", write_lspet(folder / "lsp" / "joints.mat", np.add(joints(10_000), [0, 0, 1])), lsp),
    ]  # fmt: skip


def other_files(folder: Path) -> list[Target]:
    """Recipes, checkpoints, packs, photographs and boxes."""
    folder.mkdir()
    toml, network = folder / "recipe.toml", folder / "network.pt"
    toml.write_bytes(shipped_file("quick").read_bytes())
    with torch.random.fork_rng():
        checkpoints.save(network, checkpoints.Checkpoint.published(architecture("hourglass1", MPII.skeleton, (64, 64))))
    people = noise_people(folder)
    packing = Packing(people, pack_recipe(), folder)
    packing.make(workers=1)
    manifest, index = packing.folder / "pack.json", packing.folder / "part-0000.npz"
    for form in FORMS:
        assert cv2.imwrite(
            str(folder / f"x.{form}"), np.random.default_rng(0).integers(0, 255, (40, 60, 3)).astype(np.uint8)
        )
    boxes = written(
        folder / "boxes.json", [{"image_id": 3, "category_id": 1, "bbox": [1, 2, 30, 40], "score": 0.5}] * 3
    )
    (folder / "boxes.csv").write_text("image,x,y,width,height,score\na.jpg,1,2,30,40,0.5\nb.jpg,1,2,30,40,0.5\n")

    def pack(path: Path) -> object:
        found = find_pack(folder, people, pack_recipe())
        return found and [found.region(row) for row in range(len(people))]

    def in_pack(path: Path) -> object:
        with naming(path):
            return pack(path)

    return [
        *made("recipe .toml", toml, lambda path: recipes.choose(str(path))),
        *made("checkpoint", network, lambda path: checkpoints.load(path).network(MPII.skeleton, path)),
        *made("pack.json", manifest, in_pack, damaged, odd_json),
        *made("pack index", index, in_pack),
        *(one for form in FORMS for one in made(f"photograph .{form}", folder / f"x.{form}", read_image)),
        *made("boxes .json", boxes, read_boxes, damaged, odd_json),
        *made("boxes .csv", folder / "boxes.csv", read_boxes),
    ]  # fmt: skip


def names(found: Sequence[Target]) -> str:
    """The targets' names, for messages."""
    return json.dumps([target.name for target in found])
