"""MBG/NBD: BG/NBD in which one may leave after the first purchase already.

Batislam, Denizel & Filiztekin (2007), "Empirical validation and comparison of models for customer base analysis",
International Journal of Research in Marketing 24, 201–209; Hoppe & Wagner (2007), "Customer Base Analysis: The Case for a Central
Variant of the Betageometric/NBD Model", Marketing – Journal of Research and Management 3, 75–90. A one-time buyer may have left.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from regulars.forecast.models.bg_nbd import BgNbd

Array = npt.NDArray[np.float64]


class MbgNbd(BgNbd):
    """The model; its parameters are r, alpha (a time), a and b."""

    def chances(self, x: Array) -> Array:
        """One more than in BG/NBD, which gives Batislam et al.'s likelihood and all that follows from it."""
        return x + 1
