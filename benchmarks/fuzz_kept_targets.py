"""Further forms of files for `fuzz.py`: what posebench keeps in its results, and what people write for it."""

import json
from pathlib import Path

import cv2
import numpy as np
from coco_data import annotation, dataset, written
from diagnoses import diagnosis
from fuzz_target import Target, annotated, made, scoring
from fuzzing import damaged, odd_json
from posetrack_data import as_2017, person, sequence
from records import record
from robustness_data import kept as robustness

from posebench.data.common_keypoints import read_mapping
from posebench.data.predictions import for_instances, save
from posebench.diagnosis.manifest import read_manifest
from posebench.plugins import recipe as recipes
from posebench.plugins.registry import protocol
from posebench.report.pages.compare_page import write_compare_page
from posebench.report.pages.page import page
from posebench.report.pages.run_pages import write_run_pages
from posebench.report.plots.drawn_plots import note_drawn
from posebench.report.plots.robustness_report import write_robustness
from posebench.report.tables.contents import read_contents
from posebench.report.tables.leaderboard import csv, markdown
from posebench.results.folder import SETTINGS, ResultsFolder
from posebench.results.kept_comparison import KeptComparison, save_comparison
from posebench.results.kept_diagnosis import save_diagnosis
from posebench.results.kept_robustness import save_robustness
from posebench.results.kept_study import KeptFindings, KeptStudy, save_study
from posebench.results.record import save_record
from posebench.samples.photograph_scan import scan
from posebench.scoring.comparison import Difference
from posebench.studies.study_file import read_study, study_path
from posebench.synthetic import people as synthetic
from posebench.tasks.scoring.evaluate import evaluate
from posebench.tasks.training.resuming import other_runs
from posebench.tasks.verification.bundle import verify_bundle, write_bundle
from posebench.tasks.verification.verify import Places

COCO, MPII, POSETRACK = (protocol(name) for name in ("coco", "mpii", "posetrack"))


def results_files(folder: Path) -> list[Target]:
    """What a report reads: records, diagnoses, comparisons, costs and published rows."""

    def report(path: Path) -> object:
        contents = read_contents(folder)
        tables = [csv(board) for board in contents.boards]
        if not contents.boards or (contents.notes and str(path) not in " ".join(contents.notes)):
            raise ValueError(contents.notes)
        pages = write_run_pages(contents), write_compare_page(contents)
        write_robustness(contents.folder, contents.robustness)
        return page(contents, {board.slug: [] for board in contents.boards}), markdown(contents.boards), tables, pages

    whole = save_record(record("whole"), folder)
    one = save_record(record("other", model={"arch": "tiny", "seed": 3, "recipe": {"name": "x"}}), folder)
    cost = {
        "arch": "tiny", "input_size": [192, 256], "protocol": "mpii", "keypoints": 16, "parameters": 3, "unused": {},
        "macs": 5, "macs_on_outputs": 5, "activations": 7, "kept": 9, "device": "cpu", "created": "", "environment": {},
    }  # fmt: skip
    difference = Difference("Mean", 90.0, 88.0, (1.0, 3.0), 0.01)
    kept = KeptComparison(a=one.stem, b=whole.stem, metrics=(difference,), joints=(difference,))
    findings = KeptFindings(protocol="mpii", synthetic=False, verdicts=("hg2 - hg1 = +4.0, resolved",))
    study = KeptStudy(question="Are more better?", source="A paper", notes=("1 of 6 is left.",), findings=(findings,))
    header = "arch,input_size,protocol,split,convention,metric,value,params_m,gflops,source"
    (folder / "published.csv").write_text(f"{header}\nhg2,,mpii,val,bearpaw eval_PCKh,PCKh@0.5/head,95.8,,,x\n")
    return [
        *made("record", one, report, damaged, odd_json),
        *made("diagnosis", save_diagnosis(diagnosis(one.stem), folder), report, damaged, odd_json),
        *made("comparison", save_comparison(kept, folder), report, damaged, odd_json),
        *made("cost", written(folder / "cost" / "cpu" / "tiny.json", cost), report, damaged, odd_json),
        *made("published.csv", folder / "published.csv", report),
        *made("study.json", save_study(study, "stacks", folder), report, damaged, odd_json),
        *made("robustness", save_robustness(robustness(names=("fog",)), "id", folder), report, damaged, odd_json),
    ]


