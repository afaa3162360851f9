"""Measures loads, builds and incremental runs; benchmark.py is the command."""
