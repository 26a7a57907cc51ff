"""What the script has registered is what workers make, also under an id that Gymnasium knows by itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import cloudpickle
import gymnasium as gym
import pytest
from gymnasium.envs.classic_control.cartpole import CartPoleEnv, CartPoleVectorEnv
from gymnasium.envs.registration import EnvSpec, namespace
from gymnasium.vector import AsyncVectorEnv
from gymnasium.wrappers import TimeAwareObservation

from stablepool import EnvironmentStartError, StableProcessPoolEnv, registrations
from stablepool.registrations import adopt_registry, pickle_registry

CARTPOLE = "CartPole-v1"


def _heavy() -> type[CartPoleEnv]:
    class Heavy(CartPoleEnv):  # local, so that it travels by value, as what a script defines does
        def __init__(self, gravity: float = 100.0, lock: Any = None, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.gravity = gravity

    return Heavy


Heavy = _heavy()


@pytest.fixture(autouse=True)
def _registry_as_before() -> Iterator[None]:
    before = dict(gym.registry)
    yield
    gym.registry.clear()
    gym.registry.update(before)
    adopt_registry.cache_clear()


def locked() -> Callable[..., Any]:
    """An entry point that works in this process alone."""
    lock = threading.Lock()

    def make(**kwargs: Any) -> Any:
        with lock:
            return Heavy(**kwargs)

    return make


def seen(look: Callable[[Any], Any], make: Callable[[], Any] = lambda: gym.make(CARTPOLE)) -> Any:
    """What a worker sees."""
    envs = StableProcessPoolEnv([make], 1)
    try:
        return envs.call_on([0], look)[0]
    finally:
        envs.close()


@pytest.mark.filterwarnings("ignore:.*Overriding environment")
@pytest.mark.parametrize(
    ("entry_point", "name"),
    [
        (Heavy, "Heavy"),
        (lambda **kwargs: Heavy(**kwargs), "Heavy"),
        ("gymnasium.envs.classic_control.pendulum:PendulumEnv", "PendulumEnv"),
    ],
    ids=["class", "lambda", "text"],
)
def test_a_known_id_is_made_as_the_script_has_registered_it(entry_point: Any, name: str) -> None:
    gym.register(CARTPOLE, entry_point, max_episode_steps=7)
    assert seen(lambda env: (type(env.unwrapped).__name__, env.spec.max_episode_steps)) == (name, 7)


@pytest.mark.filterwarnings("ignore:.*Overriding environment")
def test_a_known_id_is_the_same_as_under_gymnasiums_own_vector_environment() -> None:
    gym.register(CARTPOLE, CartPoleEnv, max_episode_steps=3)
    vector_envs = [AsyncVectorEnv, StableProcessPoolEnv]
    limits = []
    for kind in vector_envs:
        envs = kind([lambda: gym.make(CARTPOLE)] * 2)
        try:
            limits.append([spec.max_episode_steps for spec in envs.get_attr("spec")])
        finally:
            envs.close()
    assert limits == [[3, 3], [3, 3]]


def test_what_was_changed_in_place_reaches_the_workers() -> None:
    gym.spec(CARTPOLE).max_episode_steps = 5
    try:
        assert seen(lambda env: env.spec.max_episode_steps) == 5
    finally:
        gym.spec(CARTPOLE).max_episode_steps = 500


def test_wrappers_and_the_vector_entry_point_come_along() -> None:
    wrapped = TimeAwareObservation(gym.make(CARTPOLE)).spec
    assert wrapped is not None
    wrapped.vector_entry_point = lambda **kwargs: CartPoleVectorEnv(**kwargs)
    gym.registry[CARTPOLE] = wrapped

    def look(env: Any) -> Any:
        return type(env).__name__, callable(gym.spec(env.spec.id).vector_entry_point)

    assert seen(look) == ("TimeAwareObservation", True)


def test_namespaces_are_known_in_the_workers() -> None:
    with namespace("stablepool_test"):
        gym.register("Heavy-v3", Heavy)
    spec = seen(lambda env: env.spec, lambda: gym.make("stablepool_test/Heavy-v3"))
    assert (spec.namespace, spec.name, spec.version) == ("stablepool_test", "Heavy", 3)


@pytest.mark.filterwarnings("ignore:.*Overriding environment")
def test_a_known_id_whose_new_registration_cannot_travel_is_not_made_from_the_old_one() -> None:
    gym.register(CARTPOLE, locked())
    with pytest.raises(
        EnvironmentStartError, match=r"(?s)registration of 'CartPole-v1' cannot be sent.*lock"
    ):
        StableProcessPoolEnv([lambda: gym.make(CARTPOLE)], 1)
    assert seen(lambda env: env.spec.id, lambda: gym.make("Pendulum-v1")) == "Pendulum-v1"


@pytest.mark.filterwarnings("ignore:.*Overriding environment")
def test_the_environment_function_may_register_what_cannot_travel() -> None:
    gym.register(CARTPOLE, locked())

    def make() -> Any:
        gym.register(CARTPOLE, Heavy, kwargs={"gravity": 3.0})
        return gym.make(CARTPOLE)

    assert seen(lambda env: env.unwrapped.gravity, make) == 3.0


def test_what_the_script_has_deleted_is_unknown_in_the_workers() -> None:
    del gym.registry[CARTPOLE]
    with pytest.raises(EnvironmentStartError, match=r"CartPole.*doesn't exist"):
        StableProcessPoolEnv([lambda: gym.make(CARTPOLE)], 1)


def test_a_registration_that_a_worker_cannot_load_is_told_of_where_it_is_made() -> None:
    class Unloadable(CartPoleEnv):
        def __reduce__(self) -> Any:
            return int, ("no number",)

    gym.register("StablepoolTest/Unloadable-v0", Heavy, kwargs={"inner": Unloadable()})
    assert seen(lambda env: env.spec.id) == CARTPOLE
    with pytest.raises(
        EnvironmentStartError, match=r"Unloadable-v0' cannot be sent to a worker: ValueError: invalid"
    ):
        StableProcessPoolEnv([lambda: gym.make("StablepoolTest/Unloadable-v0")], 1)


def test_what_a_package_has_registered_alike_in_both_processes_is_left_to_it() -> None:
    gym.register("StablepoolTest/Locked-v0", Heavy, kwargs={"lock": threading.Lock()})
    pickled = pickle_registry(cloudpickle.dumps)
    own = EnvSpec("StablepoolTest/Locked-v0", Heavy, kwargs={"lock": threading.Lock()})
    gym.registry[own.id] = own  # as if imported in a worker
    adopt_registry(pickled)
    assert gym.registry[own.id] is own
    other = EnvSpec(own.id, Heavy, kwargs={"lock": threading.Lock(), "gravity": 1.0})
    gym.registry[own.id] = other
    adopt_registry.cache_clear()
    adopt_registry(pickled)
    with pytest.raises(TypeError, match="cannot be sent"):
        gym.make(own.id)


def test_only_the_first_environment_of_a_worker_pays_for_the_registry() -> None:
    pickled = pickle_registry(cloudpickle.dumps)
    adopt_registry(pickled)
    gym.register("StablepoolTest/Later-v0", Heavy)
    adopt_registry(bytes(bytearray(pickled)))
    assert "StablepoolTest/Later-v0" in gym.registry


def test_plain_registrations_share_one_small_pickle() -> None:
    pickled = pickle_registry(cloudpickle.dumps)
    stock = [spec for spec in gym.registry.values() if "gymnasium" in str(spec.entry_point)]
    assert all(registrations._is_plain_spec(spec) for spec in stock)
    assert len(pickled) < 400 * len(gym.registry)
    started = time.perf_counter()
    pickle_registry(cloudpickle.dumps)
    assert time.perf_counter() - started < 0.1
