"""What a caller may do to an environment in its worker beside reset and step."""

from __future__ import annotations

from typing import Any

from stablepool.messages import CallRequest

__all__ = ["call_on", "set_on"]

_FORBIDDEN = ("reset", "step", "close", "_setattr", "_check_spaces")


def call_on(env: Any, request: CallRequest) -> Any:
    """Call a method of an environment, read an attribute, or call a function with it.

    Args:
        env: The environment; methods and attributes are found behind its wrappers, too.
        request: What to call, and with which arguments.

    Raises:
        ValueError: The method belongs to the pool.
    """
    name = request.name
    if callable(name):
        return name(env, *request.args, **request.kwargs)
    if name in _FORBIDDEN:
        raise ValueError(f"Trying to call function `{name}` with `call`, use `{name}` directly instead.")
    attribute = env.get_wrapper_attr(name) if hasattr(env, "get_wrapper_attr") else getattr(env, name)
    return attribute(*request.args, **request.kwargs) if callable(attribute) else attribute


def set_on(env: Any, name: str, value: Any) -> None:
    """Set an attribute where the wrappers of an environment have it, else on the environment itself."""
    if hasattr(env, "set_wrapper_attr"):
        env.set_wrapper_attr(name, value)
    else:
        setattr(env, name, value)
