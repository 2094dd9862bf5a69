"""The notation of element lists in a model file; it is explained at the top of each file in `modellen`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_ELEMENT = re.compile(
    r"(?P<naam>[A-Za-z]\w*)"
    r"(?:\s+(?P<type>\w+|<\w+>))?"
    r"(?:\{(?P<versmalling>[^{}]*)\})?"
    r"(?P<teken>\+\?|\+|\?)?"
    r"(?:\s+@(?P<reeks>\w+))?"
)


class Notatiefout(ValueError):
    """An element list that cannot be read; the text says which part."""


@dataclass(frozen=True, slots=True)
class Elementregel:
    """One element of a list as it was written, types not looked up yet.

    `type` is None where the notation gives none; `plaatshouder` is ``van`` or ``naar`` for ``<van>`` and ``<naar>``.
    Of `patroon`, `maximaal` and `vast` at most one is filled.
    """

    naam: str
    type: str | None
    plaatshouder: str | None
    patroon: str | None
    maximaal: int | None
    vast: str | None
    verplicht: bool
    is_lijst: bool
    reeks: str | None


@lru_cache(maxsize=1024)  # most lists are read for several berichten
def read_elements(tekst: str) -> tuple[Elementregel, ...]:
    """Read ``"Bsn, Naam VerkorteNaam, Adres?, StartProducten StartProduct+"``.

    Raises:
        Notatiefout: an element is written wrongly or stands there twice.
    """
    regels = tuple(_read_element(deel.strip()) for deel in tekst.split(","))
    namen = [(regel.naam, regel.reeks) for regel in regels]
    for naam, reeks in namen:
        if namen.count((naam, reeks)) > 1 or (reeks and (naam, None) in namen):
            raise Notatiefout(f"element {naam} staat er twee keer")
    return regels


def _read_element(deel: str) -> Elementregel:
    gelezen = _ELEMENT.fullmatch(deel)
    if gelezen is None:
        raise Notatiefout(f"onleesbaar element: {deel!r}")
    teken, soort = gelezen["teken"] or "", gelezen["type"]
    is_lijst = teken.startswith("+")
    plaatshouder = soort.strip("<>") if soort and soort.startswith("<") else None
    if plaatshouder not in {None, "van", "naar"}:
        raise Notatiefout(f"onbekende plaatshouder <{plaatshouder}>; bekend zijn <van> en <naar>")
    if is_lijst and (soort is None or plaatshouder):
        raise Notatiefout(f"lijst {gelezen['naam']} noemt niet wat erin staat (Naar Iets+)")
    patroon, maximaal, vast = _read_narrowing(gelezen["versmalling"])
    return Elementregel(
        naam=gelezen["naam"],
        type=None if plaatshouder else soort,
        plaatshouder=plaatshouder,
        patroon=patroon,
        maximaal=maximaal,
        vast=vast,
        verplicht=not teken.endswith("?"),
        is_lijst=is_lijst,
        reeks=gelezen["reeks"],
    )


def _read_narrowing(tekst: str | None) -> tuple[str | None, int | None, str | None]:
    if tekst is None:
        return None, None, None
    if tekst.startswith("="):
        if tekst[1:] not in {"code", "versie", "subversie"}:
            raise Notatiefout(f"onbekende vaste waarde {{{tekst}}}; bekend zijn =code, =versie en =subversie")
        return None, None, tekst[1:]
    if tekst.startswith("<="):
        if not tekst[2:].isdecimal():
            raise Notatiefout(f"geen getal in {{{tekst}}}")
        return None, int(tekst[2:]), None
    return tekst, None, None
