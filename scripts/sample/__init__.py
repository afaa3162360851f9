"""Makes the sample in raw_data/; generate.py is the command."""
