"""Invented persons for the simulated BRP, as rows of its CSV."""

from __future__ import annotations

import csv
import io

from knooppunt.simulatie.brp.personen import Testpersoon, parse_persons

KIND, ZUSJE, MOEDER, VADER, ANDER = "999992089", "999996289", "999997610", "999990792", "999996277"
"""Numbers of public RvIG test persons; what is said of them here is made up."""

_GEWOON = {
    "geboortedatum": "20150310",
    "gemeente": "0344",
    "inschrijving": "20150310",
    "ouder1": MOEDER,
    "ouder1Geslacht": "V",
    "ouder2": VADER,
    "ouder2Geslacht": "M",
}
_OUDER = {"geboortedatum": "19850101", "gemeente": "0344", "inschrijving": "20100101"}
_KOLOMMEN = (
    *("bsn", "voornamen", "voorvoegsel", "geslachtsnaam", "geboortedatum", "gemeente", "inschrijving", "functieAdres"),
    *("aanvang", "postcode", "huisnummer", "inOnderzoek", "inOnderzoekVanaf", "landVertrek", "opschorting", "geheim"),
    *("gezag", "ouder1", "ouder1Geslacht", "ouder2", "ouder2Geslacht", "moeder_gemeente_bij_geboorte"),
    *("vorige_gemeente", "gemeente_tot"),
)


def child(bsn: str = KIND, **anders: str) -> dict[str, str]:
    """Make the row of a minor with two parents in Utrecht, with what is different."""
    return {"bsn": bsn} | _GEWOON | anders


def parent(bsn: str, **anders: str) -> dict[str, str]:
    """Make the row of an adult in Utrecht, with what is different."""
    return {"bsn": bsn} | _OUDER | anders


def as_csv(*rijen: dict[str, str]) -> bytes:
    """Write rows as the CSV that the simulator takes."""
    uit = io.StringIO()
    schrijver = csv.DictWriter(uit, _KOLOMMEN, lineterminator="\n")
    schrijver.writeheader()
    schrijver.writerows(rijen)
    return uit.getvalue().encode()


def persons(*rijen: dict[str, str]) -> dict[str, Testpersoon]:
    """Read rows the way the simulator does."""
    return parse_persons(as_csv(*rijen))
