"""Export: a predictions file in the form that another evaluator or a server takes."""

from pathlib import Path

from posebench.data.instances import Instances
from posebench.errors import PosebenchError, counted
from posebench.plugins.protocol import Protocol
from posebench.tasks.scoring.evaluate import Network, stated


def export(
    form: str,
    file: Path,
    protocol: Protocol,
    people: Instances,
    out: Path,
    convention: str | None = None,
    network: Network | None = None,
) -> list[str]:
    """Write a predictions file in one of the protocol's `exports`.

    Args:
        people: as `load_people` gives them for the same convention.
        convention: detections are written as this convention's evaluator hands them to its matching.
        network: with the input size by which the convention suppresses detections, where the file does not state it.

    Returns:
        Sentences on what was written.

    Raises:
        PosebenchError: the form is unknown, the predictions lack what it asks for, or `network` would be ignored.
    """
    name = protocol.convention(convention).name
    given = stated(protocol.read_predictions(file, people), network, file)
    made = protocol.processed(given, name)
    if network is not None and made is given:
        raise PosebenchError(
            f"--input-size is for conventions that leave out detections, such as hrnet of coco, and {name} leaves out none. "
            "Leave out --input-size."
        )
    sentences = protocol.export(form, made, people, out)
    if people.chosen is not None:
        sentences = [
            f"Only {people.chosen.sentence} of {people.what} were predicted; the others would count as missed.",
            *sentences,
        ]
    if made is given:
        return sentences
    gone = counted(len(given) - len(made), "detection is", "detections are")
    assumed = protocol.assumptions(given, name)
    return [f"As {convention} does, scores are changed and {gone} left out.", *sentences, *assumed]
