"""Verdicts on files without loading them."""
