"""Prescription, person, practitioner and institution features; defined once, as of a moment."""
