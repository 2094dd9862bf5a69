"""`knooppunt valideer` and `knooppunt standaard`: checking berichten offline, and looking at the standards."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.tree import Tree

from istandaarden.bestanden import find
from istandaarden.bevinding import Bevinding
from istandaarden.bulktoets import PARALLEL_VANAF, Uitslag, judge_bytes, judge_parallel
from istandaarden.catalogus import Onbekend, ingebouwd
from istandaarden.model import ROOT, Berichtmodel, Samengesteld
from istandaarden.toets import BERICHT_MAX
from istandaarden.woorden import describe_value
from istandaarden.xsd import write_all

GELDIG, ONGELDIG, GEEN_OORDEEL = 0, 1, 2

standaard = typer.Typer(no_args_is_help=True, help="De standaarden: welke berichten er zijn, en hun schema's.")


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the command line."""
    app.command("valideer")(valideer)
    app.add_typer(standaard, name="standaard")


def valideer(
    paden: Annotated[
        list[str],
        typer.Argument(
            metavar="PAD…", help="Bestanden, mappen (alle *.xml erin) en ZIP-bestanden; - is standaardinvoer."
        ),
    ],
    als_json: Annotated[
        bool, typer.Option("--json", help="Eén JSON-object per bestand, elk op een eigen regel.")
    ] = False,
    release: Annotated[
        str | None, typer.Option(help="Release waarvan elk bericht moet zijn, bijvoorbeeld 3.2.")
    ] = None,
) -> None:
    """Controleer berichten tegen hun schema en leg elke fout uit.

    Eindigt met 0 als alles geldig is, met 1 als een bericht ongeldig is, en met 2 als over een bestand niets te zeggen
    is: onleesbaar, of geen bekend bericht.
    """
    if release is not None and release not in ingebouwd().releases:
        bekend = ", ".join(ingebouwd().releases)
        typer.echo(f"Release {release} is onbekend; bekend: {bekend}.", err=True)
        raise typer.Exit(GEEN_OORDEEL)
    telling = {True: 0, False: 0, None: 0}
    for uitslag in _judge(paden, release):
        telling[uitslag.geldig] += 1
        typer.echo(_as_json(uitslag) if als_json else _as_text(uitslag))
    totaal = sum(telling.values())
    if not totaal:
        typer.echo("Geen XML-bestanden gevonden.", err=True)
        raise typer.Exit(GEEN_OORDEEL)
    if totaal > 1:
        goed, fout, onbekend = telling[True], telling[False], telling[None]
        slot = f"{totaal} bestanden: {goed} geldig, {fout} ongeldig, {onbekend} niet te beoordelen."
        typer.echo(slot, err=True)
    if telling[False]:
        raise typer.Exit(ONGELDIG)
    raise typer.Exit(GEEN_OORDEEL if telling[None] else GELDIG)


def _judge(paden: list[str], release: str | None) -> Iterable[Uitslag]:
    if "-" in paden:
        yield judge_bytes("-", sys.stdin.buffer.read(BERICHT_MAX + 1), release)
    vondsten = list(find(Path(pad) for pad in paden if pad != "-"))
    uitslagen = judge_parallel(vondsten, release)
    if len(vondsten) < PARALLEL_VANAF or not sys.stderr.isatty():
        yield from uitslagen
    else:
        yield from _with_progress(uitslagen, len(vondsten))


