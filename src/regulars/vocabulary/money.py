"""Currencies and exact amounts. Money is decimal, never float."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

from regulars.vocabulary.errors import UsageError

SCALE = 4
"""Decimal places in which amounts are stored: decimal(18, 4)."""


_CODES = {
    0: """
        ADP AFN ALL BIF BYR CLP DJF ESP GNF IQD IRR ISK ITL JPY KMF KPW KRW LAK LBP LUF MGA MGF MMK MRO PYG RSD RWF SLL SOS
        STD SYP TMM TRL UGX UYI VND VUV XAF XOF XPF YER ZMK ZWD
    """,
    2: """
        AED AFA ALK AMD ANG AOA AOK AON AOR ARA ARL ARM ARP ARS ATS AUD AWG AZM AZN BAD BAM BAN BBD BDT BEC BEF BEL BGL BGM
        BGN BGO BMD BND BOB BOL BOP BOV BRB BRC BRE BRL BRN BRR BRZ BSD BTN BUK BWP BYB BYN BZD CAD CDF CHE CHF CHW CLE CNH
        CNX CNY COP COU CRC CSD CSK CUC CUP CVE CYP CZK DDM DEM DKK DOP DZD ECS ECV EEK EGP ERN ESA ESB ETB EUR FIM FJD FKP
        FRF GBP GEK GEL GHC GHS GIP GMD GNS GQE GRD GTQ GWE GWP GYD HKD HNL HRD HRK HTG HUF IDR IEP ILP ILR ILS INR ISJ JMD
        KES KGS KHR KRH KRO KYD KZT LKR LRD LSL LTL LTT LUC LUL LVL LVR MAD MAF MCF MDC MDL MKD MKN MLF MNT MOP MRU MTL MTP
        MUR MVP MVR MWK MXN MXP MXV MYR MZE MZM MZN NAD NGN NIC NIO NLG NOK NPR NZD PAB PEI PEN PES PGK PHP PKR PLN PLZ PTE
        QAR RHD ROL RON RUB RUR SAR SBD SCR SDD SDG SDP SEK SGD SHP SIT SKK SLE SRD SRG SSP STN SUR SVC SZL THB TJR TJS TMT
        TOP TPE TRY TTD TWD TZS UAH UAK UGS USD USN USS UYP UYU UZS VEB VED VEF VES VNN WST XAG XAU XBA XBB XBC XBD XCD XCG
        XDR XEU XFO XFU XPD XPT XRE XSU XTS XUA XXX YDD YUD YUM YUN YUR ZAL ZAR ZMW ZRN ZRZ ZWG ZWL ZWR
    """,
    3: """
        BHD JOD KWD LYD OMR TND
    """,
    4: """
        CLF UYW
    """,
}
"""Every ISO 4217 code that Unicode's CLDR knows, past ones too, by the decimal places of its smallest unit. Written down, as Babel
takes 20 ms of every start to say it.
"""
_DIGITS = {code: places for places, codes in _CODES.items() for code in codes.split()}


def currencies() -> frozenset[str]:
    """Every ISO 4217 code that Unicode's CLDR knows, upper case."""
    return frozenset(_DIGITS)


def currency(code: str) -> str:
    """Return the code in upper case, or raise UsageError where no such currency exists."""
    upper = code.strip().upper()
    if upper not in _DIGITS:
        raise UsageError(f"There is no currency {code!r}.", "Use its three-letter code, such as GBP, EUR or USD.")
    return upper


def digits(code: str) -> int:
    """Decimal places of the currency's smallest unit: 2 for GBP, 0 for JPY, 3 for KWD."""
    return _DIGITS.get(code, 2)


def rounded(amount: Decimal, code: str) -> Decimal:
    """The amount rounded half-even to the currency's smallest unit."""
    return amount.quantize(Decimal(1).scaleb(-digits(code)), rounding=ROUND_HALF_EVEN)
