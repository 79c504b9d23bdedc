"""The decisions of one load: what a global, an argument and a state may be."""
