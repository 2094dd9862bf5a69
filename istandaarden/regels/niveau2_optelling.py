"""Level 2: prestaties against each other and against their totals (323, 325)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from istandaarden.regels.bericht import Bericht, Klasse, leesbaar
from istandaarden.regels.boek import Overtreding, klasseregel, regel

_GOED = {"0200", "8001"}
_TAKKEN = ("Clienten", "Client", "Prestaties", "Prestatie", "IngediendBedrag")
_SLEUTEL = (
    "IngediendBedrag/DebetCredit",
    "ProductPeriode/Begindatum",
    "ProductPeriode/Einddatum",
    "ProductCategorie",
    "ProductCode",
)


@regel("TR315", advies="Crediteer een prestatie één keer.")
def credited_once(bericht: Bericht) -> Iterator[Overtreding]:
    """No line is credited twice in a bericht."""
    gezien: set[str] = set()
    for referentie, vorig in _credits(bericht):
        if vorig in gezien:
            yield Overtreding(referentie, "VorigReferentieNummer", "Een eerdere prestatie noemt hetzelfde nummer.")
        gezien.add(vorig)


@regel("TR316", advies="Verwijs naar een debetregel uit een eerder bericht, of laat beide regels weg.")
def credit_is_of_earlier(bericht: Bericht) -> Iterator[Overtreding]:
    """A credit takes back a line of another bericht."""
    verwijzingen = _credits(bericht)
    if not verwijzingen:
        return
    alle = bericht.klassen("ProductReferentie")
    eigen = {nummer for _, nummer in leesbaar(alle, lambda referentie: referentie.tekst("ReferentieNummer"))}
    for referentie, vorig in verwijzingen:
        if vorig in eigen:
            yield Overtreding(referentie, "VorigReferentieNummer")


def _credits(bericht: Bericht) -> list[tuple[Klasse, str]]:
    alle = bericht.klassen("ProductReferentie")
    gelezen = leesbaar(alle, lambda referentie: referentie.tekst("VorigReferentieNummer"))
    return [(referentie, vorig) for referentie, vorig in gelezen if vorig is not None]


@regel("TR416", advies="Voeg de regels samen, of verbeter de periode, de toewijzing of het product.")
def debet_once(bericht: Bericht) -> Iterator[Overtreding]:
    """No two debet lines of a client are about the same product, toewijzing and period."""
    per_toewijzing: dict[tuple[int, str | None], list[Klasse]] = {}
    prestaties = bericht.klassen("Prestatie")
    for prestatie, nummer in leesbaar(prestaties, lambda prestatie: prestatie.tekst("ToewijzingNummer")):
        per_toewijzing.setdefault((id(prestatie.ouder), nummer), []).append(prestatie)
    for samen in per_toewijzing.values():
        if len(samen) > 1:
            yield from _same_debet(samen)


def _same_debet(prestaties: Iterable[Klasse]) -> Iterator[Overtreding]:
    gezien: set[tuple[str | None, ...]] = set()
    for prestatie, sleutel in leesbaar(prestaties, lambda prestatie: tuple([prestatie.tekst(pad) for pad in _SLEUTEL])):
        if sleutel[0] != "D":
            continue
        if sleutel in gezien:
            yield Overtreding(prestatie, "", "Een eerdere debetregel van deze cliënt gaat over hetzelfde.")
        gezien.add(sleutel)


@klasseregel("TR358", "Declaratie", advies="Bereken het totaal opnieuw.")
def total_adds_up(declaratie: Klasse, bericht: Bericht) -> Overtreding | None:
    """The total is that of the lines."""
    totaal = _signed(declaratie.kind("TotaalIngediendBedrag"), "TotaalBedrag")
    bericht.count_on("Declaratie", *_TAKKEN)
    return Overtreding(declaratie, "TotaalIngediendBedrag/TotaalBedrag") if totaal != _sum(bericht) else None


@klasseregel(
    "TR342", "DeclaratieAntwoord", advies="Neem precies de afgewezen prestaties op, en bereken toegekend opnieuw."
)
def refused_adds_up(antwoord: Klasse, bericht: Bericht) -> Overtreding | None:
    """What is not granted is what is refused; of a declaratie refused as a whole nothing is granted."""
    toegekend = _signed(antwoord.kind("TotaalToegekendBedrag"), "TotaalBedrag")
    ingediend = _signed(antwoord.kind("TotaalIngediendBedrag"), "TotaalBedrag")
    codes = antwoord.kind("RetourCodes")
    bericht.count_on("DeclaratieAntwoord", "RetourCodes", *_TAKKEN)
    if codes is None or set(codes.teksten("RetourCode")) <= _GOED:
        klopt = ingediend - toegekend == _sum(bericht)
    else:
        klopt = toegekend == 0
    return None if klopt else Overtreding(antwoord, "TotaalToegekendBedrag/TotaalBedrag")


def _sum(bericht: Bericht) -> int:
    return sum([_signed(bedrag, "Bedrag") for bedrag in bericht.klassen("IngediendBedrag")])


def _signed(bedrag: Klasse | None, naam: str) -> int:
    """Give an amount in eurocents, negative when it is a credit."""
    waarde = bedrag.geheel(naam) if bedrag else None
    if bedrag is None or waarde is None:
        return 0
    return -waarde if bedrag.tekst("DebetCredit") == "C" else waarde
