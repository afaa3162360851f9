"""The page's colours by simulation: won, lost, open and moved stay apart for everybody, and text can be read."""

from __future__ import annotations

import itertools
import re

import pytest

from report.write_report import PAGE
from support.colour_vision import VISIONS, contrast, distance

STATES = ("won", "lost", "open", "moved")
# Of text on what it stands on; 4.5 is WCAG's AA.
TEXTS = [
    *itertools.product(("ink", "muted", "accent", "good", "bad", "warn"), ("card", "page")),
    ("warn", "warn-tint"),
    ("ink", "tint"),
    ("accent", "tint"),
    ("muted", "tint"),
]


def themes() -> dict[str, dict[str, str]]:
    """{theme: {name: #rrggbb}} of the style sheet; the dark theme says again what differs."""
    style = (PAGE / "style.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r':root(?:\[data-theme="dark"\])? \{(.*?)\n\}', style, re.DOTALL)
    )
    return {"light": light, "dark": light | dark}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("vision", VISIONS)
def test_won_lost_open_and_moved_are_told_apart(theme: str, vision: str) -> None:
    colours = themes()[theme]
    # In grey there is lightness only, and a gap between the parts of a bar.
    least = 12 if vision == "grey" else 20
    for one, other in itertools.combinations(STATES, 2):
        assert distance(colours[one], colours[other], vision) >= least, (one, other)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_shapes_have_contrast(theme: str) -> None:
    colours = themes()[theme]
    weak = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in TEXTS}
    assert {pair: found for pair, found in weak.items() if found < 4.5} == {}
    shapes = {name: contrast(colours[name], colours["card"]) for name in (*STATES, "accent")}
    assert {name: found for name, found in shapes.items() if found < 3} == {}


def test_the_simulation_is_one() -> None:
    """Red and green of one lightness: apart for most, alike for whoever is red- or green-blind, and in grey."""
    red, green = "#b05040", "#5f7a30"
    assert distance(red, green, "usual") > 50
    assert distance(red, green, "tritan") > 40
    assert max(distance(red, green, vision) for vision in ("protan", "deutan", "grey")) < 25
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert distance("#808080", "#808080", "deutan") == 0
