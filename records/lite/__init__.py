"""The house's SQL on SQLite, for few rows in few milliseconds.

DuckDB sets up every operator of a statement anew, which takes longer than all the work on one person's rows. SQLite has no
such cost. ``Script`` says DuckDB's SQL in SQLite's words with DuckDB's own types; what it does not know how to say exactly
it refuses when it is made.
"""
