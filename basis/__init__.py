"""The review basis: dated, cited rules and knowledge; lines in, findings out."""
