"""The command line of main.py, over the same functions as the rules."""
