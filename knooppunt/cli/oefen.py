"""`knooppunt release oefen`: what the next release would reject of the berichten of today."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from istandaarden.bestanden import find, open_all
from istandaarden.oefening import Breuk, Oefening, Telling, Uitkomst
from istandaarden.releases import NEDERLAND
from istandaarden.standaardmap import in_gebruik
from knooppunt.beeld import make_console, safe
from knooppunt.configuratie import ConfiguratieFout
from knooppunt.configuratiebestand import load
from knooppunt.databank import connect
from knooppunt.oefenstof import stored
from routing.kluis import Kluis, KluisFout

NIETS, AFGEKEURD, NIET_TE_OEFENEN = 0, 1, 2

_VORMEN = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]


def oefen(  # noqa: PLR0917 - each parameter is an option
    paden: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PAD]…",
            help="Bestanden, mappen (alle *.xml erin) en ZIP-bestanden; zonder: de berichten in het knooppunt.",
        ),
    ] = None,
    naar: Annotated[
        str | None, typer.Option(help="Release om te oefenen, bijvoorbeeld 3.3; zonder: per bericht de eerstvolgende.")
    ] = None,
    standaard: Annotated[str | None, typer.Option(help="Alleen berichten van deze standaard, zoals iwmo.")] = None,
    vanaf: Annotated[
        datetime | None, typer.Option(formats=_VORMEN, help="Ontvangen op of na (Nederlandse tijd).")
    ] = None,
    tot: Annotated[
        datetime | None, typer.Option(formats=_VORMEN, help="Ontvangen voor; een dag telt helemaal mee.")
    ] = None,
    config: Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")] = Path("knooppunt.toml"),
    als_json: Annotated[bool, typer.Option("--json", help="Schrijf JSON, voor een programma.")] = False,
) -> None:
    """Oefen een release: toets berichten alsof zij daarvan zijn, en vertel wat er dan wordt afgekeurd.

    Er verandert niets en er gaat niets naar buiten. Eindigt met 0 als niets wordt afgekeurd, met 1 als er iets wordt
    afgekeurd, en met 2 als er niets te oefenen valt of een bericht niet te lezen is.
    """
    oefening = Oefening(in_gebruik(), naar, standaard)
    if (bezwaar := _objection(naar, standaard, bestanden=bool(paden), periode=bool(vanaf or tot))) is not None:
        typer.echo(bezwaar, err=True)
        raise typer.Exit(NIET_TE_OEFENEN)
    if paden:
        for vondst, chunks in open_all(find(paden)):
            oefening.add(vondst.naam, chunks)
    else:
        if tot is not None and tot.time() == datetime.min.time():
            tot += timedelta(days=1)
        _rehearse_log(oefening, config, standaard, (vanaf, tot))
    uitkomst = oefening.uitkomst
    if als_json:
        typer.echo(json.dumps(_as_json(uitkomst), indent=2))
    else:
        _print(uitkomst)
    if uitkomst.afgekeurd:
        raise typer.Exit(AFGEKEURD)
    raise typer.Exit(NIET_TE_OEFENEN if uitkomst.onleesbaar.aantal or not uitkomst.bekeken else NIETS)


def _objection(naar: str | None, standaard: str | None, *, bestanden: bool, periode: bool) -> str | None:
    catalogus = in_gebruik()
    standaarden = dict.fromkeys(soort.standaard for soort in catalogus)
    if naar is not None and naar not in catalogus.releases:
        return f"Release {safe(naar)} is onbekend; bekend: {', '.join(catalogus.releases)}."
    if standaard is not None and standaard not in standaarden:
        return f"Standaard {safe(standaard)} is onbekend; bekend: {', '.join(standaarden)}."
    if bestanden and periode:
        return "--vanaf en --tot gaan over de berichten in het knooppunt, niet over bestanden."
    return None


def _rehearse_log(
    oefening: Oefening, config: Path, standaard: str | None, periode: tuple[datetime | None, datetime | None]
) -> None:
    configuratie = load(config)
    try:
        kluis = Kluis(configuratie.sleutels.map)
    except KluisFout as fout:
        raise ConfiguratieFout(str(fout)) from None
    vanaf, tot = (moment and moment.replace(tzinfo=NEDERLAND) for moment in periode)
    with connect(configuratie) as conn:
        for bericht in stored(conn, kluis, standaard, vanaf, tot):
            oefening.add(bericht.referentienummer, bericht.chunks, bericht.zender)


def _as_json(uitkomst: Uitkomst) -> dict[str, object]:
    onleesbaar = uitkomst.onleesbaar
    return {
        "naar": sorted(uitkomst.naar),
        "bekeken": uitkomst.bekeken,
        "goed": uitkomst.goed,
        "afgekeurd": uitkomst.afgekeurd,
        "al_fout": uitkomst.al_fout,
        "onleesbaar": {"aantal": onleesbaar.aantal, "voorbeelden": onleesbaar.voorbeelden},
        "overgeslagen": dict(uitkomst.overgeslagen),
        "zonder_regels": sorted(uitkomst.zonder_regels),
        "regels": [asdict(breuk) | asdict(telling) for breuk, telling in _worst_first(uitkomst)],
        "partijen": [
            {
                "partij": partij,
                "bekeken": telling.bekeken,
                "afgekeurd": telling.afgekeurd,
                "regels": [{**asdict(breuk), "aantal": aantal} for breuk, aantal in telling.breuken.most_common()],
            }
            for partij, telling in sorted(uitkomst.partijen.items())
        ],
    }


def _worst_first(uitkomst: Uitkomst) -> list[tuple[Breuk, Telling]]:
    return sorted(uitkomst.breuken.items(), key=lambda paar: (-paar[1].aantal, paar[0]))


def _print(uitkomst: Uitkomst) -> None:
    console = make_console()
    if uitkomst.breuken:
        tabel = Table(title="Wat wordt afgekeurd", title_justify="left", title_style="bold")
        for kop in ("Bericht", "Regel", "Plaats en melding"):
            tabel.add_column(kop, overflow="fold")
        tabel.add_column("Berichten", justify="right")
        tabel.add_column("Bijvoorbeeld", overflow="fold")
        for breuk, telling in _worst_first(uitkomst):
            voorbeelden = Text(safe(", ".join(telling.voorbeelden)))
            plaats = Text(safe(breuk.plaats) + "\n" + safe(telling.melding))
            tabel.add_row(breuk.berichtsoort, breuk.code, plaats, str(telling.aantal), voorbeelden)
        console.print(tabel)
        console.print(_parties(uitkomst))
    for regel in _remarks(uitkomst):
        typer.echo(regel)


def _parties(uitkomst: Uitkomst) -> Table:
    tabel = Table(title="Van wie", title_justify="left", title_style="bold")
    tabel.add_column("Zender")
    for kop in ("Bekeken", "Afgekeurd"):
        tabel.add_column(kop, justify="right")
    tabel.add_column("Op", overflow="fold")
    for partij, telling in sorted(uitkomst.partijen.items(), key=lambda paar: (-paar[1].afgekeurd, paar[0])):
        op = ", ".join(
            f"{breuk.berichtsoort} {breuk.code} {aantal}×" for breuk, aantal in telling.breuken.most_common()
        )
        tabel.add_row(Text(safe(partij)), str(telling.bekeken), str(telling.afgekeurd), op)
    return tabel


def _remarks(uitkomst: Uitkomst) -> Iterator[str]:
    if uitkomst.bekeken:
        naar = ", ".join(sorted(uitkomst.naar))
        yield f"{uitkomst.bekeken} berichten bekeken als {naar}: {uitkomst.goed} goed, {uitkomst.afgekeurd} afgekeurd."
    else:
        yield "Geen bericht om mee te oefenen."
    if uitkomst.al_fout:
        yield f"{uitkomst.al_fout} berichten zijn nu al fout, en dan niet anders."
    if (onleesbaar := uitkomst.onleesbaar).aantal:
        namen = safe(", ".join(onleesbaar.voorbeelden))
        yield f"{onleesbaar.aantal} niet te lezen of geen bekend bericht, zoals {namen}."
    for reden, aantal in sorted(uitkomst.overgeslagen.items()):
        yield f"{aantal} overgeslagen: {reden}."
    for release in sorted(uitkomst.zonder_regels):
        yield f"Van {release} zijn geen regels van niveau 2 bekend: alleen het schema is getoetst."
