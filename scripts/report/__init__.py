"""What people look at: the report page, its picture, the Superset dashboard; write_report.py is the command."""
