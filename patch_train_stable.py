"""Upgrade a training script so that one hung environment cannot stop it.

usage: python patch_train_stable.py [SCRIPT ...]

Without arguments it patches src/Train.py, says what it changed, keeps a backup in backups/ and says how to undo it.
"""

from __future__ import annotations

import sys

from patches.__main__ import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
