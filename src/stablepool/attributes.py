"""`KeptAttributes`: what was set in environments by name, so that a replacement is told as well."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Iterator

from stablepool.channel import dumps
from stablepool.messages import SetAttrRequest

__all__ = ["KeptAttributes"]


class KeptAttributes:
    """The last value of each attribute that was set, by environment, as it was when it was set."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, bool], dict[int, bytes]] = {}

    def keep(self, request: SetAttrRequest) -> None:
        """Remember what has been set."""
        values = {index: dumps(value) for index, value in request.values.items()}
        key = request.name, request.is_outermost
        self._values[key] = {**self._values.get(key, {}), **values}

    def requests(self, env_indices: Iterable[int]) -> Iterator[SetAttrRequest]:
        """What has to be set in new environments, in the order in which each name was first set."""
        wanted = set(env_indices)
        for (name, is_outermost), kept in list(self._values.items()):
            values = {index: pickle.loads(data) for index, data in kept.items() if index in wanted}  # noqa: S301
            if values:
                yield SetAttrRequest(name, values, is_outermost)
