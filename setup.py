"""What goes into a wheel: the packages below src/, and patches/ under the name `stable_patch`.

The rest is in pyproject.toml, which can list packages or find them, but not find them under another name.
"""

from setuptools import find_packages, setup

setup(
    packages=[
        *find_packages("src"),
        "stable_patch",
        *(f"stable_patch.{package}" for package in find_packages("patches")),
    ],
    package_dir={"": "src", "stable_patch": "patches"},
    py_modules=["Train_stable", "stable_train"],
)
