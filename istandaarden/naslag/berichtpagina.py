"""The page of one number: WMO301 and JW301 together, with what differs between them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from istandaarden.model import ROOT, Berichtmodel, Berichtsoort, Element, Logisch, Logischsoort, Samengesteld, Vorm
from istandaarden.naslag.opmaak import anchor, code, table, text
from istandaarden.naslag.uitgave import Uitgave
from istandaarden.regels.boek import Regel, rules_for
from istandaarden.regels.niveau2_sleutel import SLEUTELS
from istandaarden.regels.tabel import state
from istandaarden.woorden import describe_value

TYPEN, LIJSTEN = "typen.md", "codelijsten.md"
"""The pages that berichten link to, in the same folder."""

_CODES_VOLUIT = 6
_UNIEK = "TR101"


def write_page(uitgave: Uitgave, nummer: str) -> str:
    """Write the page of the berichtsoorten of a release with this number."""
    return "\n".join(_page(uitgave, uitgave.nummers[nummer])).rstrip() + "\n"


def _page(uitgave: Uitgave, soorten: Sequence[Berichtsoort]) -> Iterator[str]:
    yield f"# {', '.join(soort.code for soort in soorten)}: {soorten[0].naam} ({uitgave.titel})"
    yield ""
    yield f"[Alle berichten](../README.md) · [Typen]({TYPEN}) · [Codelijsten]({LIJSTEN})"
    yield ""
    if any(soort.reconstructie for soort in soorten):
        yield RECONSTRUCTIE
        yield ""
    yield from _properties(uitgave, soorten)
    modellen = [model for soort in soorten if (model := uitgave.catalogus.find_model(soort)) is not None]
    if modellen:
        yield "## Opbouw"
        yield ""
        yield from _klassen(uitgave, modellen)
    else:
        yield "De opbouw staat alleen in het schema van het pakket."
        yield ""
    yield from _rules(soorten)


RECONSTRUCTIE = (
    "> **Reconstructie.** Van deze release is geen officieel schema gevonden. Namen, typen, aantallen en codes zijn "
    "gepubliceerd; naamruimte, volgorde en de elementen om lijsten heen zijn van ons."
)


def _properties(uitgave: Uitgave, soorten: Sequence[Berichtsoort]) -> Iterator[str]:
    bekend = {soort.code for soort in uitgave.soorten}

    def link(ander: str | None) -> str:
        return f"[{ander}]({ander[-3:]}.md)" if ander in bekend and ander else ander or ""

    modellen = [uitgave.catalogus.find_model(soort) for soort in soorten]
    rijen = [
        ("berichtcode", [_either(soort.berichtcode) for soort in soorten]),
        ("versie en subversie", [f"{soort.versie} en {soort.subversie}" for soort in soorten]),
        ("van", [soort.van for soort in soorten]),
        ("naar", [soort.naar for soort in soorten]),
        ("antwoord op", [link(soort.antwoord_op) for soort in soorten]),
        ("wordt beantwoord met", [link(soort.retour) for soort in soorten]),
        ("naamruimte", [code(soort.naamruimte) for soort in soorten]),
        ("naamruimte basisschema", [code(model.basis.naamruimte) if model else "" for model in modellen]),
        ("schema", [uitgave.catalogus.herkomst(soort) for soort in soorten]),
    ]
    yield from table(["", *(soort.code for soort in soorten)], [[kop, *cellen] for kop, cellen in rijen if any(cellen)])


def _klassen(uitgave: Uitgave, modellen: Sequence[Berichtmodel]) -> Iterator[str]:
    """Give a section per complex type, the bericht first and each where it is first met."""
    wachtrij = [[(model, model.wortel) for model in modellen]]
    koppen: list[str] = []
    while wachtrij:
        versies = wachtrij.pop(0)
        kop = heading(versies[0][1])
        if kop in koppen:
            continue
        koppen.append(kop)
        yield f"### {kop}"
        yield ""
        if zin := _key(versies[0][1], modellen):
            yield zin
            yield ""
        yield from table(["element", "aantal", "type", "inhoud", "alleen in"], _rows(uitgave, versies, len(modellen)))
        for naam in _order([soort for _, soort in versies]):
            delen = [
                (model, element.type)
                for model, soort in versies
                for element in soort.elementen
                if element.naam == naam and isinstance(element.type, Samengesteld)
            ]
            per_naam: dict[str, list[tuple[Berichtmodel, Samengesteld]]] = {}
            for model, soort in delen:
                per_naam.setdefault(heading(soort), []).append((model, soort))
            wachtrij += per_naam.values()
        wachtrij.sort(key=lambda versies: versies[0][1].vorm is Vorm.COMPOSIET)  # those come last


def heading(soort: Samengesteld) -> str:
    """Give the heading of a complex type: its name in the schema, the root as people know it."""
    return ROOT if soort.vorm is Vorm.WORTEL else soort.xsdnaam


def _key(soort: Samengesteld, modellen: Sequence[Berichtmodel]) -> str:
    sleutel = SLEUTELS.get(soort.naam)
    bewaakt = any(regel.code == _UNIEK for model in modellen for regel in rules_for(model.soort))
    if sleutel is None or not bewaakt:
        return ""
    van = " van de Prestatie eromheen" if soort.naam == "ProductReferentie" else ""
    return f"Sleutel{van}: {', '.join(code(deel) for deel in sleutel)} ({_UNIEK})."


def _order(soorten: Sequence[Samengesteld]) -> list[str]:
    """Give the names of elements in their order; what only a later version has stands behind what it follows there."""
    namen: list[str] = []
    for soort in soorten:
        plek = 0
        for element in soort.elementen:
            if element.naam not in namen:
                namen.insert(plek, element.naam)
            plek = namen.index(element.naam) + 1
    return namen


def _rows(
    uitgave: Uitgave, versies: Sequence[tuple[Berichtmodel, Samengesteld]], aantal: int
) -> Iterator[tuple[str, ...]]:
    """Give a row per element, or one per way in which the berichtsoorten say it differently."""
    for naam in _order([soort for _, soort in versies]):
        wijzen: dict[tuple[str, ...], list[str]] = {}
        for model, soort in versies:
            for element in soort.elementen:
                if element.naam == naam:
                    cellen = (naam, element.aantal, _type(element), _content(uitgave, element))
                    wijzen.setdefault(cellen, []).append(model.soort.code)
        for wijze, codes in wijzen.items():
            yield (*wijze, "" if len(codes) == aantal else ", ".join(codes))


def _type(element: Element) -> str:
    if isinstance(element.type, Samengesteld):
        kop = heading(element.type)
        return f"[{text(kop)}](#{anchor(kop)})"
    return f"[{text(element.type.xsdnaam)}]({TYPEN}#{anchor(element.type.xsdnaam)})"


def _content(uitgave: Uitgave, element: Element) -> str:
    """Say what an element holds: a fixed value, codes with a link to their list, or the facets in words."""
    soort = element.type
    if isinstance(soort, Samengesteld):
        return ""
    if element.vast is not None:
        return f"vast: {_either(element.vast)}"
    if soort.soort is Logischsoort.CODE:
        return _codes(uitgave, soort)
    patroon = f" {code(element.patroon.uitdrukking)}" if element.patroon is not None else ""
    return f"{text(describe_value(element))}{patroon}"


def _either(vast: str) -> str:
    """Write a fixed value; a declaratie of 2.3 has two codes, one for a declaratie and one for a factuur."""
    return " of ".join(code(waarde) for waarde in vast.split("|"))


def _codes(uitgave: Uitgave, soort: Logisch) -> str:
    lijst = uitgave.list_of(soort)
    link = f"[{text(lijst.kop)}]({LIJSTEN}#{anchor(lijst.kop)})"
    if len(lijst.waarden) > _CODES_VOLUIT:
        return f"een van de {len(lijst.waarden)} codes van {link}"
    codes = ", ".join(f"{code(waarde)} {text(betekenis)}" for waarde, betekenis in lijst.waarden.items())
    return f"{link}: {codes}"


def _rules(soorten: Sequence[Berichtsoort]) -> Iterator[str]:
    per_code: dict[str, dict[str, Regel]] = {}
    for soort in soorten:
        for regel in rules_for(soort):
            per_code.setdefault(regel.code, {})[soort.code] = regel
    yield "## Regels"
    yield ""
    if not per_code:
        yield "Voor deze release worden alleen het schema en de typen getoetst (niveau 1)."
        return
    yield (
        f"Wat het schema al zegt (niveau 1, RS) staat bij de [typen]({TYPEN}). Niveau 2 kijkt binnen het bericht, "
        "3 over berichten heen, 4 vergelijkt met een register."
    )
    yield ""
    rijen = []
    for regelcode, per_soort in per_code.items():
        regel = next(iter(per_soort.values()))
        if regel.niveau > 1 or regel.soort != "RS":
            rijen.append(
                (
                    regel.niveau,
                    (
                        regelcode,
                        state(regel),
                        regel.retourcode or "",
                        text(regel.elementen),
                        text(regel.stelling),
                        text(regel.advies),
                        text(regel.noot),
                        "" if len(per_soort) == len(soorten) else ", ".join(per_soort),
                    ),
                )
            )
    koppen = ["code", "stand", "retourcode", "waar", "regel", "wat te doen", "noot", "alleen in"]
    yield from table(koppen, [cellen for _, cellen in sorted(rijen, key=lambda rij: rij[0])])
