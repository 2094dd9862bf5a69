"""From the body element of a message to an `Envelop`, with everything that is wrong with it."""

from __future__ import annotations

import re
from functools import lru_cache

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
_STUURGEGEVENS = {code: f"{_S if code is Berichtcode.FO01 else _G}stuurgegevens" for code in Berichtcode}
_BERICHTCODE, _ZENDER, _ONTVANGER = f"{_S}berichtcode", f"{_S}zender", f"{_S}ontvanger"
_REFERENTIENUMMER, _TIJDSTIP = f"{_S}referentienummer", f"{_S}tijdstipBericht"
_CROSS_REF, _FUNCTIE = f"{_S}crossRefnummer", f"{_S}functie"
_ORGANISATIE, _APPLICATIE = f"{_S}organisatie", f"{_S}applicatie"
_ADMINISTRATIE, _GEBRUIKER = f"{_S}administratie", f"{_S}gebruiker"
_VERSIES = tuple(f"{_G}{v}" for v in ("applicatieVersie", "applicatieSubversie", "functieVersie", "functieSubversie"))

_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CIJFERS = re.compile(r"[0-9]{8,17}")
_MAX_WAARDE = 1001
"""Characters kept of a value: one more than the longest that the schema allows."""


def read_inhoud(
    code: Berichtcode, element: etree._Element, inhoud: etree._Element | None, generatie: str
) -> tuple[Envelop, tuple[Bevinding, ...]]:
    """Read a body element whose base64 has been taken out (a short valid text in its place).

    Args:
        code: what the element's name says it is.
        element: the body element; the content of detailsXML may be left out.
        inhoud: its xmlBestand, tekstBestand or StUF:body, see `find_inhoud`.
        generatie: ``A`` or ``B``, which list of fault codes a refusal uses.

    Returns:
        The envelope, and the bevindingen of schema and calendar.

    Raises:
        Geweigerd: the stuurgegevens do not even say what it is, from whom, or under which referentienummer.
    """
    bevindingen = check_schema(element)
    delen = _children(element)
    blok = delen.get(_STUURGEGEVENS[code])
    if blok is None:
        eerste = bevindingen[0].melding if bevindingen else ""
        raise Geweigerd(f"De stuurgegevens zijn niet te lezen. {eerste}".strip())
    velden = _children(blok)
    moment = velden.get(_TIJDSTIP)
    stuurgegevens = Stuurgegevens(
        code,
        _read_systeem(velden.get(_ZENDER)),
        _read_systeem(velden.get(_ONTVANGER)),
        _text(velden.get(_REFERENTIENUMMER)),
        _text(moment),
        _text(velden[_CROSS_REF]) if _CROSS_REF in velden else None,
        None if code is Berichtcode.FO01 else _text(velden.get(_FUNCTIE)),
    )
    _check_usable(_text(velden.get(_BERICHTCODE)), stuurgegevens, generatie, bevindingen)
    if moment is not None and not tijdstip.is_moment(stuurgegevens.tijdstip):
        bevindingen += _judge_moment(stuurgegevens.tijdstip, moment, element)
    if code is Berichtcode.FO01:
        return Envelop(stuurgegevens, fout=_read_fout(inhoud)), bevindingen
    return Envelop(stuurgegevens, _read_parameters(delen.get(PARAMETERS), inhoud)), bevindingen


def find_inhoud(code: Berichtcode, element: etree._Element) -> etree._Element | None:
    """Return what holds the payload: StUF:body of a Fo01, else the first xmlBestand or tekstBestand on its place."""
    if code is Berichtcode.FO01:
        return element.find(FOUT_BODY)
    # By comparing tags: lxml's own search by tag takes three times as long on so few elements.
    for parameters in element:
        if parameters.tag == PARAMETERS:
            for bericht in parameters:
                if bericht.tag == BERICHT:
                    for kind in bericht:
                        if kind.tag in INHOUD:
                            return kind
    return None


def peek(element: etree._Element | None) -> AntwoordOp | None:
    """Return whom to answer, from a body element that may be read half; None when that cannot be said yet."""
    if element is None:
        return None
    for blok in element.iterchildren(f"{_G}stuurgegevens", f"{_S}stuurgegevens"):
        velden = _children(blok)
        zender, nummer = _read_systeem(velden.get(_ZENDER)), _text(velden.get(_REFERENTIENUMMER))
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


def _judge_moment(waarde: str, plek: etree._Element, element: etree._Element) -> tuple[Bevinding, ...]:
    """Say what is wrong with a tijdstip that is no moment, unless the schema has said so."""
    if not _CIJFERS.fullmatch(waarde):
        return ()
    melding = (
        "tijdstipBericht is geen bestaand moment op de kalender; verwacht is JJJJMMDD[UU[MM[SS[mmm]]]], "
        "bijvoorbeeld 20260105091500."
    )
    return (Bevinding("ENV", 1, place_of(plek, element), line_of(plek), melding, waarde=waarde),)


def _read_systeem(element: etree._Element | None) -> Systeem:
    if element is None:
        return Systeem("")
    velden = _texts(element)
    return _make_systeem(
        velden.get(_ORGANISATIE, ""),
        velden.get(_APPLICATIE, ""),
        velden.get(_ADMINISTRATIE),
        velden.get(_GEBRUIKER),
    )


@lru_cache(1024)
def _make_systeem(organisatie: str, applicatie: str, administratie: str | None, gebruiker: str | None) -> Systeem:
    """Make a systeem, or give the one that came by before."""
    return Systeem(organisatie, applicatie, administratie, gebruiker)


def _read_parameters(element: etree._Element | None, inhoud: etree._Element | None) -> Parameters | None:
    if element is None:
        return None
    velden = _texts(element)
    applicatie, subapplicatie, functie, subfunctie = [velden.get(versie, "") for versie in _VERSIES]
    vorm = Bestandsvorm.XML if inhoud is None else INHOUD[inhoud.tag]
    naam = None if inhoud is None else inhoud.get("bestandsnaam")
    return Parameters(applicatie, subapplicatie, functie, subfunctie, vorm, naam)


def _read_fout(body: etree._Element | None) -> Foutinhoud:
    velden = _texts(body) if body is not None else {}
    code, plek, omschrijving = (velden.get(f"{_S}{naam}", "") for naam in ("code", "plek", "omschrijving"))
    return Foutinhoud(code, plek, omschrijving, velden.get(f"{_S}details"))


def _children(element: etree._Element) -> dict[str, etree._Element]:
    """Return the children by tag; of several with one tag the first."""
    return {kind.tag: kind for kind in element[::-1]}  # type: ignore[index]  # the stubs forget slices


def _texts(element: etree._Element) -> dict[str, str]:
    """Return the texts of the children by tag; of several with one tag that of the first."""
    return {kind.tag: (kind.text or "")[:_MAX_WAARDE] for kind in element[::-1]}  # type: ignore[index]  # the stubs forget slices


def _text(element: etree._Element | None) -> str:
    """Return the text of an element; empty when it has none, or when there is no element."""
    return "" if element is None else (element.text or "")[:_MAX_WAARDE]
