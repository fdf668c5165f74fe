"""Gamma-Gamma: what customers spend a purchase, each around a mean of their own.

Fader & Hardie (2013), "The Gamma-Gamma Model of Monetary Value", www.brucehardie.com/notes/025, after Colombo & Jiang (1999) and
Fader, Hardie & Lee (2005), "RFM and CLV". A purchase's value is Gamma(p, rate ν), and ν differs between customers as
Gamma(q, rate v). Spend must not depend on how often one buys, and be positive.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, psi, zeta

from regulars.forecast.estimate import Extremes
from regulars.forecast.newton import Expansion
from regulars.forecast.rfm import BLOCK

Array = npt.NDArray[np.float64]

PARAMETERS = ("p", "q", "v")
STARTS = ((4.0, 4.0, 0.6),)
"""Where the search starts, money counted in mean values of a purchase."""
EXTREMES = (
    Extremes(
        "p",
        "p",
        alike="each customer always spends the same",
        split="a customer's purchases differ beyond all bounds",
        little="",
        much="",
    ),
    Extremes(
        "q", "q", alike="all customers spend alike", split="customers differ beyond all bounds", little="", much=""
    ),
)


def likelihood(parameters: Array, x: Array, mean: Array, n: Array) -> Expansion:
    """The log-likelihood of `n` customers with `x` purchases of this mean value; arrays of one length. Eq. (1a):

    Γ(px+q) / (Γ(px) Γ(q)) · v^q mean^(px−1) x^(px) / (v + x mean)^(px+q).
    """
    p, q, v = parameters
    customers = float(n.sum())
    counted = np.bincount(x.astype(np.intp), weights=n)
    k = np.flatnonzero(counted).astype(float)
    m = counted[counted > 0]
    both, own = zeta(2, p * k + q), zeta(2, p * k)

    value = float(m @ (gammaln(p * k + q) - gammaln(p * k))) + customers * (q * np.log(v) - gammaln(q))
    gradient = np.array(
        [
            m @ (k * (psi(p * k + q) - psi(p * k))),
            m @ psi(p * k + q) + customers * (np.log(v) - psi(q)),
            customers * q / v,
        ]
    )
    hessian = np.zeros((3, 3))
    hessian[0, :2] = m @ (k**2 * (both - own)), m @ (k * both)
    hessian[1, 1:] = m @ both - customers * zeta(2, q), customers / v
    hessian[2, 2] = -customers * q / v**2
    for start in range(0, len(x), BLOCK):
        here = slice(start, start + BLOCK)
        bought, each, weight = x[here], mean[here], n[here]
        spent, power = bought * each, p * bought + q
        logs, per = np.log(v + spent), 1 / (v + spent)
        apart = np.log(spent) - logs
        value += float(weight @ (p * bought * apart - q * logs - np.log(each)))
        gradient += weight @ (bought * apart), -(weight @ logs), -(weight @ (power * per))
        hessian[:, 2] += -(weight @ (bought * per)), -(weight @ per), weight @ (power * per**2)
    return Expansion(value, gradient, np.triu(hessian) + np.triu(hessian, 1).T)


def expected(parameters: Array, x: Array, mean: Array) -> Array:
    """Eq. (5), what a customer spends a purchase in the long run: p (v + x mean) / (px + q − 1).

    Between their own mean and that of all, p v / (q − 1); infinite where px + q ≤ 1, for those with no purchase if q ≤ 1.
    """
    p, q, v = parameters
    below = p * x + q - 1
    return np.where(below > 0, p * (v + np.where(x > 0, x * mean, 0.0)) / np.where(below > 0, below, 1.0), np.inf)
