"""A pgb before and after a gemeente goes over from the SVB (iPgb 1.0) to the PGB 2.0-system of VWS (iPgb 2.1)."""

from __future__ import annotations

import asyncio
import json
from datetime import date, timedelta
from typing import Final

from lxml import etree

from istandaarden.opbouw import build
from istandaarden.standaardmap import in_gebruik
from istandaarden.toets import validate
from istandaarden.veilig import parse
from knooppunt.demo.controle import WACHT, Controles
from knooppunt.demo.omgeving import Omgeving
from knooppunt.demo.tafereel import Tafereel, expecting
from knooppunt.demo.tegenslag import read_details
from knooppunt.demo.verhaal import await_answer
from knooppunt.simulatie.grootboek import Boeking, Grootboek
from knooppunt.simulatie.verzending import Verzending
from routing.poorten import Uitkomstsoort

TITEL: Final = "Pgb: van de SVB naar VWS"
TKB, BAB, TOEKENNING, RETOUR = "TKB001-0100", "BAB001-0100", "WMO501", "WMO502"

_TE_VROEG: Final = "IB023"  # or too late: the functie does not go with who pays
_BSN: Final = "999993653"
_BEDRAG: Final = 100_000
_DUUR: Final = timedelta(days=30)
_XSD: Final = {"BasisschemaXsdVersie": "1.0.0", "BerichtXsdVersie": "1.0.0"}


async def move(tafereel: Tafereel, omgeving: Omgeving, controles: Controles, vandaag: date) -> None:
    """Grant a pgb through the SVB, go over, grant one through VWS, and see the SVB settle its own."""
    heen = await _grant_with_svb(tafereel, omgeving, controles, vandaag)
    await _too_early(tafereel, omgeving, controles, vandaag)
    await _go_over(tafereel, omgeving, controles, vandaag)
    await _grant_with_vws(tafereel, omgeving, controles, vandaag)
    await _too_late(tafereel, omgeving, controles, vandaag)
    await _settled(tafereel, omgeving, controles, heen)


async def _grant_with_svb(tafereel: Tafereel, omgeving: Omgeving, controles: Controles, vandaag: date) -> Boeking:
    utrecht, svb = omgeving.utrecht, omgeving.svb
    verzending = await utrecht.send(TKB, make_tkb("SVB-1", vandaag), svb.code, release="1.0")
    goed = _accepted(controles, f"{TKB} is aangenomen door het knooppunt", verzending)
    await controles.delivered(verzending.boeking, svb.grootboek)
    tafereel.boekingen.append(verzending.boeking)
    tafereel.tell(f"{utrecht.naam} kent een pgb toe: {TKB} → de SVB ontving hem", goed=goed)
    return verzending.boeking


async def _too_early(tafereel: Tafereel, omgeving: Omgeving, controles: Controles, vandaag: date) -> None:
    verzending = await omgeving.utrecht.send(TOEKENNING, make_501("VWS-0", vandaag), omgeving.vws.code, release="2.1")
    antwoord = await _first_answer(omgeving.utrecht.grootboek, verzending)
    _refused(tafereel, controles, f"{TOEKENNING} voor de overstap", antwoord, "geen overstapdatum")
    onbereikt = omgeving.vws.grootboek.received(verzending.referentienummer) is None
    controles.check(f"{TOEKENNING} voor de overstap bereikt VWS niet", onbereikt, "VWS ontving hem")
    tafereel.boekingen.append(verzending.boeking)


async def _go_over(tafereel: Tafereel, omgeving: Omgeving, controles: Controles, vandaag: date) -> None:
    opdracht = ("pgb", "overstap", omgeving.utrecht.code, "--datum", vandaag.isoformat())
    uitvoer = await omgeving.hub.command(*opdracht, "--json")
    stand = [(rij["betaler"], rij["datum"]) for rij in json.loads(uitvoer.tekst or "[]")]
    goed = controles.equal("Pgb: na de overstap betaalt", stand, [("VWS", vandaag.isoformat())])
    tafereel.tell(
        f"`knooppunt {' '.join(opdracht)}`: vanaf vandaag betaalt VWS", goed=goed, uitleg=_lines(uitvoer.fout)
    )


async def _grant_with_vws(tafereel: Tafereel, omgeving: Omgeving, controles: Controles, vandaag: date) -> None:
    """Offer a 501 until the running hub has seen the date, which it reads every second; then follow it."""
    utrecht, vws = omgeving.utrecht, omgeving.vws
    with expecting(f"dat een {TOEKENNING} na de overstap mag"):
        async with asyncio.timeout(WACHT):
            while True:
                verzending = await utrecht.send(TOEKENNING, make_501("VWS-1", vandaag), vws.code, release="2.1")
                fout = (await _first_answer(utrecht.grootboek, verzending)).envelop.fout
                if fout is None or fout.code != _TE_VROEG:
                    break
                await asyncio.sleep(0.2)
    if not controles.equal(f"{TOEKENNING} na de overstap: foutcode", fout.code if fout else None, None):
        return
    retour = await await_answer(utrecht, vws, verzending.boeking, RETOUR, controles)
    await controles.delivered(verzending.boeking, vws.grootboek)
    tafereel.boekingen.append(verzending.boeking)
    if retour is None:
        return
    tafereel.boekingen.append(retour)
    goed = controles.check(f"{RETOUR} voldoet aan iPgb 2.1", validate(retour.payload).geldig, "het schema keurt hem af")
    zonder = b"RetourCode>" not in retour.payload
    goed &= controles.check(f"{RETOUR} is een retour zonder fouten", zonder, "er staan retourcodes in")
    tafereel.tell(
        f"{utrecht.naam} kent een pgb toe: {TOEKENNING} → VWS antwoordt met {RETOUR}, zonder fouten", goed=goed
    )


