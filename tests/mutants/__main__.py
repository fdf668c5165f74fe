"""`python -m mutants [NAME]`: run the mutants whose fault or file contains NAME, and print what became of each."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from mutants.catalogue import MUTANTS
from mutants.running import compiled_source, survives


def main() -> int:
    """Returns 1 where a mutant survives."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="compiled-") as once:
        compiled = compiled_source(Path(once))
        for mutant in MUTANTS:
            if wanted not in f"{mutant.fault} {mutant.file}":
                continue
            with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
                survived = survives(mutant, Path(folder), compiled)
            survivors += bool(survived)
            print(f"{'SURVIVED' if survived else 'caught':8}  {mutant.file}: {mutant.fault}", flush=True)
    print(f"{survivors} of {len(MUTANTS)} survived")
    return int(survivors > 0)


if __name__ == "__main__":
    sys.exit(main())
