"""The fixes: one folder each, with its examples and the helpers that only it uses."""
