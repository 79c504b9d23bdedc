"""The audit hook: effects that no checked load may have, and loaders that have no guard."""
