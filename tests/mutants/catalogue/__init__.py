"""The deliberate faults, by the folder of the source that they are in."""

from __future__ import annotations

from mutants.catalogue import facts, load_checks, load_files, load_rows, metrics, sources, versions, vocabulary
from mutants.running import Mutant

MUTANTS: tuple[Mutant, ...] = (
    *vocabulary.MUTANTS,
    *versions.MUTANTS,
    *sources.MUTANTS,
    *load_files.MUTANTS,
    *load_rows.MUTANTS,
    *load_checks.MUTANTS,
    *facts.MUTANTS,
    *metrics.MUTANTS,
)
