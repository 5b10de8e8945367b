"""Export: a predictions file in the form that another evaluator or a server takes."""

from pathlib import Path

from posebench.data.instances import Instances
from posebench.errors import counted
from posebench.plugins.protocol import Protocol


def export(
    form: str, file: Path, protocol: Protocol, people: Instances, out: Path, convention: str | None = None
) -> list[str]:
    """Write a predictions file in one of the protocol's `exports`.

    Args:
        people: as `load_people` gives them for the same convention.
        convention: detections are written as this convention's evaluator hands them to its matching.

    Returns:
        Sentences on what was written.

    Raises:
        PosebenchError: the form is unknown, or the predictions lack what it asks for.
    """
    given = protocol.read_predictions(file, people)
    made = protocol.processed(given, protocol.convention(convention).name)
    sentences = protocol.export(form, made, people, out)
    if people.chosen is not None:
        sentences = [
            f"Only {people.chosen.sentence} of {people.what} were predicted; the others would count as missed.",
            *sentences,
        ]
    if made is given:
        return sentences
    gone = counted(len(given) - len(made), "detection is", "detections are")
    assumed = protocol.assumptions(given, protocol.convention(convention).name)
    return [f"As {convention} does, scores are changed and {gone} left out.", *sentences, *assumed]
