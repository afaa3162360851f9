"""Checks of the project, of a database and of a run, each a command; scripts/lint.py runs those on the project."""