def files_of_runs(folder: Path) -> list[Target]:
    """What posebench keeps for itself: settings of runs, facts of photographs, and what plots were drawn from."""
    results = ResultsFolder(folder)
    settings = {
        "arch": "tiny",
        "protocol": "mpii",
        "recipe": recipes.choose("quick").model_dump(mode="json"),
        "seed": 3,
    }
    checkpoint = results.checkpoint("run")
    run = written(checkpoint.with_name(SETTINGS), settings | {"people": {"count": 7}})
    checkpoint.write_bytes(b"")
    photographs, picture = folder / "photographs.jsonl", folder / "x.png"
    cv2.imwrite(str(picture), np.zeros((40, 60, 3), np.uint8))
    scan([picture], photographs, 1)
    plot = results.plots / "x.png"
    plot.parent.mkdir()
    plot.write_bytes(b"")
    note_drawn(results, [plot], "source")
    return [
        *made(
            "settings of a run",
            run,
            lambda path: [one.text for one in other_runs(results, settings)],
            damaged,
            odd_json,
        ),
        *made("facts of photographs", photographs, lambda path: scan([picture], path, 1), damaged, odd_json),
        *made(
            "what plots show", results.drawn_plots, lambda path: note_drawn(results, [plot], "new"), damaged, odd_json
        ),
    ]


def files_of_people(folder: Path) -> list[Target]:
    """What people write: studies, descriptions of datasets, mappings, manifests, detected boxes, PoseTrack's files, bundles."""
    truth = written(folder / "truth.json", dataset(annotation(), annotation(id=8, image_id=9)))
    study, described = folder / "study.toml", folder / "crowd.toml"
    study.write_bytes(study_path("fusion").read_bytes())
    keypoints = json.dumps(COCO.skeleton.keypoints)
    files = '[files.val]\nannotations = "truth.json"\nimages = "images"\n'
    described.write_text(f'name = "crowd"\nsigmas = "coco"\nkeypoints = {keypoints}\n{files}')
    mapping, manifest = folder / "mapping.csv", folder / "manifest.csv"
    mapping.write_text("file,protocol\nneck,upper_neck\npelvis,\n")
    people = COCO.instances(truth, "val")
    manifest.write_text(
        "image,person,light\n" + "".join(f"{people.images[row]},{row + 7},day\n" for row in people.image)
    )
    boxes = written(
        folder / "boxes.json", [{"image_id": i, "category_id": 1, "bbox": [1, 2, 30, 40], "score": 0.5} for i in (3, 9)]
    )
    frames = [[(1, person())], [(1, person(moved=5.0)), (2, person(300.0))]]
    track = written(folder / "posetrack" / "walk.json", sequence(frames))
    old = written(folder / "posetrack17" / "walk.json", as_2017(sequence(frames)))
    found = written(folder / "results" / "walk.json", sequence(frames, scores=0.5))
    score = scoring(POSETRACK.instances(track, "val"), POSETRACK, next(iter(POSETRACK.conventions)))
    drawn = synthetic.instances(MPII.skeleton, "val", 3)
    save(for_instances(drawn, drawn.keypoints), folder / "own.h5")
    kept = save_record(evaluate(folder / "own.h5", MPII, drawn).record, folder / "evaluated")
    bundle = write_bundle([kept], folder / "bundle.zip", (folder / "own.h5",))
    return [
        *made("study .toml", study, lambda path: read_study(str(path))),
        *made("dataset .toml", described, lambda path: protocol(f"coco:{path}").instances(folder, "val")),
        *made("mapping .csv", mapping, lambda path: read_mapping(path, MPII.skeleton, "mpii")),
        *made("manifest .csv", manifest, lambda path: read_manifest(path, people)),
        *made("detected boxes", boxes, lambda path: COCO.detected(people, path, 0.0), damaged, odd_json),
        *made(
            "PoseTrack annotations",
            track,
            annotated(POSETRACK, "val", next(iter(POSETRACK.conventions))),
            damaged,
            odd_json,
        ),
        *made(
            "PoseTrack17 annotations",
            old,
            annotated(POSETRACK, "val", next(iter(POSETRACK.conventions))),
            damaged,
            odd_json,
        ),
        *made("PoseTrack results", found, score, damaged, odd_json),
        *made("bundle .zip", bundle, lambda path: verify_bundle(path, Places())),
    ]


KEPT = results_files, files_of_runs, files_of_people
