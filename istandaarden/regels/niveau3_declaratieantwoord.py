"""Level 3: a declaratie-antwoord against the declaratie it answers (325).

TR337, TR371 and TR376 have no retour code, because a 325 gets no retour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from istandaarden.regels.bericht import Bericht, Klasse, leesbaar
from istandaarden.regels.boek import Overtreding, klasseregel, regel
from istandaarden.regels.keten import Declaratie, Keten, Prestatie, prestatie_of, relatie_of

_VELDEN: Mapping[str, Callable[[Prestatie], object]] = {
    "ToewijzingNummer": lambda p: p.toewijzing,
    "ProductCategorie": lambda p: p.product.categorie,
    "ProductCode": lambda p: p.product.code,
    "ProductPeriode/Begindatum": lambda p: p.begin,
    "ProductPeriode/Einddatum": lambda p: p.einde,
    "GeleverdVolume": lambda p: p.volume,
    "Eenheid": lambda p: p.eenheid,
    "ProductTarief": lambda p: p.tarief,
    "IngediendBedrag/Bedrag": lambda p: p.bedrag,
    "IngediendBedrag/DebetCredit": lambda p: p.debetcredit,
}


@regel("TR337", advies="Neem identificatie en dagtekening over uit de Header van de declaratie.")
def declaratie_exists(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """What is answered was declared."""
    if _identified(bericht, keten) is None:
        yield Overtreding(bericht.wortel, "Header/DeclaratieIdentificatie")


@regel("TR371", advies="Neem XsdVersie over uit de Header van de declaratie.")
def xsd_as_declared(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """The answer tells the versions of what it answers."""
    declaratie = _identified(bericht, keten)
    if declaratie is None:
        return
    for naam, verwacht in zip(("BasisschemaXsdVersie", "BerichtXsdVersie"), declaratie.xsd, strict=True):
        if bericht.header(f"XsdVersieDeclaratie/{naam}") != verwacht:
            yield Overtreding(bericht.wortel, f"Header/XsdVersieDeclaratie/{naam}")


@klasseregel("TR376", "DeclaratieAntwoord", advies="Neem het nummer over uit de declaratie.")
def nummer_as_declared(antwoord: Klasse, bericht: Bericht, keten: Keten) -> Overtreding | None:
    """The number is that of the declaratie that is answered; if that is not known (TR337), of any that is."""
    nummer, declaratie = antwoord.tekst("DeclaratieNummer") or "", _identified(bericht, keten)
    goed = declaratie.nummer == nummer if declaratie else _numbered(antwoord, bericht, keten) is not None
    return None if goed else Overtreding(antwoord, "DeclaratieNummer")


@regel("TR366", advies="Laat de prestatie weg, of verbeter haar referentienummers.")
def prestatie_was_declared(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """What comes back was in the declaratie."""
    for klasse, _, gedeclareerd in _returned(bericht, keten):
        if gedeclareerd is None:
            yield Overtreding(klasse, "ProductReferentie/ReferentieNummer")


@regel("TR367", advies="Neem de waarde over uit de declaratie.")
def values_as_declared(bericht: Bericht, keten: Keten) -> Iterator[Overtreding]:
    """What comes back is as it was declared."""
    for klasse, prestatie, gedeclareerd in _returned(bericht, keten):
        if gedeclareerd is None:
            continue
        for pad, lees in _VELDEN.items():
            if lees(prestatie) != lees(gedeclareerd):
                yield Overtreding(klasse, pad)


def _returned(bericht: Bericht, keten: Keten) -> Iterator[tuple[Klasse, Prestatie, Prestatie | None]]:
    """Give each prestatie of the 325 with the one in the 323; nothing when the 323 is not known."""
    antwoord = bericht.wortel.kind("DeclaratieAntwoord")
    declaratie = _identified(bericht, keten)
    if declaratie is None and antwoord is not None:
        declaratie = _numbered(antwoord, bericht, keten)
    if declaratie is None:
        return
    bekend = {(prestatie.referentie, prestatie.vorige): prestatie for prestatie in declaratie.prestaties}
    for klasse, prestatie in leesbaar(bericht.klassen("Prestatie"), lambda klasse: prestatie_of(klasse, "")):
        yield klasse, prestatie, bekend.get((prestatie.referentie, prestatie.vorige))


def _identified(bericht: Bericht, keten: Keten) -> Declaratie | None:
    identificatie = bericht.header("DeclaratieIdentificatie/Identificatie") or ""
    dagtekening = bericht.wortel.datum("Header/DeclaratieIdentificatie/Dagtekening")
    return keten.declaratie(relatie_of(bericht), identificatie, dagtekening)


def _numbered(antwoord: Klasse, bericht: Bericht, keten: Keten) -> Declaratie | None:
    relatie = relatie_of(bericht)
    declaratie = keten.declaratienummer(relatie.standaard, relatie.aanbieder, antwoord.tekst("DeclaratieNummer") or "")
    return declaratie if declaratie is not None and declaratie.inzending.relatie == relatie else None
