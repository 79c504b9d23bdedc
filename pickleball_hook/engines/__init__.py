"""The machines that load a stream once it may be, or operation by operation while it is judged."""
