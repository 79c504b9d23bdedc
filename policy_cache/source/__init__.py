"""What is installed, as text: where a module is, what is in it, what a name stands for."""
