"""What the demo prints: track & trace per case, the explanation of every rejection, and the verdict."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text
from sqlalchemy import Connection

from knooppunt import inzicht
from knooppunt.beeld import berichten_table, local, safe, status_text, uitleg_view
from knooppunt.demo.controle import Controle
from knooppunt.demo.tafereel import Tafereel
from knooppunt.demo.tegenslag import Afwijzing
from knooppunt.demo.verhaal import Verloop
from knooppunt.simulatie.grootboek import Boeking

_TEKENS = {True: ("✓ ", "green"), False: ("✗ ", "bold red"), None: ("  ", "")}


def print_case(console: Console, conn: Connection, verloop: Verloop) -> None:
    """Print the track & trace of one case, as the hub knows it."""
    console.print(Rule(verloop.titel, align="left"))
    console.print(berichten_table([_find(conn, boeking) for boeking in verloop.boekingen], klok=True))


def print_history(console: Console, conn: Connection, boeking: Boeking) -> None:
    """Print how the delivery of one bericht went, attempt by attempt."""
    tabel = Table.grid(padding=(0, 2))
    for g in inzicht.events(conn, _find(conn, boeking).id):
        if g.soort != "route":
            uitleg = str(g.toelichting.get("toelichting", ""))
            tabel.add_row(f"  {local(g.moment)[11:]}", g.soort, status_text(g.status or ""), Text(uitleg, style="dim"))
    console.print(tabel)


def print_rejection(console: Console, conn: Connection, afwijzing: Afwijzing) -> None:
    """Print why a bericht was rejected: the hub's own explanation, then what the zender reads in his Fo01."""
    console.print(Rule(afwijzing.titel, align="left"))
    bericht = _find(conn, afwijzing.heen)
    console.print(uitleg_view(bericht, inzicht.explain(inzicht.events(conn, bericht.id))))
    if afwijzing.fo01 is not None:
        console.print(Padding(Text(safe(f"De zender leest in zijn Fo01: {afwijzing.toelichting}")), (0, 0, 0, 2)))
    for bevinding in afwijzing.bevindingen:
        console.print(Padding(Text(safe(f"• {bevinding}"), style="yellow"), (0, 0, 0, 4)))


def print_scene(console: Console, conn: Connection, tafereel: Tafereel) -> None:
    """Print what happened in an act, and the berichten that travelled in it."""
    console.print(Rule(tafereel.titel, align="left"))
    for regel in tafereel.regels:
        teken, stijl = _TEKENS[regel.goed]
        inspringing = 2 + 4 * regel.diepte
        tekst = Text.assemble((teken, stijl), safe(regel.tekst)) if not regel.diepte else Text(safe(f"• {regel.tekst}"))
        console.print(Padding(tekst, (0, 0, 0, inspringing)))
    if tafereel.boekingen:
        console.print(berichten_table([_find(conn, boeking) for boeking in tafereel.boekingen], klok=True))


def print_verdict(console: Console, controles: Sequence[Controle], seconden: float) -> None:
    """Print the checks that failed, and one line that says whether all went well."""
    console.print(Rule(align="left"))
    mislukt = [controle for controle in controles if not controle.goed]
    for controle in mislukt:
        console.print(Text(f"✗ {controle}", style="red"))
    if mislukt:
        tekst = f"OORDEEL: NIET GOED, {len(mislukt)} van {len(controles)} controles mislukt ({seconden:.1f} s)"
        console.print(Text(tekst, style="bold red"))
    else:
        tekst = f"OORDEEL: GOED, alle {len(controles)} controles geslaagd ({seconden:.1f} s)"
        console.print(Text(tekst, style="bold green"))


def print_commands(console: Console, opdrachten: Iterable[str]) -> None:
    """Print what can be tried while the demo stays open."""
    console.print("\nHet knooppunt en alle anderen blijven draaien. Probeer in een andere terminal:\n")
    for opdracht in opdrachten:
        console.print(Text(f"  {opdracht}"), soft_wrap=True)
    console.print("\nStoppen: Ctrl-C.")


def _find(conn: Connection, boeking: Boeking) -> inzicht.Bericht:
    return inzicht.find(conn, boeking.referentienummer, boeking.envelop.stuurgegevens.zender.organisatie)
