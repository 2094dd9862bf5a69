"""`knooppunt valideer`: checking berichten offline."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from istandaarden.bestanden import as_shown, find
from istandaarden.bevinding import Bevinding
from istandaarden.bulktoets import PARALLEL_VANAF, Regel, Uitslag, judge_bytes, judge_parallel
from istandaarden.standaardmap import in_gebruik
from istandaarden.toets import BERICHT_MAX

GELDIG, ONGELDIG, GEEN_OORDEEL = 0, 1, 2

_JSON = json.JSONEncoder(ensure_ascii=False)
_VELDEN = ("code", "niveau", "retourcode", "plaats", "regel", "melding", "waarde")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("valideer")(valideer)


def valideer(  # noqa: PLR0917 - each parameter is an option
    paden: Annotated[
        list[str],
        typer.Argument(
            metavar="PAD…", help="Bestanden, mappen (alle *.xml en *.zip erin) en ZIP-bestanden; - is standaardinvoer."
        ),
    ],
    als_json: Annotated[
        bool, typer.Option("--json", help="Eén JSON-object per bestand, elk op een eigen regel.")
    ] = False,
    release: Annotated[
        str | None, typer.Option(help="Release waarvan elk bericht moet zijn, bijvoorbeeld 3.2.")
    ] = None,
    niveau: Annotated[
        int, typer.Option(min=1, max=2, help="1: alleen het schema; 2: ook de regels die binnen één bericht kijken.")
    ] = 2,
    keten: Annotated[
        bool,
        typer.Option(
            "--keten",
            help="Speel de berichten na op volgorde van dagtekening en naam (of van volgorde.csv in de map), en toets "
            "elk op alle niveaus: tegen de goede berichten daarvoor, tegen de gemeenten van het CBS, en tegen vandaag.",
        ),
    ] = False,
    contract: Annotated[
        Path | None,
        typer.Option(help="Bij --keten: CSV met de afgesproken productcodes en tarieven (categorie;code;eenheid;…)."),
    ] = None,
) -> None:
    """Controleer berichten tegen hun schema en de regels van de standaard, en leg elke fout uit.

    Eindigt met 0 als alles geldig is, met 1 als een bericht ongeldig is, en met 2 als over een bestand niets te zeggen
    is: onleesbaar, of geen bekend bericht.
    """
    if release is not None and release not in in_gebruik().releases:
        bekend = ", ".join(in_gebruik().releases)
        typer.echo(f"Release {release} is onbekend; bekend: {bekend}.", err=True)
        raise typer.Exit(GEEN_OORDEEL)
    telling: dict[bool | None, int] = {True: 0, False: 0, None: 0}
    overgeslagen: list[str] = []
    write = as_json if als_json else as_text
    if keten:
        regels = _replay(paden, release, contract, write, overgeslagen)
    else:
        regels = _judge(paden, release, niveau, write, overgeslagen)
    for geldig, tekst in regels:
        telling[geldig] += 1
        sys.stdout.write(f"{tekst}\n")  # unlike typer.echo it does not flush every line: there may be many thousands
    sys.stdout.flush()
    gc.freeze()  # the process ends here: looking for garbage in all that was read takes longer than leaving it
    totaal = sum(telling.values())
    if overgeslagen:
        wat = "1 bestand" if len(overgeslagen) == 1 else f"{len(overgeslagen)} bestanden"
        typer.echo(f"Overgeslagen: {wat} zonder .xml of .zip aan het eind ({as_shown(overgeslagen[0])}).", err=True)
    if totaal > 1:
        goed, fout, onbekend = telling[True], telling[False], telling[None]
        slot = f"{totaal} bestanden: {goed} geldig, {fout} ongeldig, {onbekend} niet te beoordelen."
        typer.echo(slot, err=True)
    if telling[False]:
        raise typer.Exit(ONGELDIG)
    raise typer.Exit(GEEN_OORDEEL if telling[None] else GELDIG)


def _judge(
    paden: list[str], release: str | None, niveau: int, write: Callable[[Uitslag], str], overgeslagen: list[str]
) -> Iterator[Regel]:
    if "-" in paden:
        uitslag = judge_bytes("-", sys.stdin.buffer.read(BERICHT_MAX + 1), release, niveau)
        yield uitslag.geldig, write(uitslag)
    vondsten = list(find((Path(pad) for pad in paden if pad != "-"), overgeslagen.append))
    regels = judge_parallel(vondsten, write, release, niveau)
    if len(vondsten) < PARALLEL_VANAF or not sys.stderr.isatty():
        yield from regels
    else:
        yield from _with_progress(regels, len(vondsten))


def _replay(
    paden: list[str],
    release: str | None,
    contract: Path | None,
    write: Callable[[Uitslag], str],
    overgeslagen: list[str],
) -> Iterator[Regel]:
    # read only here: most runs are no keten
    from istandaarden.ketenmap import Volgordefout, find_in_order, judge_keten  # noqa: PLC0415
    from istandaarden.regels.registers import Contractfout, Contractlijst, Vasteregisters  # noqa: PLC0415

    try:
        registers = Vasteregisters(Contractlijst.read(contract) if contract else None)
        vondsten = find_in_order((Path(pad) for pad in paden), overgeslagen.append)
    except (Contractfout, Volgordefout) as fout:
        typer.echo(str(fout), err=True)
        raise typer.Exit(GEEN_OORDEEL) from None
    regels = ((uitslag.geldig, write(uitslag)) for uitslag in judge_keten(vondsten, registers, release))
    if len(vondsten) < PARALLEL_VANAF or not sys.stderr.isatty():
        yield from regels
    else:
        yield from _with_progress(regels, len(vondsten))


def _with_progress(regels: Iterator[Regel], aantal: int) -> Iterator[Regel]:
    """Show a bar on standard error; on a terminal the results wait for its end, so that the two do not mix."""
    # read only here: most runs have no bar
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

    wacht: list[Regel] = []
    kolommen = TextColumn("Controleren"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    eerste = next(regels)  # starts the processes, before the bar starts a thread
    with Progress(
        *kolommen, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=False
    ) as balk:
        taak = balk.add_task("", total=aantal)
        for regel in chain([eerste], regels):
            balk.advance(taak)
            if sys.stdout.isatty():
                wacht.append(regel)
            else:
                yield regel
    yield from wacht


def as_json(uitslag: Uitslag) -> str:
    """Write the outcome for one file as one line of JSON."""
    soort = uitslag.berichtsoort
    return _JSON.encode(
        {
            "bestand": uitslag.naam,
            "berichtsoort": soort.code if soort else None,
            "standaard": soort.standaard if soort else None,
            "release": soort.release if soort else None,
            "geldig": uitslag.geldig,
            "schema": uitslag.schema or None,
            "regels": uitslag.regels or None,
            "bevindingen": [_finding(bevinding) for bevinding in uitslag.bevindingen],
        }
    )


def _finding(bevinding: Bevinding) -> dict[str, object]:
    return {naam: getattr(bevinding, naam) for naam in _VELDEN}


def as_text(uitslag: Uitslag) -> str:
    """Write the outcome for one file for people: a line, and two or three per finding."""
    soort, bevindingen = uitslag.berichtsoort, uitslag.bevindingen
    wat = f"{soort}: " if soort else ""
    bronnen = [] if uitslag.schema in {"", "ingebouwd"} else [f"schema: {describe_source(uitslag.schema)}"]
    bronnen += [] if uitslag.regels in {"", "ingebouwd"} else [f"regels: {uitslag.regels}"]
    schema = f" ({'; '.join(bronnen)})" if bronnen else ""
    match uitslag.geldig:
        case True:
            return f"{uitslag.naam}: {wat}geldig{schema}"
        case False:
            kop = f"{uitslag.naam}: {wat}ongeldig, {len(bevindingen)} {'fout' if len(bevindingen) == 1 else 'fouten'}"
            kop += schema
        case _:
            kop = f"{uitslag.naam}: niet te beoordelen"
    return "\n".join([kop, *(regel for bevinding in bevindingen for regel in _finding_lines(bevinding))])


def describe_source(herkomst: str) -> str:
    """Say in words where a schema comes from, from `istandaarden.catalogus.Catalogus.herkomst`."""
    if herkomst == "reconstructie":
        return "onze reconstructie, er is geen officieel schema gevonden"
    return herkomst


def _finding_lines(bevinding: Bevinding) -> Iterator[str]:
    waar = [bevinding.code]
    waar += [f"regel {bevinding.regel}"] if bevinding.regel else []
    waar += [bevinding.plaats] if bevinding.plaats not in {"", "/"} else []
    yield f"  {', '.join(waar)}"
    yield f"    {bevinding.melding}"
    if bevinding.waarde is not None:
        waarde = "".join(teken if teken.isprintable() else "·" for teken in bevinding.waarde)
        yield f"    Gevonden: “{waarde}”"
