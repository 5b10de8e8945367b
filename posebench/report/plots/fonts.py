"""Fonts of plots: matplotlib's own one, and installed ones for letters that it lacks.

The same letters on the same machine have the same fonts. Letters that no installed font has are drawn as `SUBSTITUTE`.
"""

from collections.abc import Iterable, Sequence
from functools import cache

from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, findSystemFonts, fontManager, get_font
from matplotlib.text import Text

from posebench.plain_text import one_line

FONT = "DejaVu Sans"
"""matplotlib brings it, so it is there on every machine."""
SUBSTITUTE = "\ufffd"
"""Stands for a letter that no font has."""
FIRST = "Noto Sans"
"""Fonts of this name come first: they are made to stand beside each other."""
MOST = 10
"""Letters that `note` names."""
PLACEHOLDERS = "Last Resort"
"""Fonts of this name have a box for every letter there is."""


def families(text: str) -> list[str]:
    """The fonts that have the letters of a text, matplotlib's own one first."""
    others = (family for letter in text if ord(letter) not in _own() and (family := _fallback(letter)))
    return [FONT, *dict.fromkeys(others)]


def drawable(text: str) -> str:
    """The text with `SUBSTITUTE` for every letter that no font has."""
    return "".join(one if ord(one) in _own() or _fallback(one) else SUBSTITUTE for one in text)


def undrawable(texts: Iterable[str]) -> str:
    """The letters that no font has, each once."""
    every = dict.fromkeys("".join(map(one_line, texts)))
    return "".join(one for one in every if drawable(one) == SUBSTITUTE != one)


def note(texts: Iterable[str]) -> str:
    """What to say of letters that no font has, and what to do; empty where there are none."""
    letters = undrawable(texts)
    if not letters:
        return ""
    some = " ".join(letters[:MOST]) + " …" * (len(letters) > MOST)
    return (
        f"No font on this machine has {some}: pictures show {SUBSTITUTE} instead. Install one that has them, such as Noto (Debian: "
        "apt-get install fonts-noto-core fonts-noto-cjk), and run this again."
    )


def set_fonts(figure: Figure) -> None:
    """Give every text of a figure, which went through `drawable`, the fonts that have its letters."""
    if not _fallback.cache_info().currsize:  # looking through a figure takes as long as drawing a tenth of it
        return
    for text in figure.findobj(Text):
        found = families(text.get_text())
        if len(found) > 1:
            # Few of these fonts have a bold one, and matplotlib would say so of each text.
            text.set_fontweight("normal")
            text.set_fontfamily(found)


@cache
def _fallback(letter: str) -> str | None:
    """An installed font that has a letter."""
    return next((family for family, path in _installed() if ord(letter) in _letters(path)), None)


@cache
def _installed() -> Sequence[tuple[str, str]]:
    """Upright fonts of usual weight with their files: those of `FIRST`, then the others, by name."""
    _learn_new()
    usual = {
        font.name: font.fname
        for font in sorted(fontManager.ttflist, key=lambda font: (font.name, font.fname), reverse=True)
        if font.style == "normal" and font.weight in (400, "normal", "regular") and PLACEHOLDERS not in font.name
    }
    return sorted(usual.items(), key=lambda font: (not font[0].startswith(FIRST), font))


def _learn_new() -> None:
    """Tell matplotlib of fonts that were installed after it kept its list of fonts, which it does not renew."""
    known = {font.fname for font in fontManager.ttflist}
    for path in sorted(set(findSystemFonts()) - known):
        try:
            fontManager.addfont(path)
        except (OSError, RuntimeError, ValueError, LookupError):  # not a font that matplotlib can read
            continue


@cache
def _own() -> frozenset[int]:
    return _letters(findfont(FONT))


@cache
def _letters(path: str) -> frozenset[int]:
    """What a font file can draw; nothing where matplotlib cannot read it, or where it holds pictures instead of outlines."""
    try:
        font = get_font(path)
    except (OSError, RuntimeError):
        return frozenset()
    return frozenset(font.get_charmap()) if font.scalable else frozenset()
