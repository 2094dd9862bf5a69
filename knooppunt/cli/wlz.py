"""`knooppunt wlz`: the registertoets, the list of clients of a gemeente, and its signals."""

from __future__ import annotations

import asyncio
import getpass
import sys
import uuid
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final, NoReturn, TypeVar

import structlog
import typer
from rich.table import Table
from rich.text import Text

from knooppunt.beeld import local, make_console, safe
from knooppunt.beheertaken import make_boek
from knooppunt.cli.bericht import print_json
from knooppunt.cli.bsninvoer import read_bsn
from knooppunt.configuratie import Configuratie, ConfiguratieFout
from knooppunt.configuratiebestand import load
from knooppunt.databank import read_engine, write
from knooppunt.melden import lookup_limits
from knooppunt.wlz.aansluiting import open_register
from knooppunt.wlz.clientbestand import GRENS, Bestandsfout, read_clients
from knooppunt.wlz.toetsing import DIENST, Toetsantwoord, Toetsing
from routing.databank import OpslagFout
from routing.dienst import Wet
from routing.kluis import Kluis, KluisFout
from routing.opslag import Opslag
from routing.opvraaggrens import Geblokkeerd, TeVeel
from routing.opvraging import AndereVraag, Bezig, Opvraging, Opvragingen
from routing.register import RegisterBron
from routing.toestemming import Aanleiding, Aanvrager, GeenToestemming, Weg, Weigergrond
from routing.verwerkingen import Betrokkenen
from routing.wlz.clientenlijst import Bewerking, Clientenlijst, Lijstfout
from routing.wlz.oordeel import Status
from routing.wlz.register import RegisterFout
from routing.wlz.signalering import Signaal, accept_shrink
from routing.wlz.vergelijking import DIENST as SIGNALEN
from routing.wlz.volgen import Volgen

wlz = typer.Typer(no_args_is_help=True, help="Wlz: de registertoets, en signalen over cliënten die u volgt.")

GEWEIGERD, ONBRUIKBAAR, NIET_TE_ZEGGEN = 1, 2, 3
_T = TypeVar("_T")
_STANDAARD: Final = Path("knooppunt.toml")
_UITLEG = {
    Status.JA: "er is een indicatie voor de Wlz",
    Status.NEE: "er is geen indicatie voor de Wlz, of zij is voorbij",
    Status.ONBEKEND: "er is een indicatie, met een zorgprofiel waarbij hulp uit de Wmo nog mogelijk is",
}

Config = Annotated[Path, typer.Option(help="Configuratiebestand van het knooppunt.")]
Partij = Annotated[str, typer.Option(help="Gemeente in wier naam u dit doet.")]
Zaak = Annotated[str, typer.Option(help="Kenmerk van de zaak waarvoor u dit doet; zonder BSN.")]
AlsJson = Annotated[bool, typer.Option("--json", help="Schrijf JSON, voor een programma.")]


@dataclass(frozen=True, slots=True)
class _Omgeving:
    configuratie: Configuratie
    opslag: Opslag
    kluis: Kluis
    register_bron: RegisterBron

    @property
    def volgen(self) -> Volgen:
        """What changes lists and reads signals."""
        return Volgen(self.opslag, Clientenlijst(self.kluis), Betrokkenen(self.kluis), self.register_bron)


