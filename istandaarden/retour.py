"""Makes the retourbericht of a heenbericht from what was found in it (iStandaarden IV028, IV032, IV087, IV088).

A retour has the structure of its heenbericht, and tells with a code at each klasse what is wrong. Which codes go where
is decided in `istandaarden.retourcodes`. The answer to a declaratie (325, before release 3.0: 304) also tells what is
granted, and holds only what is refused.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from lxml import etree

from istandaarden.bevinding import Bevinding
from istandaarden.catalogus import Catalogus, Onbekend
from istandaarden.herkenning import by_root
from istandaarden.model import Berichtmodel, Berichtsoort, Samengesteld
from istandaarden.retourbedragen import amount, settle
from istandaarden.retourboom import Inhoud, Kopie, Retourboom, Samenstel, get_text, locate, to_bytes
from istandaarden.retourcodes import IN_ORDE, TOEGEKEND, Afloop, Retourcodes, Retourfout, sort_out
from istandaarden.standaardmap import in_gebruik
from istandaarden.toets import BERICHT_MAX, validate_stream
from istandaarden.veilig import parse

__all__ = ["REGELVERSIE", "Afloop", "Retourfout", "build_retour", "new_identification", "outcome"]

REGELVERSIE = "1.0.0"
"""What a retour names as XsltVersie: the version of our rules, which do the work of the official XSLT (IV033)."""

_Velden = dict[str, Inhoud | Sequence[str] | None]

_HEADER = "Header"
_TEKENS = string.ascii_uppercase + string.digits
_LENGTE = 12  # of an identificatie, at most (RS017)


def new_identification() -> str:
    """Make an identificatie for a retour: twelve random letters and digits, some 62 bits."""
    return "".join(secrets.choice(_TEKENS) for _ in range(_LENGTE))


def outcome(bevindingen: Sequence[Bevinding], soort: Berichtsoort, *, catalogus: Catalogus | None = None) -> Afloop:
    """Say what findings mean for a heenbericht.

    Args:
        bevindingen: all that was found, of any level.
        soort: the berichtsoort of the heenbericht.
        catalogus: the berichtsoorten to know; those in use by default.

    Raises:
        Retourfout: as `build_retour`.
    """
    if any(bevinding.niveau == 1 for bevinding in bevindingen):
        return Afloop.FOUTBERICHT
    return sort_out(bevindingen, (catalogus or in_gebruik()).model(soort)).afloop


def build_retour(
    heen: bytes | etree._Element,
    bevindingen: Sequence[Bevinding],
    *,
    identificatie: str,
    dagtekening: date,
    xslt_versie: str = REGELVERSIE,
    catalogus: Catalogus | None = None,
) -> bytes | None:
    """Make the retour of a heenbericht.

    Args:
        heen: the heenbericht, or its root from `istandaarden.veilig.parse`.
        bevindingen: all that was found in it, as `istandaarden.toets.validate` gives them.
        identificatie: of the retour, 1 to 12 characters, unique for whoever sends the retour.
        dagtekening: date of the retour.
        xslt_versie: three numbers with dots, named in the retour when a rule of level 2 is broken.
        catalogus: the berichtsoorten to know; those in use by default.

    Returns:
        The retour, valid by its schema: UTF-8, lines end in CR/LF. None when something is wrong at level 1: then a
        fault message goes back and no retour (IV032).

    Raises:
        Retourfout: this berichtsoort gets no retour, or the arguments do not make a valid one, for instance a
            retourcode that is not in the code list of this release, or findings that are not all written out.
        istandaarden.weigering.XmlGeweigerd: `heen` is no XML, while no finding says so.
        istandaarden.herkenning.Onherkenbaar: `heen` is no bericht we know, while no finding says so.
    """
    if any(bevinding.niveau == 1 for bevinding in bevindingen):
        return None
    catalogus = catalogus or in_gebruik()
    wortel = parse(heen, max_bytes=BERICHT_MAX) if isinstance(heen, bytes) else heen
    soort = by_root(str(wortel.tag), catalogus, 0)
    if soort.retour is None:
        raise Retourfout(f"Op een {soort} volgt geen retourbericht.")
    try:
        model, retour = catalogus.model(soort), catalogus.model(catalogus.find(soort.retour, soort.release))
    except Onbekend as fout:
        raise Retourfout(str(fout)) from fout
    codes = sort_out(bevindingen, model)
    kop = _Kop(identificatie, dagtekening.isoformat(), xslt_versie if codes.xslt else None)
    try:
        boom = _build(wortel, model, retour, codes, kop)
    except (LookupError, ValueError) as fout:
        raise Retourfout(f"Dit is geen geldig {soort.code}, dus er is geen retourbericht van te maken.") from fout
    data = to_bytes(boom)
    oordeel = validate_stream(lambda: iter([data]), verwacht=retour.soort, catalogus=catalogus)
    if not oordeel.geldig:
        eerste = oordeel.bevindingen[0]
        raise Retourfout(f"Het retourbericht {retour.soort.code} wordt ongeldig: {eerste.plaats}: {eerste.melding}")
    return data


@dataclass(frozen=True, slots=True)
class _Kop:
    """What the Header of a retour says of itself."""

    identificatie: str
    dagtekening: str
    xslt_versie: str | None


def _build(
    wortel: etree._Element, heen: Berichtmodel, retour: Berichtmodel, codes: Retourcodes, kop: _Kop
) -> etree._Element:
    bouwer = _Bouwer(
        Retourboom(retour, lambda kopie: _extra(codes, kopie), codes.takes_along),
        _header(wortel, heen, retour, kop),
        wortel,
        codes,
    )
    if not codes.per_prestatie:
        bouwer.build_retour()
    elif retour.soort.is_retour:
        bouwer.build_304()
    else:
        bouwer.build_325()
    return bouwer.boom.wortel


def _extra(codes: Retourcodes, kopie: Kopie) -> Samenstel:
    """Give what a klasse has in the retour and not in the heenbericht; its model picks from it."""
    niets = amount(0, "Bedrag")
    return {
        "RetourCodes": _list(*codes.at(kopie.plek)),
        "ToegekendeBedragPrestatie": {"GemeenteBerekendBedrag": niets, "ToegekendBedrag": niets},
    }


@dataclass(frozen=True, slots=True)
class _Bouwer:
    """Puts the parts of a retour together in `boom`; `header` is its Header but for codes and totals."""

    boom: Retourboom
    header: _Velden
    wortel: etree._Element
    codes: Retourcodes

    def build_retour(self) -> None:
        """Tell what is wrong in a bericht that is accepted or refused as a whole; a good one is a Header only."""
        codes = self.codes.header or ((IN_ORDE,) if self.codes.klassen else ())
        self.boom.add(_HEADER, self.header | {"RetourCodes": _list(*codes)})
        self._add_klassen()

    def build_304(self) -> None:
        """Answer a declaratie or factuur of before release 3.0: with totals, and the final code, in the Header."""
        bedragen = settle(self.wortel, self.codes)
        self.header["RetourBedragen"] = {
            "IngediendTotaalBedrag": bedragen.ingediend,
            "ToegekendTotaalBedrag": bedragen.toegekend,
        }
        self.header["RetourCodes"] = _list(*self.codes.header or (self._final_code(),))
        self.boom.add(_HEADER, self.header)
        self._add_klassen()

    def build_325(self) -> None:
        """Answer a declaratie: what is granted, and what is refused of it."""
        self.boom.add(_HEADER, self.header | {"RetourCodes": _list(*self.codes.header or (IN_ORDE,))})
        if self.codes.header:
            return
        bedragen = settle(self.wortel, self.codes)
        declaratie = {deel.plek[-1][0]: deel for deel in locate(self.wortel, "Declaratie/*")}
        antwoord: _Velden = {
            "DeclaratieNummer": declaratie["DeclaratieNummer"],
            "TotaalIngediendBedrag": bedragen.ingediend,
            "TotaalToegekendBedrag": bedragen.toegekend,
            "Clienten": declaratie["Clienten"] if self.codes.afloop is Afloop.DEELS else None,
            "RetourCodes": _list(*self.codes.geheel or (self._final_code(),)),
        }
        self.boom.add("DeclaratieAntwoord", antwoord)

    def _final_code(self) -> str:
        return TOEGEKEND if self.codes.afloop is Afloop.AKKOORD else IN_ORDE

    def _add_klassen(self) -> None:
        """Copy what follows the Header, if something is wrong in it (OP065)."""
        if not self.codes.header:
            for deel in locate(self.wortel, "*"):
                if deel.plek in self.codes.betrokken:
                    self.boom.add(deel.plek[-1][0], deel)


def _header(wortel: etree._Element, heen: Berichtmodel, retour: Berichtmodel, kop: _Kop) -> _Velden:
    """Give what the Header of a retour may hold, but for its codes and totals; its model picks from it and orders."""
    header: _Velden = {deel.plek[-1][0]: deel for deel in locate(wortel, f"{_HEADER}/*")}
    versies = _versions(retour)
    eigen = {"Identificatie": kop.identificatie, "Dagtekening": kop.dagtekening}
    if not retour.soort.is_retour:  # 325 is a bericht of its own, that names the one it answers
        header |= {
            "Afzender": header.get("Ontvanger"),
            "Ontvanger": header.get("Afzender"),
            "DeclaratieIdentificatie": header.get("BerichtIdentificatie"),
            "BerichtIdentificatie": eigen,
            "XsdVersieDeclaratie": header.get("XsdVersie"),
            "XsdVersie": versies,
        }
    return header | {
        "BerichtCode": _message_code(get_text(wortel, f"{_HEADER}/BerichtCode"), heen, retour),
        "IdentificatieRetour": kop.identificatie,
        "DagtekeningRetour": kop.dagtekening,
        "RetourHeader": {"GemeenteReferentieNummer": kop.identificatie, "RetourDagtekening": kop.dagtekening},
        "XsltVersie": kop.xslt_versie,
        "XsdVersieRetour": versies,
    }


def _message_code(code: str, heen: Berichtmodel, retour: Berichtmodel) -> str:
    """Give the BerichtCode of the retour: the one in the same position where a bericht has more (303: 416 or 448)."""
    eigen, antwoord = (_codes_of(model) for model in (heen, retour))
    return antwoord[eigen.index(code)]


def _codes_of(model: Berichtmodel) -> list[str]:
    header = model.wortel.elementen[0].type
    assert isinstance(header, Samengesteld)  # noqa: S101 - the first element of every bericht is its Header
    (patroon,) = (element.patroon for element in header.elementen if element.naam == "BerichtCode")
    return patroon.uitdrukking.split("|") if patroon else []


def _versions(model: Berichtmodel) -> Samenstel | None:
    """Give the versions of the schemas of a bericht, as its Header names them (IV034)."""
    if model.xsdversie is None or model.basisversie is None:
        return None
    return {"BasisschemaXsdVersie": model.basisversie.versie, "BerichtXsdVersie": model.xsdversie.versie}


def _list(*codes: str) -> Samenstel | None:
    return {"RetourCode": codes} if codes else None
