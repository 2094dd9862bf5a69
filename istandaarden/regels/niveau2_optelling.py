"""Level 2: prestaties against each other and against their totals (323, 325)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from istandaarden.regels.bericht import Bericht, Klasse, leesbaar
from istandaarden.regels.boek import Overtreding, klasseregel, regel

_VORIG = "ProductReferentie/VorigReferentieNummer"
_EIGEN = "ProductReferentie/ReferentieNummer"
_PRESTATIES = "Clienten/Client/Prestaties/Prestatie"
_GOED = {"0200", "8001"}
_SLEUTEL = (
    "ToewijzingNummer",
    "ProductPeriode/Begindatum",
    "ProductPeriode/Einddatum",
    "ProductCategorie",
    "ProductCode",
)


@regel("TR315", advies="Crediteer een prestatie één keer.")
def credited_once(bericht: Bericht) -> Iterator[Overtreding]:
    """No line is credited twice in a bericht."""
    gezien: set[str] = set()
    for prestatie, vorig in leesbaar(bericht.klassen("Prestatie"), lambda prestatie: prestatie.tekst(_VORIG)):
        if vorig in gezien:
            yield Overtreding(prestatie, _VORIG, "Een eerdere prestatie heeft hetzelfde vorige nummer.")
        if vorig is not None:
            gezien.add(vorig)


@regel("TR316", advies="Verwijs naar een debetregel uit een eerder bericht, of laat beide regels weg.")
def credit_is_of_earlier(bericht: Bericht) -> Iterator[Overtreding]:
    """A credit takes back a line of another bericht."""
    prestaties = bericht.klassen("Prestatie")
    eigen = {nummer for _, nummer in leesbaar(prestaties, lambda prestatie: prestatie.tekst(_EIGEN))}
    for prestatie, vorig in leesbaar(prestaties, lambda prestatie: prestatie.tekst(_VORIG)):
        if vorig is not None and vorig in eigen:
            yield Overtreding(prestatie, _VORIG)


@regel("TR416", advies="Voeg de regels samen, of verbeter de periode, de toewijzing of het product.")
def debet_once(bericht: Bericht) -> Iterator[Overtreding]:
    """No two debet lines of a client are about the same product, toewijzing and period."""

    def lees(prestatie: Klasse) -> tuple[str | None, ...]:
        return prestatie.tekst("IngediendBedrag/DebetCredit"), *[prestatie.tekst(pad) for pad in _SLEUTEL]

    gezien: set[tuple[object, ...]] = set()
    for prestatie, (richting, *sleutel) in leesbaar(bericht.klassen("Prestatie"), lees):
        if richting != "D":
            continue
        plek = (id(prestatie.ouder), *sleutel)
        if plek in gezien:
            yield Overtreding(prestatie, "", "Een eerdere debetregel van deze cliënt gaat over hetzelfde.")
        gezien.add(plek)


@klasseregel("TR358", "Declaratie", advies="Bereken het totaal opnieuw.")
def total_adds_up(declaratie: Klasse, _bericht: Bericht) -> Overtreding | None:
    """The total is that of the lines."""
    totaal = _signed(declaratie, "TotaalIngediendBedrag", "TotaalBedrag")
    if totaal is None or totaal == _sum(declaratie.kinderen(_PRESTATIES)):
        return None
    return Overtreding(declaratie, "TotaalIngediendBedrag/TotaalBedrag")


@klasseregel("TR342", "DeclaratieAntwoord", advies="Neem precies de afgewezen prestaties op, en bereken toegekend opnieuw.")
def refused_adds_up(antwoord: Klasse, _bericht: Bericht) -> Overtreding | None:
    """What is not granted is what is refused; of a declaratie refused as a whole nothing is granted."""
    toegekend = _signed(antwoord, "TotaalToegekendBedrag", "TotaalBedrag")
    ingediend = _signed(antwoord, "TotaalIngediendBedrag", "TotaalBedrag")
    codes = antwoord.kind("RetourCodes")
    if toegekend is None or ingediend is None or codes is None:
        return None
    if set(codes.teksten("RetourCode")) <= _GOED:
        klopt = ingediend - toegekend == _sum(antwoord.kinderen(_PRESTATIES))
    else:
        klopt = toegekend == 0
    return None if klopt else Overtreding(antwoord, "TotaalToegekendBedrag/TotaalBedrag")


def _sum(prestaties: Iterable[Klasse]) -> int:
    return sum(_signed(prestatie, "IngediendBedrag", "Bedrag") or 0 for prestatie in prestaties)


def _signed(klasse: Klasse, naam: str, bedrag: str) -> int | None:
    """Give an amount in eurocents, negative when it is a credit."""
    waarde = klasse.geheel(f"{naam}/{bedrag}")
    if waarde is None:
        return None
    return -waarde if klasse.tekst(f"{naam}/DebetCredit") == "C" else waarde