@wlz.command()
def toets(
    *,
    partij: Partij,
    doel: Annotated[str, typer.Option(help="Doel van de vraag: aanvraag of heronderzoek.")],
    zaak: Zaak,
    reden: Annotated[str, typer.Option(help="Waarom u twijfelt, in eigen woorden; verplicht, zonder BSN.")],
    wet: Annotated[Wet, typer.Option(help="Wet waarvoor u het vraagt; alleen wmo laat het toe.")] = Wet.WMO,
    config: Config = _STANDAARD,
    als_json: AlsJson = False,
) -> None:
    """Vraag het register van het CIZ of iemand een indicatie voor de Wlz heeft: JA, NEE of ONBEKEND.

    Het BSN wordt gevraagd, of gelezen van de invoer. Eindigt met 0 als het register antwoordde, met 1 als de vraag niet
    mag, met 2 als zij niet klopt en met 3 als het register het niet kan zeggen; dat is geen NEE.
    """
    bsn = read_bsn()
    aanleiding = Aanleiding(DIENST, wet, doel, zaak, reden)
    vraag = Opvraging(_who(partij), aanleiding, bsn, str(uuid.uuid4()), b"")

    async def ask(omgeving: _Omgeving) -> bytes:
        register = open_register(omgeving.configuratie.wlz)
        toetsing = Toetsing(register, omgeving.configuratie.wlz.profielen_wmo)
        opvragingen = Opvragingen(
            omgeving.opslag,
            omgeving.kluis,
            omgeving.register_bron,
            make_boek(omgeving.configuratie),
            lookup_limits(omgeving.configuratie),
        )
        try:
            return await opvragingen.ask(vraag, lambda: toetsing.search(bsn, vraag.vraag_id))
        finally:
            if register is not None:
                await register.close()

    with _explained():
        antwoord = Toetsantwoord.model_validate_json(_run(config, ask))
    if als_json:
        print_json(antwoord.model_dump(mode="json", by_alias=True))
        return
    typer.echo(f"{antwoord.status}: {_UITLEG[antwoord.status]}.")
    for naam, dag in (
        ("Afgegeven", antwoord.afgiftedatum),
        ("Ingegaan", antwoord.ingangsdatum),
        ("Tot en met", antwoord.einddatum),
    ):
        if dag is not None:
            typer.echo(f"  {naam}: {dag:%d-%m-%Y}")
    typer.echo(f"  Stand van het register: {local(antwoord.registermoment)}")


@wlz.command()
def clienten(
    bewerking: Annotated[Bewerking, typer.Argument(help="toevoegen, verwijderen of vervangen.")],
    bestand: Annotated[
        Path, typer.Argument(metavar="BESTAND", help="CSV of JSON met referentie en bsn; - is de invoer.")
    ],
    *,
    partij: Partij,
    zaak: Zaak,
    doel: Annotated[str, typer.Option(help="Doel van de verwerking.")] = "afstemming",
    config: Config = _STANDAARD,
) -> None:
    """Volg cliënten van de Wmo, of houd daarmee op; van wie verdwijnt blijft niets bewaard.

    Eén rij die niet klopt houdt het hele bestand tegen; dan verandert er niets.
    """
    try:
        opgaven = read_clients(_read(bestand))
    except Bestandsfout as fout:
        _stop(fout.fouten, ONBRUIKBAAR)
    aanleiding = Aanleiding(SIGNALEN, Wet.WMO, doel, zaak)
    with _explained():
        verschil = _run(config, lambda omgeving: omgeving.volgen.change(_who(partij), aanleiding, bewerking, opgaven))
    typer.echo(f"Toegevoegd: {len(verschil.erbij)}. Verwijderd: {len(verschil.eraf)}. Ongewijzigd: {verschil.gelijk}.")


@wlz.command()
def signalen(
    *,
    partij: Partij,
    zaak: Zaak,
    doel: Annotated[str, typer.Option(help="Doel van de verwerking.")] = "afstemming",
    na: Annotated[int, typer.Option(min=0, help="Alleen signalen na dit volgnummer.")] = 0,
    aantal: Annotated[int, typer.Option(min=1, max=10_000, help="Hoogstens zoveel, oudste eerst.")] = 500,
    config: Config = _STANDAARD,
    als_json: AlsJson = False,
) -> None:
    """Toon van welke gevolgde cliënten een indicatie voor de Wlz begon of eindigde."""
    aanleiding = Aanleiding(SIGNALEN, Wet.WMO, doel, zaak)
    with _explained():
        gevonden = _run(config, lambda omgeving: omgeving.volgen.signals(_who(partij), aanleiding, na, aantal))
    if als_json:
        print_json([_as_json(signaal) for signaal in gevonden])
    elif gevonden:
        make_console().print(_table(gevonden))
    else:
        typer.echo("Er zijn geen signalen.")


