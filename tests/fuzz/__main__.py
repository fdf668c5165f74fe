"""`python -m fuzz`: fuzz for a number of seconds, or again with kept seeds.

python -m fuzz --seconds 600                    every kind in turn, from a seed of the clock
python -m fuzz --kind xlsx --seed 4711 --count 1  one input again
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from fuzz import warehouses
from fuzz.files import KINDS, case
from fuzz.readers import findings

WAREHOUSE = "warehouse"
KEPT = Path("fuzz-findings")
"""Where inputs with findings are written, in the current folder."""


def main() -> int:
    """Fuzz until the time or the count is over. Returns 1 where something did not hold."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kind", choices=(*KINDS, WAREHOUSE), help="only this kind of input")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="the first seed; the others follow it")
    parser.add_argument("--count", type=int, default=sys.maxsize, help="at most so many seeds")
    options = parser.parse_args()
    ends, done, wrong = time.monotonic() + options.seconds, 0, 0
    kinds = (options.kind,) if options.kind else (*KINDS, WAREHOUSE)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        shop = warehouses.shop(Path(folder)) if WAREHOUSE in kinds else None
        for seed in range(options.seed, options.seed + options.count):
            for kind in kinds:
                if time.monotonic() > ends:
                    break
                found = run(kind, seed, shop)
                done += 1
                wrong += bool(found)
                for finding in found:
                    print(f"{kind} {seed}: {finding}", flush=True)
            if time.monotonic() > ends:
                break
    print(f"{done} inputs from seed {options.seed} on, {wrong} with findings" + (f", kept in {KEPT}" if wrong else ""))
    return int(wrong > 0)


def run(kind: str, seed: int, shop: Path | None) -> list[str]:
    """Run one input and keep it where something did not hold."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        if kind == WAREHOUSE:
            assert shop is not None
            return warehouses.findings(shop, seed, Path(folder))
        given = case(kind, seed)
        found = findings(given, Path(folder))
    if found:
        KEPT.mkdir(exist_ok=True)
        (KEPT / f"{kind}-{seed}-{given.name}").write_bytes(given.content)
        if given.mapping:
            (KEPT / f"{kind}-{seed}-mapping.toml").write_text(given.mapping, encoding="utf-8")
    return found


if __name__ == "__main__":
    sys.exit(main())
