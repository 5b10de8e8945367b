"""Describe: everything that one plugin says of itself. Only that plugin is imported."""

from dataclasses import dataclass
from typing import Any

from posebench.errors import PosebenchError, unknown
from posebench.plugins import registry
from posebench.plugins.protocol import Convention, Protocol
from posebench.plugins.registry import Kind, Plugin
from posebench.plugins.source import Said, said

KEYPOINTS_OF = "mpii"
"""The protocol for which an architecture is built: 16 keypoints, as in the literature's parameter counts."""


@dataclass(frozen=True)
class ArchitectureFacts:
    """What an architecture says of itself.

    Attributes:
        parameters: for 16 keypoints.
        input_size: (width, height) of the crops, by default.
        recipe: the published one as JSON values; None where the architecture has none.
    """

    parameters: int
    input_size: tuple[int, int]
    recipe: dict[str, Any] | None


def kind_of(name: str) -> Kind:
    """Whether a name is that of a protocol or of an architecture, whatever its variant.

    Raises:
        PosebenchError: it is neither.
    """
    base = name.partition(":")[0]
    names: dict[Kind, list[str]] = {
        kind: [plugin.name for plugin in registry.installed(kind)] for kind in ("architecture", "protocol")
    }
    for kind, known in names.items():
        if base in known:
            return kind
    raise unknown("architecture or protocol", base, [*names["architecture"], *names["protocol"]], label="Installed")


def describe_architecture(name: str) -> ArchitectureFacts:
    """Build an architecture without memory and read what it says.

    Raises:
        PosebenchError: there is none of that name, it is broken, or it needs more after a colon.
    """
    import torch

    from posebench.plugins.recipe import Recipe

    with torch.device("meta"):
        model = registry.architecture(name, registry.protocol(KEYPOINTS_OF).skeleton)
    recipe = getattr(model, "paper", None)
    plain = recipe.model_dump(mode="json") if isinstance(recipe, Recipe) else None
    return ArchitectureFacts(sum(one.numel() for one in model.parameters()), model.input_size, plain)


def as_json(plugin: Plugin, kind: Kind, name: str = "") -> dict[str, Any]:
    """Everything about a plugin as JSON values; what only importing it tells is there for protocols and where it is asked for.

    Args:
        name: as it was asked for, with its variant; empty in a list of all plugins, where an error of a plugin is its entry
            `problem` and architectures, which need torch, are not built.
    """
    known: Said = said(plugin.target)
    facts: dict[str, Any] = vars(plugin) | {"summary": known.summary, "options": dict(known.options)}
    try:
        if kind == "protocol":
            facts |= protocol_as_json(registry.protocol(name or plugin.name))
        elif name:
            facts |= vars(describe_architecture(name))
    except PosebenchError as error:
        if name:
            raise
        facts["problem"] = str(error)
    return facts


def protocol_as_json(protocol: Protocol) -> dict[str, Any]:
    """What a protocol says of itself as JSON values."""
    return {
        "protocol_version": protocol.version,
        "headline": protocol.headline,
        "unit": protocol.unit,
        "keypoints": list(protocol.skeleton.keypoints),
        "splits": list(protocol.splits),
        "report_split": protocol.report_split,
        "train_split": protocol.train_split,
        "exports": dict(protocol.exports),
        "conventions": {name: _convention(convention) for name, convention in protocol.conventions.items()},
    }


def _convention(convention: Convention) -> dict[str, str]:
    return {
        "rule": convention.rule,
        "source": convention.source,
        "published_by": convention.published_by,
        "difference": convention.reason(convention.ground_truth),
    }
