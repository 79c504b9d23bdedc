"""Modules that act when they are imported."""
