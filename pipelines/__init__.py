"""Wiring only: the command line and the order of steps."""
