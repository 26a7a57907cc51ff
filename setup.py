"""What goes into a wheel: the packages below src/, and patches/ under the name `stable_patch`.

The rest is in pyproject.toml, which can list packages or find them, but not find them under another name. An editable
install leaves `stable_patch` out: with a package under another name it would put a finder into every interpreter's
start, pool workers included (20 ms each). A checkout has `patch_train_stable.py`.
"""

import sys

from setuptools import find_packages, setup

IS_EDITABLE = "editable_wheel" in sys.argv
TOOL = ["stable_patch", *(f"stable_patch.{package}" for package in find_packages("patches"))]

setup(
    packages=[*find_packages("src"), *([] if IS_EDITABLE else TOOL)],
    package_dir={"": "src"} if IS_EDITABLE else {"": "src", "stable_patch": "patches"},
    py_modules=["Train_stable", "stable_train"],
)