@wlz.command()
def aanvaard(config: Config = _STANDAARD) -> None:
    """Aanvaard dat het Wlz-register de helft kwijt is, nadat het knooppunt dat weigerde te geloven.

    De volgende ronde wordt vergeleken met het aantal indicaties van de geweigerde; is er dan weer de helft weg, dan
    wordt zij opnieuw geweigerd. Eindigt met 1 als er geen ronde geweigerd is.
    """
    configuratie = load(config)
    aantal = write(configuratie, accept_shrink, make_boek(configuratie), getpass.getuser())
    if aantal is None:
        _stop(["Er is geen ronde geweigerd omdat het register de helft kwijt was."], GEWEIGERD)
    typer.echo(f"Aanvaard: {aantal} indicaties. Binnen een kwartier leest het knooppunt het register opnieuw.")


def _who(partij: str) -> Aanvrager:
    return Aanvrager(partij, f"gebruiker:{getpass.getuser()}", Weg.CLI)


def _run(config: Path, doe: Callable[[_Omgeving], Awaitable[_T]]) -> _T:
    """Do something with the database of the hub, beside a hub that may be running."""
    configuratie = load(config)
    read_engine(configuratie).dispose()  # says when the database is absent; opening it to write would make one

    async def perform() -> _T:
        opslag = Opslag(configuratie.database.full_url(), exclusief=False)
        try:
            register_bron = RegisterBron()
            await register_bron.refresh(opslag)
            return await doe(_Omgeving(configuratie, opslag, Kluis(configuratie.sleutels.map), register_bron))
        finally:
            await opslag.close()

    try:
        with _to_stderr():
            return asyncio.run(perform())
    except (OpslagFout, KluisFout) as fout:
        raise ConfiguratieFout(str(fout)) from None


@contextmanager
def _to_stderr() -> Iterator[None]:
    """Keep what the hub logs off standard output, which a program reads."""
    eerder = structlog.get_config()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        yield
    finally:
        structlog.configure(**eerder)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except GeenToestemming as fout:
        _stop([str(fout)], ONBRUIKBAAR if fout.grond is Weigergrond.REDEN else GEWEIGERD)
    except (TeVeel, Geblokkeerd, Bezig, AndereVraag) as fout:
        _stop([str(fout) or "Deze vraag wordt op dit moment beantwoord."], GEWEIGERD)
    except Lijstfout as fout:
        _stop([f"rij {nummer}: {zin}." for nummer, zin in fout.fouten], ONBRUIKBAAR)
    except RegisterFout as fout:
        _stop([str(fout), "Dat is geen NEE; stel de vraag later opnieuw."], NIET_TE_ZEGGEN)


def _stop(zinnen: Iterable[str], code: int) -> NoReturn:
    for zin in zinnen:
        typer.echo(safe(zin), err=True)
    raise typer.Exit(code)


def _read(bestand: Path) -> bytes:
    try:
        if str(bestand) == "-":
            return sys.stdin.buffer.read(GRENS + 1)
        with bestand.open("rb") as stroom:
            return stroom.read(GRENS + 1)
    except OSError as fout:
        raise Bestandsfout(f"{bestand} is niet te lezen ({fout.strerror}).") from None


def _as_json(signaal: Signaal) -> dict[str, object]:
    return {
        "volgnummer": signaal.volgnummer,
        "soort": signaal.soort,
        "referentie": signaal.referentie,
        "indicatie": signaal.indicatie,
        "ingangsdatum": signaal.ingangsdatum,
        "einddatum": signaal.einddatum,
        "gemaaktOp": _moment(signaal).isoformat(),
    }


def _moment(signaal: Signaal) -> datetime:
    return datetime.fromtimestamp(signaal.gemaakt_op / 1000, UTC)


def _table(gevonden: list[Signaal]) -> Table:
    tabel = Table()
    for kop in ("Nr", "Wanneer", "Signaal", "Referentie", "Vanaf", "Tot en met"):
        tabel.add_column(kop, overflow="fold")
    for s in gevonden:
        cellen = (str(s.volgnummer), local(_moment(s)), s.soort, s.referentie, s.ingangsdatum or "", s.einddatum or "")
        tabel.add_row(*(Text(safe(cel)) for cel in cellen))
    return tabel


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(wlz, name="wlz")
