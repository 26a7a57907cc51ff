"""From a path to a patched file: plan, verify, back up, write, try out, restore."""
