"""The ways into a load: what stands in other people's modules in place of CPython's loaders."""
