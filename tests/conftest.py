"""What tests of every part share: real data where it is, and how Hypothesis behaves."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings

from conformance.server import server

ROOT = Path(__file__).resolve().parents[1]

# A question to a database has no steady pace, so no example is judged by its time. On a CI machine every run draws the
# same examples: a change is judged by what it changed, and new examples are found where people develop.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, database=None, print_blob=True)
settings.register_profile(
    "first failure", settings.get_profile("ci"), phases=(Phase.explicit, Phase.reuse, Phase.generate)
)
settings.load_profile(os.environ.get("REGULARS_TEST_PROFILE") or ("ci" if os.environ.get("CI") else "default"))

# Compiling SQL makes very many objects that live long enough: looking for garbage so often takes a tenth of the time.
gc.set_threshold(50_000, 20, 20)

# A shop chosen in the developer's own shell must not be the one tests work on.
os.environ.pop("REGULARS_SHOP", None)


@pytest.fixture(scope="session")
def data() -> Callable[[str], Path]:
    """A function from a name such as "online_retail/online_retail.csv.gz" to its path.

    Real data lies in the folder that REGULARS_TEST_DATA names, or in ../shared/data beside the repository. A test whose
    data is not there is skipped, by that name.
    """
    folder = Path(os.environ.get("REGULARS_TEST_DATA") or ROOT.parent / "shared" / "data")

    def find(name: str) -> Path:
        path = folder / name
        if not path.exists():
            pytest.skip(f"real data is not here: {name}")
        return path

    return find


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL; each module makes itself a database there."""
    with server() as address:
        yield address
