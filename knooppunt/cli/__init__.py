"""The one entry point, `knooppunt`: every command stands in a module beside this file, which is read when it is used.

A module adds its commands to an app with ``register(app)``. Reading all of them takes seconds, since some are a whole
hub; so this file knows no more of a command than its name, its modules and the line that `knooppunt --help` shows.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

OPDRACHTEN = {
    "serve": ("Start het knooppunt; SIGTERM of Ctrl-C stopt het nadat lopende verzoeken klaar zijn.", "serve"),
    "stuur": ("Stuur één bestand als StUF-bericht naar een knooppunt en vertel wat het antwoord was.", "stuur"),
    "valideer": (
        "Controleer berichten tegen hun schema en de regels van de standaard, en leg elke fout uit.",
        "valideer",
    ),
    "retour": ("Maak het retourbericht van een heenbericht, compleet en klaar om te versturen.", "retour"),
    "demo": (
        "Speel zorgverhalen, tegenslagen, opvragingen, pgb en VECOZO door een echt knooppunt, en controleer alles.",
        "demo",
    ),
    "db": ("De tabellen van de database.", "db"),
    "sleutel": ("Sleutels waarmee de inhoud van berichten versleuteld is.", "sleutel"),
    "pki": ("Certificaten om mee te proberen.", "pki"),
    "partij": ("Partijen en hun aansluitingen.", "partij"),
    "machtiging": ("Wie welke berichten mag verzenden en ontvangen, en wat mag bevragen.", "partij"),
    "bericht": ("Berichten volgen, uitleg vragen en veilig opnieuw aanbieden.", "bericht"),
    "keten": ("Welke antwoorden nog ontbreken, en wat er in een zaak gebeurde.", "keten"),
    "lane": ("De rij van een ontvanger: tonen, pauzeren en hervatten.", "lane"),
    "quarantaine": ("Berichten waarbij het knooppunt herhaaldelijk stopte.", "quarantaine"),
    "incident": ("Wat er mis is, wat eraan te doen is, en wat er mis was.", "incident"),
    "herzending": ("Veel berichten opnieuw aanbieden: eerst kijken, dan starten.", "herzending"),
    "bewaar": ("Bewaartermijnen.", "bewaar"),
    "release": ("Wanneer welke release open is, en wat de volgende zou afkeuren.", "release"),
    "woonplaats": ("Woonplaatsbeginsel: welke gemeente is verantwoordelijk.", "woonplaats woonplaats_batch"),
    "verwerking": ("Het verwerkingenlogboek: wie iets over een persoon vroeg, en waarom.", "verwerking"),
    "pgb": ("Wie de pgb's van een gemeente uitbetaalt: de SVB of VWS.", "pgb"),
    "wlz": ("Wlz: de registertoets, en signalen over cliënten die u volgt.", "wlz"),
    "simuleer": (
        "Speel een partij na: ontvangt, toont en beantwoordt berichten.",
        "simuleer simuleer_brp simuleer_ciz",
    ),
    "standaard": (
        "De standaarden: welke berichten er zijn, en hun schema's.",
        "standaarden standaardpakket",
    ),
}
"""Per command its line of help, and the modules that register it."""


class _Opdrachten(TyperGroup):
    """Knows commands by their line of help, and reads the one that is used."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Give the command itself where the line of help stood in for it."""
        naam, _, rest = super().resolve_command(ctx, args)
        opdracht = None if naam is None else read_command(naam)
        gc.enable()
        return naam, opdracht, rest


app = typer.Typer(
    cls=_Opdrachten,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # locals may hold a payload or a key
    help="Knooppunt: berichtenknooppunt voor het sociaal domein.",
)


def read_command(naam: str) -> Any:
    """Read the modules of a command and give it as click knows it, a group with the commands in it."""
    groep = typer.Typer()
    for module in OPDRACHTEN[naam][1].split():
        importlib.import_module(f"knooppunt.cli.{module}").register(groep)
    return typer.main.get_group(groep).commands[naam]


def _stand_in() -> None:
    """Hold the place of a command in the list."""


for _naam, (_hulp, _) in OPDRACHTEN.items():
    app.command(_naam, help=_hulp)(_stand_in)


def main() -> None:
    """Run the command line.

    A fault in what was typed or in the configuration is one line per fault on standard error, and exit code 2.
    """
    gc.disable()  # until the command has been read: all that is made by then stays
    try:
        sys.exit(app(standalone_mode=False, prog_name="knooppunt"))
    except TyperException as fout:
        if fout.format_message():  # empty after the help that a command without arguments gives
            from knooppunt.cli.gebruiksfout import explain  # noqa: PLC0415 - most runs need no explanation

            print(explain(fout), file=sys.stderr)
        sys.exit(fout.exit_code)
    except typer.Abort:
        print("Afgebroken.", file=sys.stderr)
        sys.exit(1)
    except BrokenPipeError:  # who reads the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as fout:
        meldingen = _complaints(fout)
        if not meldingen:
            raise
        for melding in meldingen:
            print(melding, file=sys.stderr)
        sys.exit(2)


def _complaints(fout: Exception) -> list[str]:
    # read only now: what raised such a fault has read these modules already
    from istandaarden.standaardmap import Standaardfout  # noqa: PLC0415
    from knooppunt.configuratie import ConfiguratieFout  # noqa: PLC0415

    if isinstance(fout, ConfiguratieFout):
        return list(fout.meldingen)
    return [str(fout)] if isinstance(fout, Standaardfout) else []
