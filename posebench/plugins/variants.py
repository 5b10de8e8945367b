"""Options after the colon of an architecture's name, such as `hourglass4:residuals=2,supervise=last`."""

from collections.abc import Mapping

from posebench.errors import PosebenchError, unknown


def choose(arch: str, variant: str | None, known: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """`stem=bearpaw,residuals=4` → the choice for every option; the first one where nothing is said.

    Raises:
        PosebenchError: an option or a choice is unknown, or an option comes twice.
    """
    chosen: dict[str, str] = {}
    for part in (variant or "").split(",") if variant is not None else ():
        name, _, value = part.partition("=")
        if name not in known:
            raise unknown(f"option of {arch}", name, known)
        if value not in known[name] or name in chosen:
            raise PosebenchError(
                f"{arch} takes {name} once, with one of {', '.join(known[name])}; {part!r} is not valid."
            )
        chosen[name] = value
    return {name: chosen.get(name, choices[0]) for name, choices in known.items()}
