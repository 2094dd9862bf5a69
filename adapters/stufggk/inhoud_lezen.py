"""From the body element of a message to an `Envelop`, with everything that is wrong with it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree

from adapters.stufggk.namen import GGK, STUF
from adapters.stufggk.schemafouten import check_schema, line_of, place_of
from adapters.stufggk.weigering import AntwoordOp, Geweigerd
from istandaarden.bevinding import Bevinding
from routing import tijdstip
from routing.bericht import Berichtcode, Bestandsvorm, Envelop, Foutinhoud, Parameters, Stuurgegevens, Systeem
from routing.fouten import make_fout

_S, _G = f"{{{STUF}}}", f"{{{GGK}}}"
FOUT_BODY = f"{_S}body"
DETAILS_XML = f"{_S}detailsXML"
INHOUD = {f"{_G}{vorm}": vorm for vorm in Bestandsvorm}
BERICHT, PARAMETERS = f"{_G}bericht", f"{_G}parameters"
_REFERENTIENUMMER, _TIJDSTIP = f"{_S}referentienummer", f"{_S}tijdstipBericht"
_VERSIES = tuple(f"{_G}{v}" for v in ("applicatieVersie", "applicatieSubversie", "functieVersie", "functieSubversie"))

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CIJFERS = re.compile(r"[0-9]{8,17}")
_MAX_WAARDE = 1001
"""Characters kept of a value: one more than the longest that the schema allows."""


@dataclass(frozen=True, slots=True)
class Inhoud:
    """What an element says: the envelope, and the bevindingen of schema and calendar."""

    envelop: Envelop
    bevindingen: tuple[Bevinding, ...]


def read_inhoud(code: Berichtcode, element: etree._Element, inhoud: etree._Element | None, generatie: str) -> Inhoud:
    """Read a body element whose base64 has been taken out (a short valid text in its place).

    Args:
        code: what the element's name says it is.
        element: the body element; the content of detailsXML may be left out.
        inhoud: its xmlBestand, tekstBestand or StUF:body, see `find_inhoud`.
        generatie: ``A`` or ``B``, which list of fault codes a refusal uses.

    Raises:
        Geweigerd: the stuurgegevens do not even say what it is, from whom, or under which referentienummer.
    """
    bevindingen = check_schema(element)
    delen = _children(element)
    blok = delen.get(f"{_S if code is Berichtcode.FO01 else _G}stuurgegevens")
    if blok is None:
        eerste = bevindingen[0].melding if bevindingen else ""
        raise Geweigerd(f"De stuurgegevens zijn niet te lezen. {eerste}".strip())
    velden = _children(blok)
    stuurgegevens = Stuurgegevens(
        berichtcode=code,
        zender=_read_systeem(velden.get(f"{_S}zender")),
        ontvanger=_read_systeem(velden.get(f"{_S}ontvanger")),
        referentienummer=_text(velden, _REFERENTIENUMMER),
        tijdstip=_text(velden, _TIJDSTIP),
        cross_ref=_value(velden.get(f"{_S}crossRefnummer")),
        functie=None if code is Berichtcode.FO01 else _text(velden, f"{_S}functie"),
    )
    _check_usable(_text(velden, f"{_S}berichtcode"), stuurgegevens, generatie, bevindingen)
    bevindingen += _check_calendar(stuurgegevens.tijdstip, velden.get(_TIJDSTIP), element)
    if code is Berichtcode.FO01:
        return Inhoud(Envelop(stuurgegevens, fout=_read_fout(inhoud)), bevindingen)
    return Inhoud(Envelop(stuurgegevens, _read_parameters(delen.get(PARAMETERS), inhoud)), bevindingen)


def find_inhoud(code: Berichtcode, element: etree._Element) -> etree._Element | None:
    """Return what holds the payload: StUF:body of a Fo01, else the first xmlBestand or tekstBestand on its place."""
    if code is Berichtcode.FO01:
        return element.find(FOUT_BODY)
    return next(
        (
            kind
            for parameters in element.iterchildren(PARAMETERS)
            for bericht in parameters.iterchildren(BERICHT)
            for kind in bericht.iterchildren(*INHOUD)
        ),
        None,
    )


def peek(element: etree._Element | None) -> AntwoordOp | None:
    """Return whom to answer, from a body element that may be read half; None when that cannot be said yet."""
    if element is None:
        return None
    for blok in element.iterchildren(f"{_G}stuurgegevens", f"{_S}stuurgegevens"):
        velden = _children(blok)
        zender, nummer = _read_systeem(velden.get(f"{_S}zender")), _text(velden, _REFERENTIENUMMER)
        if _TIJDSTIP in velden and zender.organisatie and nummer:  # what stands before tijdstipBericht is complete
            return AntwoordOp(zender, nummer)
    return None


def _check_usable(gegeven: str, sg: Stuurgegevens, generatie: str, bevindingen: tuple[Bevinding, ...]) -> None:
    fo01 = sg.berichtcode is Berichtcode.FO01
    uuid_vorm = _UUID if fo01 else _UUID4  # the schema leaves a Fo01 free; we need some UUID
    if gegeven != sg.berichtcode and not (fo01 and not gegeven):  # the schema fills in the fixed value of a Fo01
        oorzaak, zin = "berichtcode_onbekend", f"In dit element hoort berichtcode {sg.berichtcode} te staan."
    elif not 0 < len(sg.zender.organisatie.strip()) <= 200:
        oorzaak, zin = "zender_onbekend", "zender/organisatie ontbreekt, is leeg of is te lang."
    elif not uuid_vorm.fullmatch(sg.referentienummer):
        oorzaak, zin = "referentienummer_ongeldig", ""
    else:
        return
    fout = make_fout(oorzaak, generatie, zin, bevindingen)
    raise Geweigerd(fout.omschrijving, fout=fout, antwoord_op=AntwoordOp(sg.zender, sg.referentienummer))


def _check_calendar(waarde: str, plek: etree._Element | None, element: etree._Element) -> tuple[Bevinding, ...]:
    if plek is None or not _CIJFERS.fullmatch(waarde):
        return ()  # the schema has said so
    try:
        tijdstip.read(waarde)
    except ValueError:
        melding = (
            "tijdstipBericht is geen bestaand moment op de kalender; verwacht is JJJJMMDD[UU[MM[SS[mmm]]]], "
            "bijvoorbeeld 20260105091500."
        )
        return (Bevinding("ENV", 1, place_of(plek, element), line_of(plek), melding, waarde=waarde),)
    return ()


def _read_systeem(element: etree._Element | None) -> Systeem:
    if element is None:
        return Systeem("")
    velden = _children(element)
    return Systeem(
        organisatie=_text(velden, f"{_S}organisatie"),
        applicatie=_text(velden, f"{_S}applicatie"),
        administratie=_value(velden.get(f"{_S}administratie")),
        gebruiker=_value(velden.get(f"{_S}gebruiker")),
    )


def _read_parameters(element: etree._Element | None, inhoud: etree._Element | None) -> Parameters | None:
    if element is None:
        return None
    velden = _children(element)
    applicatie, subapplicatie, functie, subfunctie = (_text(velden, naam) for naam in _VERSIES)
    vorm = Bestandsvorm.XML if inhoud is None else INHOUD[inhoud.tag]
    naam = None if inhoud is None else inhoud.get("bestandsnaam")
    return Parameters(applicatie, subapplicatie, functie, subfunctie, vorm, naam)


def _read_fout(body: etree._Element | None) -> Foutinhoud:
    velden = _children(body) if body is not None else {}
    code, plek, omschrijving = (_text(velden, f"{_S}{naam}") for naam in ("code", "plek", "omschrijving"))
    return Foutinhoud(code, plek, omschrijving, _value(velden.get(f"{_S}details")))


def _children(element: etree._Element) -> dict[str, etree._Element]:
    """Return the children by tag; of several with one tag the first."""
    return {kind.tag: kind for kind in element.iterchildren(reversed=True)}


def _text(velden: dict[str, etree._Element], tag: str) -> str:
    return _value(velden.get(tag)) or ""


def _value(element: etree._Element | None) -> str | None:
    """Return the text of an element, empty when it has none; None when there is no element."""
    return None if element is None else (element.text or "")[:_MAX_WAARDE]
