"""Structure of a SOAP 1.1 message: one Header at most, one Body with one child, and what that child may be."""

from __future__ import annotations

from lxml import etree

from adapters.stufggk.namen import BODY, DAI, OUDE_NAAMRUIMTEN, SOAP11, SOAP12, SOAP_ACTION, lokaal, naamruimte
from adapters.stufggk.weigering import Geweigerd
from istandaarden.weigering import printable
from routing.bericht import Berichtcode

ENVELOPE, HEADER, BODY_TAG = (f"{{{SOAP11}}}{naam}" for naam in ("Envelope", "Header", "Body"))
DAI_BERICHT = f"{{{DAI}}}bericht"
_VOOR_ONS = {"", "http://schemas.xmlsoap.org/soap/actor/next"}
_VERWACHT = "envelopHeenbericht-ggk_Di01, envelopRetourbericht-ggk_Du01 of Fo01Bericht"


def open_envelope(wortel: etree._Element) -> tuple[Berichtcode, etree._Element]:
    """Return which bericht the Body holds, and its element.

    A ``dai:bericht`` around it, as the Digikoppeling adapter intern writes, is taken off. Header blocks are skipped:
    none is defined for this koppelvlak, so WS-Addressing has no effect on where the answer goes.

    Raises:
        Geweigerd: another SOAP version, a header that must be understood, or not exactly one known child in Body.
    """
    _check_root(wortel.tag)
    kinderen = list(wortel)
    if kinderen and kinderen[0].tag == HEADER:
        _check_header(kinderen.pop(0))
    if len(kinderen) != 1 or kinderen[0].tag != BODY_TAG:
        namen = ", ".join(printable(lokaal(kind.tag), 60) for kind in kinderen[:5]) or "niets"
        raise Geweigerd(
            f"In de SOAP-envelop hoort na een eventuele Header precies één Body te staan; er staat: {namen}."
        )
    inhoud = _only_child(kinderen[0], "soap:Body")
    if inhoud.tag == DAI_BERICHT:
        inhoud = _only_child(inhoud, "dai:bericht")
    if (code := BODY.get(inhoud.tag)) is None:
        raise Geweigerd(_unknown(inhoud.tag))
    return code, inhoud


def check_soap_action(kop: str | None, code: Berichtcode) -> None:
    """Hold the SOAPAction header, as it was received, against the body; absent, empty and unquoted are all fine.

    Raises:
        Geweigerd: it names another operation, so one of the two is wrong.
    """
    actie = (kop or "").strip().strip('"').strip()
    if actie and actie != SOAP_ACTION[code]:
        raise Geweigerd(
            f"De HTTP-header SOAPAction spreekt de inhoud tegen: in de Body staat een {code}, en daarbij hoort "
            f'"{SOAP_ACTION[code]}" (of een lege SOAPAction); ontvangen is "{printable(actie)}".'
        )


def _check_root(tag: str) -> None:
    if tag == ENVELOPE:
        return
    if lokaal(tag) == "Envelope":
        versie = "SOAP 1.2" if naamruimte(tag) == SOAP12 else f'de naamruimte "{printable(naamruimte(tag))}"'
        raise Geweigerd(
            f"Dit koppelvlak spreekt SOAP 1.1 (naamruimte {SOAP11}); ontvangen is een Envelope in {versie}.",
            faultcode="VersionMismatch",
        )
    raise Geweigerd(f"Verwacht is een SOAP 1.1 Envelope; ontvangen is het element {_name(tag)} zonder SOAP-envelop.")


def _check_header(header: etree._Element) -> None:
    for blok in header:
        verplicht = blok.get(f"{{{SOAP11}}}mustUnderstand", "0").strip() in ("1", "true")
        if verplicht and blok.get(f"{{{SOAP11}}}actor", "").strip() in _VOOR_ONS:
            raise Geweigerd(
                f"Het SOAP-headerblok {_name(blok.tag)} heeft mustUnderstand=1, maar dit koppelvlak kent geen "
                "SOAP-headers. Laat het blok of mustUnderstand weg.",
                faultcode="MustUnderstand",
            )


def _only_child(element: etree._Element, naam: str) -> etree._Element:
    if len(element) != 1:
        raise Geweigerd(f"In {naam} hoort precies één element te staan ({_VERWACHT}); het zijn er {len(element)}.")
    return element[0]


def _unknown(tag: str) -> str:
    melding = f"Het element {_name(tag)} kan hier niet worden verwerkt; verwacht is {_VERWACHT}."
    if (versie := OUDE_NAAMRUIMTEN.get(naamruimte(tag))) is not None:
        return (
            f"De StUF-versie verschilt (IB798): {_name(tag)} hoort bij {versie}. Dit koppelvlak spreekt "
            f"GGk 2.1 patch 4; verwacht is {_VERWACHT}."
        )
    if (kort := lokaal(tag)) in {lokaal(naam) for naam in BODY}:
        juist = next(naamruimte(naam) for naam in BODY if lokaal(naam) == kort)
        melding += f' Voor {kort} hoort de naamruimte "{juist}" te zijn.'
    return melding


def _name(tag: str) -> str:
    ns = naamruimte(tag)
    return f"{printable(lokaal(tag), 80)} (" + (f'naamruimte "{printable(ns)}")' if ns else "zonder naamruimte)")
