"""What a load says to whoever started it: errors, warnings, and values as they can be printed."""

from __future__ import annotations

import re
import sys

import psycopg2

NUL = "\udc00"  # stands for a NUL byte; surrogateescape itself only uses U+DC80 to U+DCFF
UNREADABLE = re.compile("[\ud800-\udfff]")


class LoadError(Exception):
    """What a user can mend, in one line; nothing was loaded."""


class MissingColumns(LoadError):
    """The header lacks columns."""


def say(message: str) -> None:
    print(f"load: {message}", file=sys.stderr, flush=True)


class SayOnce:
    """Says each message once, though a file is read for one table after the other."""

    def __init__(self) -> None:
        self.said: set[str] = set()

    def __call__(self, message: str) -> None:
        if message not in self.said:
            self.said.add(message)
            say(message)


def warn(message: str) -> None:
    say(f"warning: {message}")


def one_line(error: psycopg2.Error) -> str:
    lines = [line.strip() for line in str(error).splitlines()]
    return "; ".join(filter(None, lines)) or type(error).__name__


def show(value: str) -> str:
    """The value as it can be stored and printed: 200 characters, those that cannot be printed escaped."""
    return "".join(character if character.isprintable() else _escape(character) for character in value[:200])


def _escape(character: str) -> str:
    if UNREADABLE.match(character):
        return f"\\x{ord(character) & 0xFF:02x}"  # the byte that surrogateescape, or NUL, stands for
    return character.encode("unicode_escape").decode()