def _with_progress(uitslagen: Iterator[Uitslag], aantal: int) -> Iterator[Uitslag]:
    """Show a bar on standard error; on a terminal the results wait for its end, so that the two do not mix."""
    wacht: list[Uitslag] = []
    kolommen = TextColumn("Controleren"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    eerste = next(uitslagen)  # starts the processes, before the bar starts a thread
    with Progress(
        *kolommen, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
    ) as balk:
        taak = balk.add_task("", total=aantal)
        for uitslag in chain([eerste], uitslagen):
            balk.advance(taak)
            if sys.stdout.isatty():
                wacht.append(uitslag)
            else:
                yield uitslag
    yield from wacht


def _as_json(uitslag: Uitslag) -> str:
    soort = uitslag.oordeel.berichtsoort
    return json.dumps(
        {
            "bestand": uitslag.naam,
            "berichtsoort": soort.code if soort else None,
            "standaard": soort.standaard if soort else None,
            "release": soort.release if soort else None,
            "geldig": uitslag.geldig,
            "bevindingen": [_finding(bevinding) for bevinding in uitslag.oordeel.bevindingen],
        },
        ensure_ascii=False,
    )


def _finding(bevinding: Bevinding) -> dict[str, object]:
    velden = asdict(bevinding)
    return {naam: velden[naam] for naam in ("code", "niveau", "retourcode", "plaats", "regel", "melding", "waarde")}


def _as_text(uitslag: Uitslag) -> str:
    soort, bevindingen = uitslag.oordeel.berichtsoort, uitslag.oordeel.bevindingen
    wat = f"{soort}: " if soort else ""
    match uitslag.geldig:
        case True:
            return f"{uitslag.naam}: {wat}geldig"
        case False:
            kop = f"{uitslag.naam}: {wat}ongeldig, {len(bevindingen)} {'fout' if len(bevindingen) == 1 else 'fouten'}"
        case _:
            kop = f"{uitslag.naam}: niet te beoordelen"
    return "\n".join([kop, *(regel for bevinding in bevindingen for regel in _finding_lines(bevinding))])


def _finding_lines(bevinding: Bevinding) -> Iterator[str]:
    waar = [f"regel {bevinding.regel}"] if bevinding.regel else []
    waar += [bevinding.plaats] if bevinding.plaats not in {"", "/"} else []
    if waar:
        yield f"  {', '.join(waar)}"
    yield f"    {bevinding.melding}"
    if bevinding.waarde is not None:
        waarde = "".join(teken if teken.isprintable() else "·" for teken in bevinding.waarde)
        yield f"    Gevonden: “{waarde}”"


@standaard.command("toon")
def show(
    berichtsoort: Annotated[str | None, typer.Argument(help="Bijvoorbeeld WMO305; zonder: alle berichten.")] = None,
    release: Annotated[str | None, typer.Option(help="Release, bijvoorbeeld 3.2; zonder: de nieuwste.")] = None,
) -> None:
    """Toon welke berichten er zijn, of hoe één bericht is opgebouwd."""
    console = Console()
    if berichtsoort is None:
        console.print(_catalogue_table(release))
        return
    try:
        model = ingebouwd().model(ingebouwd().find(berichtsoort, release))
    except Onbekend as fout:
        typer.echo(str(fout), err=True)
        raise typer.Exit(GEEN_OORDEEL) from None
    console.print(_message_tree(model), soft_wrap=True)


def _catalogue_table(release: str | None) -> Table:
    tabel = Table("Standaard", "Bericht", "Code", "Naam", "Van", "Naar", "Antwoord", box=None)
    for soort in ingebouwd():
        if release is None or soort.release == release:
            van, naar = soort.afzender_type, soort.ontvanger_type
            if soort.is_retour:
                van, naar = naar, van  # the header keeps those of the heenbericht
            tabel.add_row(
                f"{soort.titel} {soort.release}",
                soort.code,
                soort.berichtcode,
                soort.naam,
                _PARTIJ.get(van or "", van or ""),
                _PARTIJ.get(naar or "", naar or ""),
                soort.retour or "",
            )
    return tabel


_PARTIJ = {"Gemeente": "gemeente", "AgbCode": "aanbieder"}


def _message_tree(model: Berichtmodel) -> Tree:
    soort = model.soort
    boom = Tree(f"[bold]{ROOT}[/] {soort}: {escape(soort.naam)}, berichtcode {soort.berichtcode}, {soort.naamruimte}")
    _grow(boom, model.wortel)
    return boom


def _grow(tak: Tree, soort: Samengesteld) -> None:
    for element in soort.elementen:
        kop = f"[bold]{element.naam}[/] [dim]{escape(f'[{element.aantal}]')}[/]"
        if isinstance(element.type, Samengesteld):
            _grow(tak.add(kop), element.type)
        else:
            tak.add(f"{kop} {element.type.xsdnaam}: {escape(describe_value(element))}")


@standaard.command("xsd")
def write_schemas(
    uit: Annotated[Path, typer.Option("--uit", help="Map waarin de schema's komen; per standaard en release een map.")],
) -> None:
    """Schrijf de schema's (XSD) van alle berichten."""
    bestanden = write_all(ingebouwd().models())
    try:
        for naam, tekst in bestanden.items():
            pad = uit / naam
            pad.parent.mkdir(parents=True, exist_ok=True)
            pad.write_text(tekst, encoding="utf-8")
    except OSError as fout:
        typer.echo(f"Schrijven in {uit} lukt niet: {fout.strerror}.", err=True)
        raise typer.Exit(GEEN_OORDEEL) from None
    typer.echo(f"{len(bestanden)} schema's geschreven in {uit}.")
