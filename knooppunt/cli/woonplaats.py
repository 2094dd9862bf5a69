"""`knooppunt woonplaats`: which gemeente is responsible for the help to a youth."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from knooppunt.woonplaats.antwoordvorm import Bepalingvorm
from knooppunt.woonplaats.feitenvorm import Feitenfout, read_facts
from knooppunt.woonplaats.jsonobject import Objectfout, check_object
from knooppunt.woonplaats.overdracht import transfer
from knooppunt.woonplaats.overdrachtsmap import Telling
from routing.woonplaats.bepaling import determine
from routing.woonplaats.besluit import Bepaling
from routing.woonplaats.feiten import Feiten

BEPAALD, NIET_TE_BEPALEN, ONBRUIKBAAR = 0, 1, 2

_GRENS = 64 * 1024 * 1024  # bytes; more than that is a batch
_TERZIJDE = frozenset({"id", "titel", "bron"})
"""What a file with cases may say about a case, beside its facts."""

woonplaats = typer.Typer(no_args_is_help=True, help="Woonplaatsbeginsel: welke gemeente is verantwoordelijk.")


@woonplaats.command()
def bepaal(
    feiten: Annotated[
        Path, typer.Option(metavar="BESTAND", help="JSON met de feiten van één jeugdige of een lijst; - is de invoer.")
    ],
    *,
    als_json: Annotated[bool, typer.Option("--json", help="Schrijf JSON.")] = False,
) -> None:
    """Bepaal welke gemeente verantwoordelijk is, uit feiten die u zelf opgeeft; er wordt niets opgevraagd.

    Eindigt met 0 als er voor iedereen een uitkomst is, met 1 als er iets ontbreekt en met 2 als de feiten niet
    bruikbaar zijn.
    """
    try:
        gelezen = _read(feiten)
        gevallen = gelezen if isinstance(gelezen, list) else [gelezen]
        feitenlijst = _facts(gevallen, genummerd=isinstance(gelezen, list))
    except Feitenfout as fout:
        for zin in fout.fouten:
            typer.echo(zin, err=True)
        raise typer.Exit(ONBRUIKBAAR) from None
    bepalingen = [determine(een) for een in feitenlijst]
    namen = [str(geval.get("id", "")) for geval in gevallen]
    if als_json:
        vormen = [_as_json(bepaling, naam) for bepaling, naam in zip(bepalingen, namen, strict=True)]
        typer.echo(json.dumps(vormen if isinstance(gelezen, list) else vormen[0], ensure_ascii=False, indent=2))
    else:
        typer.echo("\n\n".join(_as_text(b, naam) for b, naam in zip(bepalingen, namen, strict=True)))
    raise typer.Exit(NIET_TE_BEPALEN if any(b.gemeente is None for b in bepalingen) else BEPAALD)


@woonplaats.command()
def overdracht(
    clienten: Annotated[
        list[Path],
        typer.Option(metavar="BESTAND", help="CSV of JSON met cliënten van een of meer gemeenten; herhaalbaar."),
    ],
    uit: Annotated[Path, typer.Option(metavar="MAP", help="Nieuwe of lege map voor de lijsten.")],
) -> None:
    """Maak per gemeente de lijsten voor de eenmalige overdracht op 1-1-2022, toen de definitie veranderde.

    Eindigt met 0 als iedere cliënt een uitkomst heeft, met 1 als er een onbekend is en met 2 als de invoer niet
    bruikbaar is; dan wordt er niets geschreven.
    """
    try:
        gelezen, telling = transfer(clienten, uit)
    except Feitenfout as fout:
        for zin in fout.fouten:
            typer.echo(zin, err=True)
        raise typer.Exit(ONBRUIKBAAR) from None
    for regel in _totals(gelezen, telling):
        typer.echo(regel)
    if not telling.fits(gelezen):
        typer.echo("De lijsten kloppen niet met de invoer; gebruik ze niet.", err=True)
        raise typer.Exit(ONBRUIKBAAR)
    raise typer.Exit(NIET_TE_BEPALEN if telling.onbekend else BEPAALD)


def _totals(gelezen: int, telling: Telling) -> Iterator[str]:
    yield "gemeente  blijft  vertrekt  komt  onbekend"
    for code in telling.gemeenten():
        vertrekt = sum(aantal for (van, _), aantal in telling.vertrekt.items() if van == code)
        komt = sum(aantal for (_, naar), aantal in telling.komt.items() if naar == code)
        yield f"{code:<8}  {telling.blijft[code]:>6}  {vertrekt:>8}  {komt:>4}  {telling.onbekend[code]:>8}"
    blijft, vertrekt, onbekend = telling.blijft.total(), telling.vertrekt.total(), telling.onbekend.total()
    samen = blijft + vertrekt + onbekend
    yield f"Cliënten in: {gelezen}; uit: {samen} (blijft {blijft}, vertrekt {vertrekt}, onbekend {onbekend})."
    yield f"Op de lijsten van wie overneemt: {telling.komt.total()}."
    yield f"Toewijzingen te beëindigen: {telling.beeindigen.total()}, te starten: {telling.starten.total()}."


def _read(bestand: Path) -> Any:
    try:
        if str(bestand) == "-":
            ruw = sys.stdin.buffer.read(_GRENS + 1)
        else:
            with bestand.open("rb") as stroom:
                ruw = stroom.read(_GRENS + 1)
    except OSError as fout:
        raise Feitenfout((f"{bestand} is niet te lezen ({fout.strerror}).",)) from None
    if len(ruw) > _GRENS:
        raise Feitenfout((f"{bestand} is groter dan 64 MiB.",))
    try:
        return json.loads(ruw.decode("utf-8-sig"), object_pairs_hook=check_object)
    except Objectfout as fout:
        raise Feitenfout((f"{bestand} {fout}.",)) from None
    except UnicodeDecodeError:
        raise Feitenfout((f"{bestand} is niet in UTF-8 geschreven.",)) from None
    except json.JSONDecodeError as fout:
        raise Feitenfout((f"{bestand}, regel {fout.lineno}, teken {fout.colno}: dit is geen geldige JSON.",)) from None
    except (RecursionError, ValueError):
        raise Feitenfout((f"{bestand}: dit is geen geldige JSON.",)) from None


def _facts(gevallen: list[Any], *, genummerd: bool) -> list[Feiten]:
    """Read all cases, and name the faults of all of them."""
    feiten: list[Feiten] = []
    fouten: list[str] = []
    for nummer, geval in enumerate(gevallen, 1):
        try:
            inhoud = {k: v for k, v in geval.items() if k not in _TERZIJDE} if isinstance(geval, dict) else geval
            feiten.append(read_facts(inhoud))
        except Feitenfout as fout:
            fouten += [f"geval {nummer}: {zin}" if genummerd else zin for zin in fout.fouten]
    if not gevallen:
        fouten.append("De lijst is leeg.")
    if fouten:
        raise Feitenfout(tuple(fouten))
    return feiten


def _as_json(bepaling: Bepaling, naam: str) -> dict[str, Any]:
    return ({"id": naam} if naam else {}) | Bepalingvorm.of(bepaling).model_dump(mode="json", by_alias=True)


def _as_text(bepaling: Bepaling, naam: str) -> str:
    wie = f"{bepaling.gemeente} ({bepaling.gemeentenaam})" if bepaling.gemeente else "niet te bepalen"
    kop = f"{naam}: {wie}" if naam else wie
    regels = [f"{kop}, regel {bepaling.regel}, {bepaling.zekerheid}"]
    regels += [f"  • {stap}" for stap in bepaling.motivering]
    if bepaling.paragraaf:
        regels.append(f"  Bron: {bepaling.paragraaf}.")
    if bepaling.ontbrekend:
        regels.append(f"  Nog nodig: {', '.join(bepaling.ontbrekend)}.")
    return "\n".join(regels)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(woonplaats, name="woonplaats")
