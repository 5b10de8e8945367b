"""Options that belong together, as one parameter of a command."""

import functools
from collections.abc import Callable
from typing import Any

import click

Command = Callable[..., Any]


def gathered(parameter: str, make: Callable[..., object], *options: Command) -> Callable[[Command], Command]:
    """A decorator with several options, shown by `--help` in this order.

    Args:
        parameter: the one parameter by which the command gets them.
        make: makes its value from the options' values, by their names: mostly a dataclass with a field for each option.
        options: click's options and arguments.
    """

    def declared(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    names = [option.name for option in click.command("options")(declared(lambda: None)).params if option.name]

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def with_value(*arguments: Any, **values: Any) -> Any:
            value = make(**{name: values.pop(name) for name in names})
            return command(*arguments, **{parameter: value}, **values)

        return declared(with_value)

    return decorate
