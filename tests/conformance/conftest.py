"""Each shop once a session on both engines, and one session of Spark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from conformance import spark as sparks
from conformance.engines import Both, Engines, derived
from conformance.shops import Kind


@pytest.fixture(scope="session")
def both(postgres: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """A function from a kind of shop to that shop on both engines; each is loaded once."""
    made: dict[str, Engines] = {}
    with ExitStack() as stack:

        def engines(kind: Kind) -> Engines:
            name = kind.settings.name
            if name not in made:
                made[name] = derived(kind, stack, tmp_path_factory.mktemp(name), postgres)
            return made[name]

        yield engines


@pytest.fixture(scope="session")
def spark() -> Iterator[sparks.Spark]:
    """Spark, started once."""
    with sparks.spark() as session:
        yield session
