"""Writes the page with every rule: ``python -m istandaarden.regels.tabel > docs/regels.md``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence

from istandaarden.regels.boek import REGELSOORTEN, Regel, regels, rows, standards

_KOP = """# De regels van iWmo, iJw en iPgb

Elke regel van de standaard, met wat het knooppunt ermee doet. Deze bladzijde wordt gemaakt uit de regels zelf, met
`python -m istandaarden.regels.tabel > docs/regels.md`; een test houdt haar actueel.

* Niveau 1 is het formaat (schema), 2 kijkt binnen één bericht, 3 over berichten heen, 4 vergelijkt met een register.
* De regels van iPgb 2.1 staan er in onze woorden; wie zo'n bericht krijgt, VWS of de gemeente, toetst ze ook zelf.
  Wordt een regel niet getoetst, dan zegt de noot waarom niet.
* Waar de officiële controle en de regeltekst verschillen, volgt het knooppunt de controle; de noot zegt het verschil.
* Zeggen twee regels hetzelfde over hetzelfde element, dan noemt het oordeel er één: één fout, één bevinding.
"""
_SOORTEN = {
    "CD": "Voorwaarden op de aanwezigheid van elementen",
    "CS": "Voorwaarden op de inhoud van elementen",
    "RS": "Grenzen van de logische typen",
    "TR": "Technische regels",
    "OP": "Operationele afspraken",
    "IV": "Invulinstructies",
    "UP": "Uitgangspunten",
}
_TITELS = {"iwmo": "iWmo", "ijw": "iJw", "ipgb": "iPgb"}
_SCHEMA = "XSD"


def write_table() -> str:
    """Write the page in Markdown: per kind of rule a table with one row per line of `regels.csv`."""
    return "\n".join([_KOP, *_summary(), *(regel for soort in _SOORTEN for regel in _chapter(soort))]) + "\n"


def status(rij: Mapping[str, str]) -> str:
    """Say in Dutch what becomes of a rule: at which level it is checked, by which others, or why not."""
    gedekt = rij["covered_by"].split()
    if rij["kind"] not in REGELSOORTEN:
        return f"getoetst door {_name_all(gedekt)}" if gedekt else "niet mechanisch"
    return state(regels()[rij["code"], standards(rij)[0]])


def state(regel: Regel) -> str:
    """Say in Dutch at which level a rule that a bericht can break is checked, as which others, or why not."""
    if regel.gedekt_door:
        return f"getoetst als {_name_all(regel.gedekt_door)}"
    if not regel.mechanisch:
        return "niet mechanisch"
    return f"niveau {regel.niveau}"


def _name_all(codes: Sequence[str]) -> str:
    namen = ["het schema" if code == _SCHEMA else code for code in codes]
    *eerder, laatste = namen
    return f"{', '.join(eerder)} en {laatste}" if eerder else laatste


def _summary() -> Iterator[str]:
    stand: dict[str, int] = {}
    for rij in rows():
        groep = status(rij).partition(" ")[0] if not status(rij).startswith("niveau") else status(rij)
        groep = {"niet": "niet mechanisch", "getoetst": "getoetst door een andere regel of het schema"}.get(
            groep, groep
        )
        stand[groep] = stand.get(groep, 0) + 1
    yield "| stand | regels |"
    yield "|---|---:|"
    yield from (f"| {groep} | {aantal} |" for groep, aantal in sorted(stand.items(), reverse=True))
    yield ""


def _chapter(soort: str) -> Iterator[str]:
    yield f"## {soort}: {_SOORTEN[soort]}"
    yield ""
    yield "| code | standaard | berichten | waar | stand | retourcode | regel | noot |"
    yield "|---|---|---|---|---|---|---|---|"
    for rij in rows():
        if rij["kind"] == soort:
            cellen = [
                rij["code"],
                ", ".join(_TITELS[naam] for naam in standards(rij)),
                rij["messages"].replace(",", ", "),
                rij["elements"].replace(",", ", "),
                status(rij),
                rij["retourcode"],
                rij["statement"],
                rij["note"],
            ]
            yield f"| {' | '.join(cel.replace('|', ' of ') for cel in cellen)} |"
    yield ""


if __name__ == "__main__":
    sys.stdout.write(write_table())
