"""The burgerservicenummer: nine digits that pass the elfproef (Wabb; facts on the lookups §7.2)."""

from __future__ import annotations

import re
import unicodedata
from itertools import accumulate
from typing import Final

from istandaarden.regels.niveau2_client import passes_elfproef

GEEN_BSN = "moet een BSN zijn: negen cijfers die de elfproef doorstaan"
"""What is wrong with a text that is no BSN; the text itself is never repeated."""

_LENGTE: Final = 9
_UUID: Final = re.compile(
    r"(?<![0-9a-z])[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}(?![0-9a-z])", re.IGNORECASE
)
_REEKS: Final = re.compile(r"[0-9]+(?:[\W_]{1,3}[0-9]+)*")
_JAAR: Final = re.compile(r"(?:19|20)[0-9]{2}")


def is_bsn(tekst: str) -> bool:
    """Say whether a text is a BSN; one with a leading zero is written in full."""
    return re.fullmatch("[0-9]{9}", tekst) is not None and int(tekst) != 0 and passes_elfproef(tekst)


def holds_bsn(tekst: str, bsn: str = "") -> bool:
    """Say whether a text that stays readable, or goes out, gives a BSN away.

    Of the person whom it is about the BSN is known: that may stand nowhere among the digits of the text, whatever is
    between them or around them, with or without its leading zero.

    Of anybody else it may be one whole run of nine digits that pass the elfproef, with letters against it or not
    (``C-999990342``, ``bsn999990342``), or groups of digits that make nine together with at most three other signs
    between each two (``999.990.342``, ``9999 90 342``, ``99999034-2``). Digits of another script count as digits.

    One in eleven numbers passes the elfproef by chance, so ordinary kenmerken are let through: a part of a longer run
    (OIN, telephone number, ``2026-0012345``), eight digits (AGB-code, KvK-nummer, ``20261125``; a BSN that lost its
    zero looks the same), a year with a number of five digits (``2026-00123``), and a UUID. An RSIN cannot be told
    from a BSN and is refused.

    Args:
        tekst: any text.
        bsn: whom it is about; empty when that is nobody in particular.
    """
    if not tekst.isascii():
        tekst = "".join(str(unicodedata.decimal(teken, teken)) for teken in unicodedata.normalize("NFKC", tekst))
    if bsn and bsn.removeprefix("0") in re.sub("[^0-9]", "", tekst):
        return True
    return any(_adds_up(re.findall("[0-9]+", reeks)) for reeks in _REEKS.findall(_UUID.sub("x", tekst)))


def _adds_up(groepen: list[str]) -> bool:
    """Say whether groups that follow each other are a BSN together."""
    for begin in range(len(groepen)):
        for aantal, lengte in enumerate(accumulate(map(len, groepen[begin : begin + _LENGTE])), 1):
            if lengte > _LENGTE:
                break
            deel = groepen[begin : begin + aantal]
            if lengte == _LENGTE and not _is_year_and_number(deel) and is_bsn("".join(deel)):
                return True
    return False


def _is_year_and_number(groepen: list[str]) -> bool:
    return len(groepen) == 2 and any(_JAAR.fullmatch(groep) for groep in groepen)
