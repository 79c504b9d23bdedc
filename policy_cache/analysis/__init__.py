"""From sources to a verdict on one global."""
