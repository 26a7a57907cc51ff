"""Bytes, names and positions: what can be said of a script without knowing what it does."""
