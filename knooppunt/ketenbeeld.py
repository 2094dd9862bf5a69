"""How the chain watch looks in a terminal: what is still missing, and the timeline of a case, in Dutch."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from knooppunt.beeld import kind, local, safe, status_text
from knooppunt.ketenzicht import Schakelpunt, Wacht


def waits_table(wachten: Iterable[Wacht]) -> Table:
    """Return one line per open term."""
    tabel = Table()
    for kop in ("Wacht sinds", "Uiterlijk", "Bericht", "Van", "Naar", "Referentienummer", "Wacht op", "Stand"):
        tabel.add_column(kop, no_wrap=kop != "Stand")
    for w in wachten:
        vast = (_day(w.vanaf), _day(w.uiterlijk), w.functie, w.zender, w.ontvanger, w.referentienummer)
        tabel.add_row(*(safe(tekst) for tekst in vast), f"{w.wat} ({w.regel})", _state(w))
    return tabel


def timeline_view(punten: Iterable[Schakelpunt]) -> RenderableType:
    """Return the berichten of a case in order, each with what was expected after it and what became of that."""
    delen: list[RenderableType] = []
    for punt in punten:
        b = punt.bericht
        delen.append(
            Text.assemble(
                (local(b.ontvangen_op), "dim"),
                "  ",
                (kind(b), "bold"),
                safe(f" van {b.zender} aan {b.ontvanger}: "),
                status_text(b.status),
                (safe(f"  {b.referentienummer}"), "dim"),
            )
        )
        delen += [_expected(w) for w in punt.wacht]
        delen += [Text(f"    {safe(zin)}", style="yellow") for zin in punt.opmerkingen]
    return Group(*delen)


def _expected(w: Wacht) -> Text:
    return Text(f"    {w.wat} uiterlijk {_day(w.uiterlijk)} ({w.termijn}, {w.regel}): ").append(_state(w))


def _state(w: Wacht) -> Text:
    dagen = f"{w.werkdagen_te_laat} werkdag{'' if w.werkdagen_te_laat == 1 else 'en'} te laat"
    if w.klaar_op is None:
        return Text(f"ontbreekt, {dagen}", style="red") if w.te_laat else Text("wacht")
    slot = f"{w.afloop} op {_day(w.klaar_op)}"
    return Text(f"{slot}, {dagen}", style="yellow") if w.te_laat else Text(slot, style="green")


def _day(dag: date) -> str:
    return dag.strftime("%d-%m-%Y")
