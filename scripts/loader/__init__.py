"""Loads CSV exports into the append-only raw tables; load.py is the command."""
