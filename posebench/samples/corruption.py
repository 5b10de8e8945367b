"""Corruption: photographs with noise, blur, weather and digital damage, as AdvMix measures robustness (Wang et al., CVPR 2021).

The 15 corruptions in 5 severities are those of Hendrycks and Dietterich ("Benchmarking Neural Network Robustness to Common
Corruptions and Perturbations", ICLR 2019) for images of any size (Michaelis et al., 2019), computed by the package
`imagecorruptions`. Its last version, 1.1.2, imports a module that setuptools no longer has, and fails in two corruptions with
numpy 2 and today's scikit-image; so the fork `imagecorruptions-imaug` is used. Three of its functions need what stands here to do
as the original does:

- glass_blur and impulse_noise draw from generators of their own, so they are given the seed. glass_blur then draws the original's
  numbers. impulse_noise does not: today's scikit-image draws from another generator.
- frost chooses among six pictures, the original among the first five (`_skip_sixth_frost`).
"""

import contextlib
import io
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

import numpy as np
from PIL import Image as Pictures

from posebench.data.instances import Instances
from posebench.data.provenance import StatedCorruption
from posebench.errors import PosebenchError, counted, unknown
from posebench.files.writing import write_bytes
from posebench.samples.images import Image, decode, stated_header

KINDS = {
    "noise": ("gaussian_noise", "shot_noise", "impulse_noise"),
    "blur": ("defocus_blur", "glass_blur", "motion_blur", "zoom_blur"),
    "weather": ("snow", "frost", "fog", "brightness"),
    "digital": ("contrast", "elastic_transform", "pixelate", "jpeg_compression"),
}
"""Kind → its corruptions, in the order of the papers' tables."""
CORRUPTIONS = tuple(name for names in KINDS.values() for name in names)
SEVERITIES = 1, 2, 3, 4, 5
SEEDED = "glass_blur", "impulse_noise"
"""Corruptions that take a seed of their own."""
SMALLEST = 32
"""Pixels that either side of a photograph must have."""
FROSTS = 5
"""Pictures of frost that the original chooses from."""
Rule = Literal["advmix", "exact"]
"""What a network sees: `advmix` encodes the corrupted photograph as JPEG at Pillow's default quality, as AdvMix's released script
does (the clean one is not encoded again); `exact` leaves its pixels as they are."""
PACKAGES = "imagecorruptions-imaug", "numpy", "opencv-python-headless", "pillow", "scikit-image", "scipy"
"""Packages whose versions may change a pixel."""
INSTALL = "Install it with: pip install 'posebench-2d[robustness]'"

_global_generator = threading.Lock()
"""The package draws from numpy's global generator."""


@dataclass(frozen=True)
class Corruption:
    """What is done to every photograph before a network sees it: a pure function of its pixels.

    Attributes:
        name: one of `CORRUPTIONS`. severity: 1 to 5.
        rule: how the network gets it, see `Rule`.
        seed: of the random numbers, set before every photograph; AdvMix has 1.
        folder: where every corrupted photograph is written, too; None to write none.
    """

    name: str
    severity: int
    rule: Rule = "advmix"
    seed: int = 1
    folder: Path | None = None

    @property
    def stated(self) -> StatedCorruption:
        """What predictions of these photographs say of it."""
        return StatedCorruption(
            name=self.name, severity=self.severity, rule=self.rule, seed=self.seed, packages=library_versions()
        )

    def __call__(self, name: str, image: Image) -> Image:
        """The corrupted photograph.

        Args:
            name: of its file, below the folder of photographs.
            image: (H, W, 3) uint8 RGB, at least 32 pixels high and wide.

        Raises:
            PosebenchError: it is too small, or the package is not installed.
        """
        made = corrupted(image, self.name, self.severity, self.seed)
        if self.rule == "exact":
            if self.folder is not None:
                write_bytes(self.folder / Path(name).with_suffix(".png"), _encoded(made, "PNG"))
            return made
        data = _encoded(made, "JPEG")
        if self.folder is not None:
            write_bytes(self.folder / Path(name).with_suffix(".jpg"), data)
        decoded = decode(data)
        if decoded is None:  # OpenCV reads what Pillow wrote
            raise PosebenchError(f"{name}, corrupted, cannot be decoded.")
        return decoded


