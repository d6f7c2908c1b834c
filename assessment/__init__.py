"""Estimates with intervals, scores, notices, exports and the annual clearing."""
