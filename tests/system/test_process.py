"""Signals, users and memory, as systems have them."""

from __future__ import annotations

import getpass
import os
import signal
import subprocess
import sys

import pytest

from regulars.system import process


def test_this_machine_s_memory_is_that_of_the_kernel():
    with open("/proc/meminfo") as file:
        kibibytes = int(file.readline().split()[1])
    assert process.memory() == kibibytes * 1024


def test_memory_that_the_system_does_not_say_is_unknown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delattr(os, "sysconf")
    assert process.memory() is None


def test_a_process_runs_until_it_ends():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    assert process.is_running(child.pid)
    child.communicate(b"\n")
    assert not process.is_running(child.pid)


@pytest.mark.parametrize("error", [KeyError("uid"), OSError("no user"), ImportError("pwd")], ids=repr)
def test_a_user_without_a_name_has_a_number(monkeypatch: pytest.MonkeyPatch, error: Exception):
    def nameless() -> str:
        raise error

    monkeypatch.setattr(getpass, "getuser", nameless)
    assert process.user_name() == f"user {os.getuid()}"
    monkeypatch.delattr(os, "getuid")
    assert process.user_name() == "an unknown user"


def test_a_command_on_linux_stops_at_the_signals_of_linux():
    assert {signal.SIGINT, signal.SIGTERM, signal.SIGHUP} == {*process.STOP_SIGNALS}
