"""What a StUF envelope carries and VSP has no field for: keys of the verwerkingscontext.

A VSP sender may give these keys; then gemeenten see them in the StUF envelope. A StUF sender's values are handed to a
VSP receiver under the same keys. The keys have the names of the StUF elements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from adapters.vsp.model import SleutelWaardePaar
from routing import tijdstip

APPLICATIE = "applicatie"
APPLICATIE_VERSIE = "applicatieVersie"
APPLICATIE_SUBVERSIE = "applicatieSubversie"
ADMINISTRATIE = "administratie"
GEBRUIKER = "gebruiker"
BESTANDSNAAM = "bestandsnaam"
TIJDSTIP = "tijdstipBericht"

STANDAARD = {APPLICATIE: "VECOZOWebservice", APPLICATIE_VERSIE: "0001", APPLICATIE_SUBVERSIE: "0000"}
"""Values when the sender gives none: what the chain writes for a bericht that came over VECOZO (S4 §3.1)."""

_MAX_WAARDE = 250


def _length(kort: int, lang: int) -> Callable[[str], str | None]:
    return lambda waarde: None if kort <= len(waarde) <= lang else f"heeft {kort} tot en met {lang} tekens."


def _pattern(patroon: str, zin: str) -> Callable[[str], str | None]:
    return lambda waarde: None if re.fullmatch(patroon, waarde) else zin


def _moment(waarde: str) -> str | None:
    try:
        tijdstip.read(waarde)
    except ValueError:
        return "is geen bestaand moment van de vorm JJJJMMDD[UU[MM[SS[mmm]]]]."
    return None


_EISEN: dict[str, Callable[[str], str | None]] = {
    APPLICATIE: _length(3, 50),
    APPLICATIE_VERSIE: _pattern("[0-9]{1,4}", "is een getal van hoogstens vier cijfers."),
    APPLICATIE_SUBVERSIE: _pattern("[0-9]{1,4}", "is een getal van hoogstens vier cijfers."),
    ADMINISTRATIE: _length(1, 50),
    GEBRUIKER: _length(1, 100),
    BESTANDSNAAM: _pattern("[A-Za-z0-9._-]{4,255}", "heeft 4 tot en met 255 letters, cijfers, punten of streepjes."),
    TIJDSTIP: _moment,
}
"""Limits of the StUF-GGk schema, so that the envelope on the other side is always valid."""

_BEKEND = {sleutel.casefold(): sleutel for sleutel in _EISEN}


@dataclass(slots=True)
class Context:
    """The known keys of one verwerkingscontext; `fouten` says which values an envelope cannot carry."""

    waarden: dict[str, str] = field(default_factory=dict)
    fouten: list[str] = field(default_factory=list)

    def get(self, sleutel: str) -> str | None:
        """Return the value given, else the documented default, else None."""
        return self.waarden.get(sleutel) or STANDAARD.get(sleutel)


def read_context(paren: Iterable[SleutelWaardePaar]) -> Context:
    """Pick out the keys we know; case does not matter, and a value of more than 250 characters is cut into several."""
    context = Context()
    for paar in paren:
        sleutel = _BEKEND.get(paar.sleutel.casefold())
        if sleutel is None:
            continue
        waarde = "".join(paar.waarde)
        if sleutel in context.waarden:
            context.fouten.append(f"De sleutel {sleutel} komt meer dan eens voor.")
        elif zin := _EISEN[sleutel](waarde):
            context.fouten.append(f"De waarde van {sleutel} {zin}")
        context.waarden[sleutel] = waarde
    return context


def write_context(waarden: dict[str, str | None]) -> tuple[SleutelWaardePaar, ...]:
    """Write known keys, leaving out what is empty or the default."""
    return tuple(
        SleutelWaardePaar(
            sleutel=sleutel,
            waarde=tuple(waarde[i : i + _MAX_WAARDE] for i in range(0, len(waarde), _MAX_WAARDE)),
        )
        for sleutel, waarde in waarden.items()
        if waarde and waarde != STANDAARD.get(sleutel)
    )
