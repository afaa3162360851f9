"""Fetches exports from a CRM's API; from_api.py is the command. It runs in .venv-fetch, see requirements-fetch.in."""
