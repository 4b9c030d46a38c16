"""Amounts of money in a currency's own unit and in its smallest."""

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from shared.expr.truto_functions.javascript import number_text, parsed_float

_EXACT_MAX = 1e21
"""From here on JavaScript writes an exponent, whatever the digits."""

_CODES = {
    0: """BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XAG XAU XBA XBB XBC XBD XDR
        XOF XPD XPF XPT XSU XTS XUA XXX""",
    2: """AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP
        BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD
        FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD
        KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN
        NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLL SOS
        SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VES WST XCD YER
        ZAR ZMW ZWL""",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""ISO 4217's codes, by the digits after the point."""


def to_subunit(amount: Any = None, code: Any = None) -> Any:
    """``$convertCurrencyToSubunit``: rounded down, as doubles have it: 19.99 USD is 1998.

    An unknown code leaves the amount as it is.
    """
    digits = _digits(code)
    if amount is None or digits is None:
        return amount
    subunits = parsed_float(amount) * 10**digits
    return math.floor(subunits) if math.isfinite(subunits) else math.nan


def from_subunit(amount: Any = None, code: Any = None) -> Any:
    """``$convertCurrencyFromSubunit``: a text with the currency's digits, "5.50".

    An unknown code leaves the amount as it is.
    """
    digits = _digits(code)
    if amount is None or digits is None:
        return amount
    return fixed(parsed_float(amount) / 10**digits, digits)


def fixed(number: float, digits: int) -> str:
    """``toFixed``: half away from zero, of the number that the double is."""
    if not abs(number) < _EXACT_MAX:
        return number_text(number)
    return format(Decimal(number).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP), "f")


def _digits(code: Any) -> int | None:
    known = (digits for digits, codes in _CODES.items() if str(code) in codes.split())
    return next(known, None)
