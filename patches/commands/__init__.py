"""What the command line can be asked to do, and what may stand on it."""
