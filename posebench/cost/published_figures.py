"""Published costs: the figures of papers and their code bases, shown beside the counted ones.

Figures are the papers' own, in their unit and their decimals; `record.PUBLISHED_RULE` defines the unit of most of them.
"""

from dataclasses import dataclass

HRNET_PAPER = "Sun et al., CVPR 2019"
HRNET_CODE = "HRNet's README"
DARK_CODE = "DarkPose's README"
MMPOSE = "mmpose, in units of 10⁹"

GIBI = 1024**3


@dataclass(frozen=True)
class PublishedCost:
    """One row of a published table.

    Attributes:
        arch: name here. width, height: of the input, pixels.
        parameters: millions. gflops: as printed.
        source: where it is printed.
        unit: multiply-accumulates that it counts as one GFLOP.
    """

    arch: str
    width: int
    height: int
    parameters: float
    gflops: float
    source: str
    unit: int = GIBI


TABLE = (
    PublishedCost("hrnet_w32", 192, 256, 28.5, 7.10, HRNET_PAPER),
    PublishedCost("hrnet_w32", 256, 256, 28.5, 9.5, HRNET_PAPER),
    PublishedCost("hrnet_w32", 288, 384, 28.5, 16.0, HRNET_PAPER),
    PublishedCost("hrnet_w32", 96, 128, 28.5, 1.8, DARK_CODE),
    PublishedCost("hrnet_w48", 192, 256, 63.6, 14.6, HRNET_PAPER),
    PublishedCost("hrnet_w48", 288, 384, 63.6, 32.9, HRNET_PAPER),
    PublishedCost("hrnet_w48", 96, 128, 63.6, 3.6, DARK_CODE),
    PublishedCost("simplebaseline_resnet50", 192, 256, 34.0, 8.90, HRNET_PAPER),
    PublishedCost("simplebaseline_resnet50", 288, 384, 34.0, 20.0, HRNET_CODE),
    PublishedCost("simplebaseline_resnet50", 96, 128, 34.0, 2.3, DARK_CODE),
    PublishedCost("simplebaseline_resnet101", 192, 256, 53.0, 12.4, HRNET_PAPER),
    PublishedCost("simplebaseline_resnet101", 288, 384, 53.0, 27.9, HRNET_CODE),
    PublishedCost("simplebaseline_resnet101", 96, 128, 53.0, 3.1, DARK_CODE),
    PublishedCost("simplebaseline_resnet152", 192, 256, 68.6, 15.7, HRNET_PAPER),
    PublishedCost("simplebaseline_resnet152", 256, 256, 68.6, 20.9, HRNET_PAPER),
    PublishedCost("simplebaseline_resnet152", 288, 384, 68.6, 35.6, HRNET_PAPER),
    PublishedCost("simplebaseline_resnet152", 288, 384, 68.6, 35.3, HRNET_CODE),
    PublishedCost("simplebaseline_resnet152", 96, 128, 68.6, 3.9, DARK_CODE),
    PublishedCost("hourglass8", 256, 256, 25.1, 19.1, HRNET_PAPER),
    PublishedCost("hourglass8", 192, 256, 25.1, 14.3, HRNET_PAPER),
    PublishedCost("hourglass8", 96, 128, 25.1, 4.9, DARK_CODE),
    PublishedCost("hourglass4", 96, 128, 13.0, 2.7, DARK_CODE),
    PublishedCost("cpn_resnet50", 192, 256, 27.0, 6.20, HRNET_PAPER),
    PublishedCost("cpm", 192, 256, 31.3, 63.81, MMPOSE, 10**9),
    PublishedCost("cpm", 288, 384, 31.3, 143.57, MMPOSE, 10**9),
)


def published(arch: str, input_size: tuple[int, int]) -> list[PublishedCost]:
    """The published figures of a network on inputs of (width, height)."""
    return [row for row in TABLE if row.arch == arch and (row.width, row.height) == tuple(input_size)]
