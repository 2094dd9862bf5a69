"""The pages that the berichten of a release share: its types and its code lists; and the page that leads to all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from istandaarden.codelijsten import titles
from istandaarden.model import Berichtsoort, Element, Logisch, Logischsoort
from istandaarden.naslag.berichtpagina import LIJSTEN, RECONSTRUCTIE, TYPEN
from istandaarden.naslag.opmaak import anchor, code, table, text
from istandaarden.naslag.uitgave import Uitgave
from istandaarden.regels.boek import rules_for
from istandaarden.regels.niveau1 import breakable
from istandaarden.regels.tabel import state
from istandaarden.woorden import describe_type

_TERUG = "[Alle berichten](../README.md)"


def write_index(uitgaven: Sequence[Uitgave]) -> str:
    """Write the page that leads to every other."""
    return "\n".join(_index(uitgaven)).rstrip() + "\n"


def _index(uitgaven: Sequence[Uitgave]) -> Iterator[str]:
    yield "# Naslag: berichten, regels en codes"
    yield ""
    yield "Gemaakt uit het model, de regels en de codelijsten, met `knooppunt standaard documentatie --uit MAP`."
    yield "Eén bladzijde per berichtnummer; waar twee standaarden verschillen, staat erbij wat alleen in de ene geldt."
    yield ""
    for uitgave in uitgaven:
        yield f"## {uitgave.titel}"
        yield ""
        if any(soort.reconstructie for soort in uitgave.soorten):
            yield RECONSTRUCTIE
            yield ""
        yield f"[Typen]({uitgave.map}/{TYPEN}) · [Codelijsten]({uitgave.map}/{LIJSTEN})"
        yield ""
        yield from table(
            ["bericht", "naam", "van", "naar", "beantwoord met", "regels"],
            (_index_row(uitgave, nummer, soorten) for nummer, soorten in uitgave.nummers.items()),
        )


def _index_row(uitgave: Uitgave, nummer: str, soorten: Sequence[Berichtsoort]) -> tuple[str, ...]:
    retour = soorten[0].retour
    regels = {regel.code for soort in soorten for regel in rules_for(soort) if regel.niveau > 1}
    return (
        f"[{', '.join(soort.code for soort in soorten)}]({uitgave.map}/{nummer}.md)",
        soorten[0].naam,
        " of ".join(dict.fromkeys(soort.van for soort in soorten)),
        " of ".join(dict.fromkeys(soort.naar for soort in soorten)),
        retour[-3:] if retour else "",
        str(len(regels)) if regels else "",
    )


def write_types(uitgave: Uitgave) -> str:
    """Write the page with the logical types of a release and the rules that are only about those."""
    return "\n".join(_types(uitgave)).rstrip() + "\n"


def _types(uitgave: Uitgave) -> Iterator[str]:
    yield f"# Typen van {uitgave.titel}"
    yield ""
    yield f"{_TERUG} · [Codelijsten]({LIJSTEN})"
    yield ""
    yield "Het patroon is een reguliere expressie van XML Schema: de hele waarde moet eraan voldoen."
    yield ""
    per_naam: dict[str, dict[tuple[str, ...], list[str]]] = {}
    for model in uitgave.modellen:
        for soort in model.basis.logisch.values():
            titels = per_naam.setdefault(soort.naam, {}).setdefault(_type_row(uitgave, model.soort, soort), [])
            titels += [] if model.soort.titel in titels else [model.soort.titel]
    alle = list(dict.fromkeys(soort.titel for soort in uitgave.soorten))
    for naam, wijzen in sorted(per_naam.items()):
        yield f"## LDT_{naam}"
        yield ""
        rijen = [(*cellen, "" if titels == alle else ", ".join(titels)) for cellen, titels in wijzen.items()]
        yield from table(["inhoud", "hoogstens", "patroon", "codelijst", "regels", "alleen in"], rijen)
    yield from _format_rules(uitgave)


def _type_row(uitgave: Uitgave, bericht: Berichtsoort, soort: Logisch) -> tuple[str, ...]:
    grens = "" if soort.maximaal is None else str(soort.maximaal)
    if soort.soort in {Logischsoort.TEKST, Logischsoort.CODE} and grens:
        grens += " tekens"
    lijst = ""
    if soort.waarden:
        kop = uitgave.list_of(soort).kop
        lijst = f"[{text(kop)}]({LIJSTEN}#{anchor(kop)})"
    return (
        f"een van {len(soort.waarden)} codes" if soort.waarden else text(describe_type(soort)),
        grens,
        code(soort.patroon.uitdrukking) if soort.patroon else "",
        lijst,
        ", ".join(sorted(breakable(bericht, Element(soort.naam, soort)))),
    )


def _format_rules(uitgave: Uitgave) -> Iterator[str]:
    regels = {regel.code: regel for soort in uitgave.soorten for regel in rules_for(soort) if regel.soort == "RS"}
    if not regels:
        return
    yield "## Formaatregels"
    yield ""
    yield "Niveau 1: het schema controleert ze, in elk bericht. Er hoort geen retourbericht bij."
    yield ""
    yield from table(
        ["code", "stand", "regel", "noot"],
        [(regel.code, state(regel), text(regel.stelling), text(regel.noot)) for regel in regels.values()],
    )


def write_lists(uitgave: Uitgave) -> str:
    """Write the page with every code list of a release."""
    return "\n".join(_lists(uitgave)).rstrip() + "\n"


def _lists(uitgave: Uitgave) -> Iterator[str]:
    yield f"# Codelijsten van {uitgave.titel}"
    yield ""
    yield f"{_TERUG} · [Typen]({TYPEN})"
    yield ""
    koppen = sorted(uitgave.lijsten)
    yield from table(
        ["lijst", "over", "codes", "gebruikt door"],
        [
            (
                f"[{text(kop)}](#{anchor(kop)})",
                text(titles().get(lijst.naam, "")),
                str(len(lijst.waarden)),
                text(lijst.in_gebruik_bij),
            )
            for kop, lijst in ((kop, uitgave.lijsten[kop]) for kop in koppen)
        ],
    )
    for kop in koppen:
        yield f"## {kop}"
        yield ""
        if titel := titles().get(uitgave.lijsten[kop].naam):
            yield f"{titel}."
            yield ""
        yield from table(
            ["code", "betekenis"],
            [(code(waarde), text(betekenis)) for waarde, betekenis in uitgave.lijsten[kop].waarden.items()],
        )
