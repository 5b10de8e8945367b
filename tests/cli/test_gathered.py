"""Options that are one parameter of a command."""

from dataclasses import dataclass

import click
import pytest
from click.testing import CliRunner

from posebench.cli.gathered import gathered


@dataclass(frozen=True)
class Box:
    width: int
    height: int


@click.command()
@click.argument("name")
@gathered("box", Box, click.option("--height", type=int, default=4), click.option("--width", type=int, default=3))
@click.option("--deep", is_flag=True)
def draw(name: str, box: Box, deep: bool) -> None:
    click.echo(f"{name} {box.width} {box.height} {deep}")


def test_a_command_gets_the_options_of_a_group_as_one_value() -> None:
    assert CliRunner().invoke(draw, ["crop", "--width", "5", "--deep"]).output == "crop 5 4 True\n"


def test_help_shows_the_options_of_a_group_in_their_order_and_place() -> None:
    assert [option.name for option in draw.params] == ["name", "height", "width", "deep"]


def test_a_group_whose_value_has_no_field_for_an_option_is_an_error() -> None:
    wrong = click.command()(gathered("box", Box, click.option("--depth"))(lambda box: None))
    with pytest.raises(TypeError, match="depth"):
        wrong.main([], standalone_mode=False)