async def _too_late(tafereel: Tafereel, omgeving: Omgeving, controles: Controles, vandaag: date) -> None:
    verzending = await omgeving.utrecht.send(TKB, make_tkb("SVB-2", vandaag), omgeving.svb.code, release="1.0")
    antwoord = await _first_answer(omgeving.utrecht.grootboek, verzending)
    _refused(tafereel, controles, f"{TKB} na de overstap", antwoord, f"{vandaag:%d-%m-%Y}")
    onbereikt = omgeving.svb.grootboek.received(verzending.referentienummer) is None
    controles.check(f"{TKB} na de overstap bereikt de SVB niet", onbereikt, "de SVB ontving hem")
    tafereel.boekingen.append(verzending.boeking)


async def _settled(tafereel: Tafereel, omgeving: Omgeving, controles: Controles, heen: Boeking) -> None:
    """Wait for the BAB: of a budget from before the going over, and still delivered."""
    utrecht, svb = omgeving.utrecht, omgeving.svb
    with expecting(f"een {BAB} van de SVB"):
        aangekomen = await utrecht.grootboek.wait_for(lambda b: b.functie == BAB, WACHT)
    verstuurd = svb.grootboek.sent(aangekomen.referentienummer)
    if not controles.check(f"{BAB} komt van de SVB", verstuurd is not None, "de SVB verstuurde hem niet"):
        return
    assert verstuurd is not None  # noqa: S101 - the check above says so, for the type checker
    await controles.delivered(verstuurd, utrecht.grootboek)
    nummer = [parse(deel.payload).findtext("Budgetnummer") for deel in (heen, aangekomen)]
    goed = controles.equal(f"{BAB} sluit het budget van de {TKB}", nummer[1], nummer[0])
    tafereel.boekingen.append(verstuurd)
    tafereel.tell(
        f"De SVB sluit het budget van voor de overstap af: {BAB} → {utrecht.naam} (haar dagen gaan snel)", goed=goed
    )


def _refused(tafereel: Tafereel, controles: Controles, wat: str, antwoord: Boeking, woord: str) -> None:
    fout = antwoord.envelop.fout
    goed = controles.equal(f"{wat}: foutcode", fout.code if fout else None, _TE_VROEG)
    tekst, _ = read_details(antwoord.payload)
    goed &= controles.check(f"{wat}: de Fo01 noemt {woord}", woord in tekst, tekst)
    tafereel.tell(f"{wat}: geweigerd met {fout.code if fout else 'niets'}", goed=goed, uitleg=[tekst])


def _accepted(controles: Controles, naam: str, verzending: Verzending) -> bool:
    uitkomst = verzending.uitkomst
    return controles.check(naam, uitkomst.soort is Uitkomstsoort.BEZORGD, uitkomst.toelichting)


async def _first_answer(grootboek: Grootboek, verzending: Verzending) -> Boeking:
    """Wait for the first that comes back on a bericht: its retour or a Fo01."""
    nummer = verzending.referentienummer
    with expecting(f"een antwoord op {verzending.boeking.functie} {nummer[:8]}"):
        return await grootboek.wait_for(lambda b: b.envelop.stuurgegevens.cross_ref == nummer, WACHT)


def _lines(tekst: str) -> list[str]:
    return [regel for regel in tekst.splitlines() if regel]


def make_tkb(nummer: str, begin: date) -> bytes:
    """Make a toekenning of iPgb 1.0; its layout was never published, these are the names of the published cases."""
    tkb = etree.Element("TKB")
    for naam, waarde in (("Budgetnummer", nummer), ("Bsn", _BSN)):
        etree.SubElement(tkb, naam).text = waarde
    deel = etree.SubElement(tkb, "Functiebudget")
    for naam, waarde in (
        ("Zorg", "01"),
        ("Ingangsdatum", begin.isoformat()),
        ("Einddatum", (begin + _DUUR).isoformat()),
        ("Bedrag", str(_BEDRAG)),
    ):
        etree.SubElement(deel, naam).text = waarde
    return etree.tostring(tkb, xml_declaration=True, encoding="UTF-8")


def make_501(nummer: str, begin: date) -> bytes:
    """Make a toekenning of iPgb 2.1."""
    periode = {"Begindatum": begin.isoformat(), "Einddatum": (begin + _DUUR).isoformat()}
    functie = {"Zorgfunctie": "01", "FunctieBudgetPeriode": periode, "FunctieBudgetBedrag": str(_BEDRAG)}
    kop = {
        "Afzender": "0344",
        "BerichtIdentificatie": {"Identificatie": nummer, "Dagtekening": begin.isoformat()},
        "XsdVersie": _XSD,
    }
    budget = {
        "BudgetIdentificatie": nummer,
        "BudgetPeriode": periode,
        "FunctieBudgetten": {"FunctieBudget": [functie]},
    }
    return build(in_gebruik().find(TOEKENNING, "2.1"), {"Header": kop, "Client": {"Bsn": _BSN, "Budget": budget}})
