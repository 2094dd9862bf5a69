"""`knooppunt woonplaats batch`: a whole file of questions, answered beside a running hub."""

from __future__ import annotations

import asyncio
import getpass
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from knooppunt.beeld import make_console
from knooppunt.beheertaken import make_boek
from knooppunt.brp import open_brp
from knooppunt.cli.woonplaats import woonplaats
from knooppunt.configuratie import Configuratie, ConfiguratieFout
from knooppunt.configuratiebestand import load
from knooppunt.databank import perform
from knooppunt.melden import lookup_limits
from knooppunt.woonplaats.batchbestand import SOORTEN, Bestandsfout, Vormgever, digest, read, write
from routing.dienst import Wet
from routing.kluis import Kluis, KluisFout
from routing.opslag import Opslag
from routing.opvraaggrens import Geblokkeerd, TeVeel
from routing.register import RegisterBron
from routing.toestemming import Aanleiding, Aanvrager, GeenToestemming, Weg
from routing.woonplaats.batch import Batches, Onderbroken, Stand

KLAAR, NIET_KLAAR = 0, 1
_DIENST = "woonplaats-batch"


def batch(
    bestand: Annotated[Path, typer.Argument(help="CSV of JSON met vragen: bsn, peildatum en wat u weet.")],
    *,
    uit: Annotated[Path, typer.Option(help="Waar de antwoorden komen, .csv of .json.")],
    partij: Annotated[str, typer.Option(help="Namens welke gemeente.")],
    doel: Annotated[str, typer.Option(help="Waarvoor: overdracht of controle.")],
    zaak: Annotated[str, typer.Option(help="Kenmerk van de zaak.")],
    config: Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")] = Path("knooppunt.toml"),
) -> None:
    """Vraag voor een heel bestand welke gemeente verantwoordelijk is.

    Werd dit onderbroken, geef dan dezelfde opdracht nog eens: wat beantwoord is, wordt niet opnieuw gevraagd.
    Eindigt met 1 als niet alle regels zijn beantwoord.
    """
    for pad in (bestand, uit):
        if pad.suffix.lower() not in SOORTEN:
            typer.echo(f"{pad}: gebruik .csv of .json.", err=True)
            raise typer.Exit(2)
    configuratie = load(config)
    aanvrager = Aanvrager(partij, f"gebruiker:{getpass.getuser()}", Weg.CLI)
    aanleiding = Aanleiding(_DIENST, Wet.JEUGDWET, doel, zaak)
    try:
        stand, fout_aantal = perform(
            configuratie, lambda opslag: _run(opslag, configuratie, (aanvrager, aanleiding), bestand, uit)
        )
    except (GeenToestemming, Bestandsfout) as fout:
        typer.echo(str(fout), err=True)
        raise typer.Exit(2) from None
    except Onderbroken as fout:
        typer.echo(f"{fout}\nWat beantwoord is, is bewaard; geef dezelfde opdracht later nog eens.", err=True)
        raise typer.Exit(NIET_KLAAR) from None
    except (TeVeel, Geblokkeerd) as fout:
        typer.echo(f"{fout}\nWat beantwoord is, is bewaard.", err=True)
        raise typer.Exit(NIET_KLAAR) from None
    except KluisFout as fout:
        raise ConfiguratieFout(str(fout)) from None
    except OSError as fout:
        raise ConfiguratieFout(f"{uit} is niet te schrijven ({fout.strerror}).") from None
    typer.echo(
        f"{stand.regels} regels, {stand.vragen} verschillende vragen, {stand.onbruikbaar} onbruikbaar, "
        f"{fout_aantal - stand.onbruikbaar} zonder antwoord; zie {uit}."
    )
    raise typer.Exit(NIET_KLAAR if fout_aantal else KLAAR)


async def _run(
    opslag: Opslag, configuratie: Configuratie, wie_en_waarom: tuple[Aanvrager, Aanleiding], bestand: Path, uit: Path
) -> tuple[Stand, int]:
    register_bron = RegisterBron()
    await register_bron.refresh(opslag)
    kluis, boek = Kluis(configuratie.sleutels.map), make_boek(configuratie)
    batches = Batches(opslag, kluis, register_bron, Vormgever(), boek=boek, grenzen=lookup_limits(configuratie))
    werk = await batches.open(*wie_en_waarom, await asyncio.to_thread(digest, bestand))
    if not werk.gelezen:
        await batches.take_in(werk, read(bestand))
    bron = open_brp(configuratie.brp)
    kolommen = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*kolommen, console=make_console(stderr=True)) as voortgang:
            taak = voortgang.add_task("vragen", total=None)
            await batches.run(werk, bron, lambda s: voortgang.update(taak, total=s.vragen, completed=s.klaar))
    finally:
        if bron is not None:
            await bron.close()
    fout_aantal = await write(uit, batches.results(werk, wie_en_waarom[0]))
    return await batches.progress(werk), fout_aantal


def register(_app: typer.Typer) -> None:
    """Add the command to the group `woonplaats`."""
    woonplaats.command()(batch)
