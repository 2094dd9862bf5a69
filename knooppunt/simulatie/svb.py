"""The SVB, played: it keeps the budgets of every TKB, and sends a BAB when one is to be settled.

The payloads of iPgb 1.0 were never published. This reads the labels that the published cases use (facts on pgb §1.2)
where it finds them, and writes a BAB with the same; what it cannot read is settled as one budget from the day it came.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from datetime import date

from lxml import etree

from istandaarden.veilig import XmlGeweigerd, parse
from knooppunt.simulatie.antwoord import Antwoord
from knooppunt.simulatie.ketenspel import Zending, release_of
from knooppunt.simulatie.klok import Vandaag, today
from knooppunt.simulatie.pgbboek import Afsluiting, Functiebudget, Pgbboek, Sleutel
from routing.bericht import Envelop
from routing.fouten import Fout


class Svb:
    """Takes in TKBs and settles them. `vandaag` says which day it is, `boek` keeps the budgets."""

    def __init__(self, boek: Pgbboek | None = None, vandaag: Vandaag = today) -> None:
        self._boek = boek or Pgbboek()
        self._vandaag = vandaag
        self._release: dict[Sleutel, str] = {}
        self._slot = threading.Lock()

    def answer(self, heen: Envelop, payload: bytes) -> Sequence[Antwoord] | Fout:
        """Book a TKB; there is no retour in iPgb 1.0."""
        sg = heen.stuurgegevens
        if (sg.functie or "").startswith("TKB"):
            with self._slot:
                wortel, dag = _read(payload), self._vandaag()
                nummer = _text(wortel, "Budgetnummer", "Nummer") or sg.referentienummer
                sleutel = Sleutel(sg.zender.organisatie, sg.functie or "", _text(wortel, "Bsn"), nummer)
                oud = _text(wortel, "Vorignummer") or None
                self._release[sleutel] = release_of(heen)
                self._boek.grant(sleutel, _functies(wortel, dag), oud, dag)
        return []

    def due(self) -> Sequence[Zending]:
        """Give the BABs of today."""
        with self._slot:
            return [
                Zending(a.sleutel.gemeente, Antwoord(_bab(a.sleutel), _write(a), self._release.get(a.sleutel, "1.0")))
                for a in self._boek.settle(self._vandaag())
            ]


def _bab(sleutel: Sleutel) -> str:
    """Give the functie of the BAB that goes with a TKB: ``TKB001-0100`` is settled by ``BAB001-0100``."""
    return sleutel.wet.replace("TKB", "BAB", 1)


def _read(payload: bytes) -> etree._Element | None:
    try:
        return parse(payload)
    except XmlGeweigerd:
        return None


def _text(element: etree._Element | None, *namen: str) -> str:
    """Give the first value with one of these names, whatever its namespace."""
    if element is None:
        return ""
    return next((tekst.strip() for naam in namen if (tekst := element.findtext(f".//{{*}}{naam}"))), "")


def _functies(wortel: etree._Element | None, dag: date) -> list[Functiebudget]:
    functies: list[Functiebudget] = []
    for deel in wortel.iterfind(".//{*}Functiebudget") if wortel is not None else ():
        with contextlib.suppress(ValueError):
            functies.append(
                Functiebudget(
                    zorgfunctie=_text(deel, "Zorg"),
                    begin=date.fromisoformat(_text(deel, "Ingangsdatum") or _text(wortel, "Ingangsdatum")),
                    einde=date.fromisoformat(_text(deel, "Einddatum") or _text(wortel, "Einddatum")),
                    bedrag=int(_text(deel, "Bedrag")),
                    vrij=int(_text(deel, "Verantwoordingsvrij") or 0),
                    vanaf=dag,
                )
            )
    return functies or [Functiebudget("", dag, dag, 1, 0, dag)]


def _write(a: Afsluiting) -> bytes:
    bab = etree.Element("BAB")
    etree.SubElement(bab, "Budgetnummer").text = a.sleutel.budget
    if a.sleutel.bsn:
        etree.SubElement(bab, "Bsn").text = a.sleutel.bsn
    som = etree.SubElement(bab, "SomBestedingen")
    for naam, waarde in (
        ("Zorg", a.zorgfunctie),
        ("Ingangsdatum", a.begin.isoformat()),
        ("Einddatum", a.einde.isoformat()),
        ("Besteed", str(a.besteed)),
        ("Verantwoordingsvrij", str(a.vrij)),
    ):
        etree.SubElement(som, naam).text = waarde
    etree.SubElement(bab, "Reden").text = a.reden.value
    return etree.tostring(bab, xml_declaration=True, encoding="UTF-8")
