"""Experts, cases, verdicts, agreement, adjudication, the store and its audit log."""
