"""Verdicts on disk: entries, the user's folders, policies as a whole."""
