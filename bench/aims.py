"""What a figure of the bench should reach."""

from __future__ import annotations

from dataclasses import dataclass

FULL_SIZE = 10_000_000
"""Orders, or customers, at which aims in seconds and memory are meant, on 4 cores."""
LARGE = 1_000_000
"""Orders, or customers, from which ratios are judged: smaller shops measure what starting anything costs."""


@dataclass(frozen=True)
class Aim:
    """What a figure should reach. Ratios and bytes are judged from LARGE on, seconds and memory at FULL_SIZE.

    `busy` are seconds of processors, all threads together, judged at every size, or at `busy_at` alone. `bytes_per_order` are
    on the disk.
    """

    seconds: float | None = None
    busy: float | None = None
    busy_at: int | None = None
    bytes_per_order: float | None = None
    peak_mb: float | None = None
    ratio_at_most: float | None = None
    ratio_at_least: float | None = None

    def __str__(self) -> str:
        said = []
        if self.seconds is not None:
            said.append(f"≤ {shown_seconds(self.seconds)}")
        if self.busy is not None:
            said.append(f"≤ {shown_seconds(self.busy)} of CPU time")
        if self.bytes_per_order is not None:
            said.append(f"≤ {self.bytes_per_order:g} bytes an order")
        if self.peak_mb is not None:
            said.append(f"≤ {self.peak_mb / 1000:g} GB")
        if self.ratio_at_most is not None:
            said.append(f"≤ {self.ratio_at_most:g} ×")
        if self.ratio_at_least is not None:
            said.append(f"≥ {self.ratio_at_least:g} ×")
        return ", ".join(said)

    def met(
        self,
        size: int,
        seconds: float,
        peak_mb: float,
        ratio: float | None,
        busy: float | None = None,
        bytes_per_order: float | None = None,
    ) -> bool | None:
        """Whether it is reached; None where it is not meant for this size, or there is no ratio."""
        held: list[bool] = []
        if self.busy is not None and busy is not None and self.busy_at in (None, size):
            held.append(busy <= self.busy)
        if self.bytes_per_order is not None and bytes_per_order is not None and size >= LARGE:
            held.append(bytes_per_order <= self.bytes_per_order)
        if size == FULL_SIZE:
            held += [seconds <= self.seconds] if self.seconds is not None else []
            held += [peak_mb <= self.peak_mb] if self.peak_mb is not None else []
        if ratio is not None and size >= LARGE:
            held += [ratio <= self.ratio_at_most] if self.ratio_at_most is not None else []
            held += [ratio >= self.ratio_at_least] if self.ratio_at_least is not None else []
        return all(held) if held else None


def shown_seconds(seconds: float) -> str:
    """42.0 s, 1.23 s, 150 ms, 6.7 ms."""
    if seconds >= 10:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"
