"""The project's own PostgreSQL; postgres.py is the command."""
