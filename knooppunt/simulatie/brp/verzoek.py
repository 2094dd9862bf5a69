"""Questions to the simulated BRP, checked as the published descriptions say; all faults at once, as problem+json.

The descriptions fix the form of a fault too: which characters a title, a detail or a parameter name may hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from knooppunt.simulatie.brp.velden import VELDEN

_BSN: Final = re.compile(r"[0-9]{9}")
_VELD: Final = re.compile(r"[a-zA-Z0-9._]{1,200}")
_MEESTE_BSNS, _MEESTE_VELDEN = 20, 130
_RFC: Final = "https://www.rfc-editor.org/rfc/rfc9110#section-15."
_STATUS: Final = {
    400: ("5.1", "Een of meer parameters zijn niet correct.", "paramsValidation"),
    401: ("5.2", "Niet correct geauthenticeerd.", "authentication"),
    403: ("5.4", "U bent niet geautoriseerd voor deze vraag.", "autorisation"),
    404: ("5.5", "Dit adres bestaat niet.", "notFound"),
    405: ("5.6", "Deze methode kan hier niet.", "methodNotAllowed"),
    406: ("5.7", "Gevraagde contenttype wordt niet ondersteund.", "notAcceptable"),
    413: ("5.14", "Het verzoek is te groot.", "tooLarge"),
    415: ("5.16", "Media type wordt niet ondersteund.", "unsupported"),
    429: ("5", "Te veel verzoeken.", "tooManyRequests"),
    500: ("6.1", "Interne server fout.", "serverError"),
    503: ("6.4", "Bronservice BRP is tijdelijk niet beschikbaar.", "notAvailable"),
}
_ZOEKVORMEN: Final = frozenset(
    {
        "ZoekMetGeslachtsnaamEnGeboortedatum",
        "ZoekMetNaamEnGemeenteVanInschrijving",
        "ZoekMetPostcodeEnHuisnummer",
        "ZoekMetStraatHuisnummerEnGemeenteVanInschrijving",
        "ZoekMetNummeraanduidingIdentificatie",
        "ZoekMetAdresseerbaarObjectIdentificatie",
    }
)


@dataclass(frozen=True, slots=True)
class Parameterfout:
    """One thing that is wrong with one parameter."""

    naam: str
    code: str
    reden: str


class Verzoekfout(Exception):
    """A question that is not answered; `inhoud` is the problem+json."""

    def __init__(
        self, status: int, *, code: str | None = None, detail: str | None = None, fouten: Collection[Parameterfout] = ()
    ) -> None:
        super().__init__(status)
        self.status = status
        self.inhoud = describe(status, code=code, detail=detail, fouten=fouten)


def describe(
    status: int, *, code: str | None = None, detail: str | None = None, fouten: Collection[Parameterfout] = ()
) -> dict[str, Any]:
    """Write a problem+json for a status."""
    paragraaf, titel, gewoon = _STATUS.get(status, ("5", "Het verzoek is niet gelukt.", "error"))
    uit: dict[str, Any] = {"type": f"{_RFC}{paragraaf}", "title": titel, "status": status, "code": code or gewoon}
    if detail:
        uit["detail"] = detail
    if fouten:
        uit["invalidParams"] = [{"name": f.naam[:30], "code": f.code, "reason": f.reden} for f in fouten]
    return uit


@dataclass(frozen=True, slots=True)
class Personenvraag:
    """RaadpleegMetBurgerservicenummer."""

    bsns: tuple[str, ...] = field(repr=False)
    velden: tuple[str, ...]
    gemeente: str | None = None


@dataclass(frozen=True, slots=True)
class Historievraag:
    """RaadpleegMetPeildatum or RaadpleegMetPeriode; `tot` is not included."""

    bsn: str = field(repr=False)
    van: date
    tot: date


def read_persons_question(inhoud: bytes, zonder: Collection[str] = ()) -> Personenvraag:
    """Read a question to the Personen API.

    Args:
        inhoud: the body.
        zonder: fields that the asker has no authorisation for, and all below them.

    Raises:
        Verzoekfout: the question is not answered.
    """
    vraag = _read(inhoud)
    if vraag.get("type") in _ZOEKVORMEN:
        raise Verzoekfout(403, detail="Deze simulator kent alleen RaadpleegMetBurgerservicenummer.")
    fouten = list(_persons_faults(vraag))
    if fouten:
        raise _refuse(fouten)
    if any(_covers(veld, buiten) for veld in vraag["fields"] for buiten in zonder):
        raise Verzoekfout(403, code="unauthorizedField", detail="U vraagt een veld waarvoor u niet bent geautoriseerd.")
    return Personenvraag(
        tuple(vraag["burgerservicenummer"]), tuple(vraag["fields"]), vraag.get("gemeenteVanInschrijving")
    )


def _covers(veld: str, buiten: str) -> bool:
    """Say whether a field is, holds, or is part of one that may not be seen."""
    return f"{veld}.".startswith(f"{buiten}.") or f"{buiten}.".startswith(f"{veld}.")


def read_history_question(inhoud: bytes) -> Historievraag:
    """Read a question to the historie API.

    Raises:
        Verzoekfout: the question is not answered.
    """
    vraag = _read(inhoud)
    datums = {"RaadpleegMetPeildatum": ("peildatum",), "RaadpleegMetPeriode": ("datumVan", "datumTot")}
    namen = datums.get(str(vraag.get("type")), ())
    fouten = list(_type_fault(vraag, datums))
    fouten += _text_faults(vraag, "burgerservicenummer", _BSN)
    for naam in namen:
        if naam not in vraag:
            fouten.append(Parameterfout(naam, "required", "Parameter is verplicht."))
        elif _day(vraag[naam]) is None:
            fouten.append(Parameterfout(naam, "date", "Waarde is geen geldige datum."))
    fouten += _unknown(vraag, {"type", "burgerservicenummer", *namen}) if namen else []
    van, tot = (_day(vraag.get(naam)) for naam in (namen * 2)[:2]) if namen else (None, None)
    if van is not None and tot is not None and len(namen) > 1 and tot <= van:
        fouten.append(Parameterfout("datumTot", "date", "Waarde moet na datumVan liggen."))
    if fouten or van is None or tot is None:
        raise _refuse(fouten)
    volgende = van + timedelta(days=1) if van < date.max else van
    return Historievraag(vraag["burgerservicenummer"], van, tot if len(namen) > 1 else volgende)


def _read(inhoud: bytes) -> dict[str, Any]:
    try:
        vraag = json.loads(inhoud.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Verzoekfout(400, detail="De inhoud van het verzoek is geen geldige JSON.") from None
    if not isinstance(vraag, dict):
        raise Verzoekfout(400, detail="De inhoud van het verzoek is geen JSON object.")
    return vraag


def _refuse(fouten: Collection[Parameterfout]) -> Verzoekfout:
    verplicht = all(f.code == "required" for f in fouten)
    return Verzoekfout(400, code="paramsRequired" if verplicht else "paramsValidation", fouten=fouten)


def _persons_faults(vraag: Mapping[str, Any]) -> Iterator[Parameterfout]:
    yield from _type_fault(vraag, {"RaadpleegMetBurgerservicenummer"})
    yield from _list_faults(vraag, "burgerservicenummer", _BSN, _MEESTE_BSNS)
    velden = list(_list_faults(vraag, "fields", _VELD, _MEESTE_VELDEN))
    if not velden and not VELDEN.issuperset(vraag["fields"]):
        velden = [Parameterfout("fields", "fields", "Parameter bevat een niet bestaande veldnaam.")]
    yield from velden
    if "gemeenteVanInschrijving" in vraag:
        yield from _text_faults(vraag, "gemeenteVanInschrijving", re.compile("[0-9]{4}"))
    yield from _unknown(vraag, {"type", "burgerservicenummer", "fields", "gemeenteVanInschrijving"})


def _type_fault(vraag: Mapping[str, Any], bekend: Collection[str]) -> Iterator[Parameterfout]:
    if "type" not in vraag:
        yield Parameterfout("type", "required", "Parameter is verplicht.")
    elif not isinstance(vraag["type"], str) or vraag["type"] not in bekend:
        yield Parameterfout("type", "value", "Waarde is geen geldig zoek type.")


def _text_faults(vraag: Mapping[str, Any], naam: str, vorm: re.Pattern[str]) -> Iterator[Parameterfout]:
    if naam not in vraag:
        yield Parameterfout(naam, "required", "Parameter is verplicht.")
    elif not isinstance(vraag[naam], str) or not vorm.fullmatch(vraag[naam]):
        yield Parameterfout(naam, "pattern", "Waarde voldoet niet aan het patroon.")


def _list_faults(vraag: Mapping[str, Any], naam: str, vorm: re.Pattern[str], meeste: int) -> Iterator[Parameterfout]:
    if naam not in vraag:
        yield Parameterfout(naam, "required", "Parameter is verplicht.")
        return
    lijst = vraag[naam]
    if not isinstance(lijst, list):
        yield Parameterfout(naam, "array", "Parameter is geen array.")
    elif not lijst:
        yield Parameterfout(naam, "minItems", "Array bevat minder dan 1 items.")
    elif len(lijst) > meeste:
        yield Parameterfout(naam, "maxItems", f"Array bevat meer dan {meeste} items.")
    elif not all(isinstance(deel, str) and vorm.fullmatch(deel) for deel in lijst):
        yield Parameterfout(naam, "pattern", "Waarde voldoet niet aan het patroon.")


def _unknown(vraag: Mapping[str, Any], bekend: Collection[str]) -> list[Parameterfout]:
    """Name the parameters that are not expected, in characters that a fault may hold."""
    namen = sorted({re.sub(r"[^a-zA-Z0-9._]", "_", naam)[:30] or "_" for naam in vraag.keys() - set(bekend)})
    return [Parameterfout(naam, "unknownParam", "Parameter is niet verwacht.") for naam in namen[:10]]


def _day(waarde: object) -> date | None:
    if not isinstance(waarde, str) or not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", waarde):
        return None
    try:
        return date.fromisoformat(waarde)
    except ValueError:
        return None
