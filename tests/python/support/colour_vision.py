"""Colours as people see them: contrast, and the three kinds of colour blindness simulated (Machado, Oliveira and
Fernandes 2009, full severity, in linear RGB), with distances in CIELAB."""

from __future__ import annotations

import math

Colour = tuple[float, float, float]
IDENTITY = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
LUMINANCE = (0.2126, 0.7152, 0.0722)
VISIONS = {
    "usual": IDENTITY,
    "protan": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deutan": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritan": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
    "grey": (LUMINANCE, LUMINANCE, LUMINANCE),
}


def linear(text: str) -> Colour:
    """'#rrggbb' in linear light, each part 0 to 1."""
    parts = [int(text[index : index + 2], 16) / 255 for index in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return red, green, blue


def see(colour: str, vision: str) -> Colour:
    """The colour in linear light as somebody with this vision sees it."""
    seen = [
        sum(weight * part for weight, part in zip(row, linear(colour), strict=True))
        for row in VISIONS[vision]
    ]
    red, green, blue = (min(1.0, max(0.0, part)) for part in seen)
    return red, green, blue


def luminance(colour: Colour) -> float:
    return sum(weight * part for weight, part in zip(LUMINANCE, colour, strict=True))


def contrast(one: str, other: str) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    high, low = sorted((luminance(linear(one)), luminance(linear(other))), reverse=True)
    return (high + 0.05) / (low + 0.05)


def lab(colour: Colour) -> Colour:
    """CIELAB of a colour in linear light, white D65."""
    red, green, blue = colour
    x = (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047
    y = 0.2126729 * red + 0.7151522 * green + 0.0721750 * blue
    z = (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883
    fx, fy, fz = (math.cbrt(part) if part > 0.008856 else 7.787 * part + 16 / 116 for part in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


def distance(one: str, other: str, vision: str) -> float:
    """How far apart two colours look: about 2 is just seen, 20 is told apart at a glance."""
    return math.dist(lab(see(one, vision)), lab(see(other, vision)))
