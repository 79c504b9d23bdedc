"""Rules about exact values: one function each, by the name that policies give it."""