def read_corruption(text: str) -> Corruption:
    """`fog:3` → fog of severity 3.

    Raises:
        PosebenchError: the corruption or the severity is not there, or the package is not installed.
    """
    name, _, severity = text.partition(":")
    check_corruptions([name])
    if not severity.isdecimal():
        raise PosebenchError(f"--corruption {text!r} should be NAME:SEVERITY, such as {name}:3.")
    check_corruptions([name], [int(severity)])
    corruptions_library()
    return Corruption(name, int(severity))


def check_corruptions(names: Sequence[str], severities: Sequence[int] = ()) -> None:
    """Check names of corruptions, and severities.

    Raises:
        PosebenchError: one of them is not there.
    """
    for name in names:
        if name not in CORRUPTIONS:
            raise unknown("corruption", name, CORRUPTIONS)
    for severity in severities:
        if severity not in SEVERITIES:
            raise PosebenchError(f"The severity {severity} is not there. Severities are 1, 2, 3, 4 and 5.")


def check_sizes(people: Instances) -> None:
    """Check by their headers that the photographs of usable people are large enough to be corrupted.

    One without a readable header is left to whoever decodes it. Synthetic people are always large enough.

    Raises:
        PosebenchError: some are too small; counts them and names the first.
    """
    rows = [] if people.synthetic else np.unique(people.image[people.usable]).tolist()
    small = [people.images[row] for row in rows if _too_small(people.photograph(row))]
    if small:
        raise PosebenchError(
            f"{counted(len(small), 'photograph', 'photographs')} of {people.what} cannot be corrupted, because corruptions need at "
            f"least {SMALLEST} pixels each way; the first is {small[0]}. Remove their people from the annotation."
        )


def _too_small(path: Path) -> bool:
    header = stated_header(path)
    return header is not None and min(header.width, header.height) < SMALLEST


def corrupted(image: Image, name: str, severity: int, seed: int = 1) -> Image:
    """A corrupted photograph (H, W, 3) uint8 RGB. The same arguments give the same pixels; no generator is changed.

    Raises:
        PosebenchError: the photograph is too small, or the package is not installed.
    """
    if min(image.shape[:2]) < SMALLEST:
        height, width = image.shape[:2]
        raise PosebenchError(f"A photograph is {height}×{width} pixels; corruptions need at least {SMALLEST} each way.")
    library, more = corruptions_library(), {"seed": seed} if name in SEEDED else {}
    with _seeded(seed), contextlib.redirect_stdout(io.StringIO()):  # it prints of sizes that it rounds
        if name == "frost":
            _skip_sixth_frost()
        made: Any = library.corrupt(image, severity=severity, corruption_name=name, **more)
    return np.asarray(made, np.uint8)


@contextlib.contextmanager
def _seeded(seed: int) -> Iterator[None]:
    """numpy's global generator with a seed, and afterwards as it was."""
    with _global_generator:
        before = np.random.get_state()  # noqa: NPY002 - the generator that the package draws from
        np.random.seed(seed)  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(before)  # noqa: NPY002


def _skip_sixth_frost() -> None:
    """Advance the global generator until the next picture of frost is one of the original's five.

    A draw below 5 and a draw below 6 both take the lowest three bits of a random word and go on to the next word where these
    are too large. So what follows is what the original draws.
    """
    state = np.random.get_state()  # noqa: NPY002
    while np.random.randint(FROSTS + 1) == FROSTS:  # noqa: NPY002
        state = np.random.get_state()  # noqa: NPY002
    np.random.set_state(state)  # noqa: NPY002


def _encoded(image: Image, form: str) -> bytes:
    """The bytes of a file; JPEG at Pillow's default quality, 75."""
    file = io.BytesIO()
    Pictures.fromarray(image).save(file, form)
    return file.getvalue()


@cache
def corruptions_library() -> ModuleType:
    """The package that computes corruptions.

    Raises:
        PosebenchError: it is not installed, or it is the original, which today's numpy and scipy break.
    """
    try:
        import imagecorruptions

        version(PACKAGES[0])
    except ImportError as error:  # PackageNotFoundError is one
        raise PosebenchError(
            f"Corruptions are computed by the package {PACKAGES[0]}, which is not installed. {INSTALL}"
        ) from error
    return imagecorruptions  # type: ignore[no-any-return]


@cache
def library_versions() -> dict[str, str]:
    """Package → version, of those that compute corruptions."""
    found = {}
    for name in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):  # another distribution of OpenCV will do
            found[name] = version(name)
    return found
