"""How track & trace looks in a terminal: rich tables and lines in Dutch, used by the CLI and by the demo."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from knooppunt.bewaarinzicht import Bewaring
from knooppunt.inzicht import Aflevering, Bericht, Dossier, Gebeurtenis, Uitleg

_AMSTERDAM = ZoneInfo("Europe/Amsterdam")
_BREED = 150
_BREEDSTE_CODE = 24
"""Columns for a functie or code: whoever sends a longer one may not push the other columns out of sight."""
_KLEUR = {
    "Bezorgd": "green",
    "Afgekeurd": "red",
    "Bezorging afgebroken": "red",
    "Vervallen": "red",
    "Aanbieden mislukt": "yellow",
}
_TEKEN = {"ok": ("✓", "green"), "fout": ("✗", "bold red"), "let op": ("!", "yellow")}


def make_console(*, stderr: bool = False) -> Console:
    """Return a console as wide as the terminal, or wide enough for every table when the output goes to a file."""
    console = Console(stderr=stderr)
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(stderr=stderr, width=_BREED)


def local(moment: datetime) -> str:
    """Write a moment as Dutch local time, to the second."""
    return moment.astimezone(_AMSTERDAM).strftime("%d-%m-%Y %H:%M:%S")


def safe(tekst: str) -> str:
    """Return a text without characters that a terminal would act on; codes and functies come from whoever sent them."""
    return "".join(teken if teken.isprintable() else "\N{REPLACEMENT CHARACTER}" for teken in tekst)


def kind(bericht: Bericht) -> str:
    """Return what users call this bericht: its functie, or Fo01."""
    return safe(bericht.functie or bericht.berichtcode)


def status_text(status: str) -> Text:
    """Return a status in its colour."""
    return Text(status, style=_KLEUR.get(status, ""))


def berichten_table(berichten: Iterable[Bericht], titel: str | None = None, *, klok: bool = False) -> Table:
    """Return one line per bericht; with `klok` only the time of day."""
    tabel = Table(title=titel, title_justify="left", title_style="bold")
    for kop, breedte in (("Ontvangen", 8 if klok else 19), ("Bericht", 7), ("Van", 8), ("Naar", 8)):
        tabel.add_column(kop, no_wrap=True, overflow="ellipsis", min_width=breedte, max_width=_BREEDSTE_CODE)
    # in a narrow terminal this one gives way: its beginning is enough for every command
    tabel.add_column("Referentienummer", overflow="ellipsis", min_width=8)
    tabel.add_column("Status", min_width=10)
    for b in berichten:
        status = status_text(b.status)
        if b.fout_code:
            status.append(f" ({b.fout_code})")
        moment = local(b.ontvangen_op)
        wie_wat = (Text(safe(tekst)) for tekst in (kind(b), b.zender, b.ontvanger, b.referentienummer))
        tabel.add_row(moment[11:] if klok else moment, *wie_wat, status)
    return tabel


def dossier_view(dossier: Dossier, bewaring: Bewaring) -> RenderableType:
    """Return everything known of one bericht: its fields, its history, its deliveries and its conversation."""
    delen: list[RenderableType] = [_fields(dossier.bericht, bewaring), Text(), _events(dossier.gebeurtenissen)]
    if dossier.afleveringen:
        delen += [Text(), _deliveries(dossier.afleveringen)]
    if len(dossier.gesprek) > 1:
        delen += [Text(), berichten_table(dossier.gesprek, "Gesprek")]
    return Group(*delen)


def uitleg_view(bericht: Bericht, uitleg: Uitleg) -> RenderableType:
    """Return the routing decision step by step, and the fault when there is one."""
    kop = Text.assemble(
        (kind(bericht), "bold"),
        safe(f" van {bericht.zender} aan {bericht.ontvanger}: "),
        status_text(bericht.status),
    )
    delen: list[RenderableType] = [kop]
    if not uitleg.stappen:
        delen.append(Text("Van dit bericht is geen routebeslissing bewaard.", style="dim"))
    else:
        tabel = Table.grid(padding=(0, 1))
        for stap in uitleg.stappen:
            teken, stijl = _TEKEN.get(stap.uitkomst, ("·", ""))
            tabel.add_row(Text(f"  {teken}", style=stijl), stap.naam, Text(safe(stap.uitleg)))
        delen.append(tabel)
    if bericht.fout_code:
        delen.append(
            Text(
                f"  Fout {bericht.fout_code} (gemeld door {bericht.fout_melder}): {bericht.fout_omschrijving}",
                style="red",
            )
        )
    elif uitleg.besluit:
        delen.append(Text(f"  Besluit: {uitleg.besluit}"))
    return Group(*delen)


def _fields(bericht: Bericht, bewaring: Bewaring) -> Table:
    tabel = Table.grid(padding=(0, 2))
    tabel.add_column(style="dim")
    regels: list[tuple[str, RenderableType | None]] = [
        ("Bericht", f"{kind(bericht)} ({bericht.berichtcode}, kanaal {bericht.kanaal})"),
        ("Van, naar", f"{bericht.zender} → {bericht.ontvanger}"),
        ("Referentienummer", bericht.referentienummer),
        ("Antwoord op", bericht.cross_ref),
        ("Status", Text.assemble(status_text(bericht.status), f" sinds {local(bericht.status_op)}")),
        ("Ontvangen", local(bericht.ontvangen_op)),
        ("Inhoud", f"{bericht.grootte} bytes, SHA-256 {bericht.digest}"),
        ("Bewaard", _kept(bewaring)),
        (
            "Fout",
            f"{bericht.fout_code} ({bericht.fout_melder}): {bericht.fout_omschrijving}" if bericht.fout_code else None,
        ),
        ("Let op", None if bericht.geldend else "een latere poging met dit referentienummer verving dit bericht"),
    ]
    for naam, waarde in regels:
        if waarde is not None:
            tabel.add_row(naam, Text(safe(waarde)) if isinstance(waarde, str) else waarde)
    return tabel


def _kept(bewaring: Bewaring) -> str:
    gegevens = f"gegevens tot {local(bewaring.gegevens_tot)}" if bewaring.gegevens_tot else ""
    if not bewaring.inhoud_aanwezig:
        return f"de inhoud is verwijderd{'; ' if gegevens else ''}{gegevens}"
    if bewaring.inhoud_tot is None:
        return "alles, totdat het bericht is bezorgd"
    return f"inhoud tot {local(bewaring.inhoud_tot)}; {gegevens}"


def _events(gebeurtenissen: Iterable[Gebeurtenis]) -> Table:
    tabel = Table(title="Gebeurtenissen", title_justify="left", title_style="bold")
    tabel.add_column("Moment", no_wrap=True)
    tabel.add_column("Wat", no_wrap=True)
    tabel.add_column("Status")
    tabel.add_column("Toelichting")
    for g in gebeurtenissen:
        tabel.add_row(local(g.moment), g.soort, status_text(g.status or ""), Text(safe(event_text(g))))
    return tabel


def event_text(gebeurtenis: Gebeurtenis) -> str:
    """Return the explanation of a gebeurtenis on one line."""
    if gebeurtenis.soort == "route":
        feiten = gebeurtenis.toelichting
        return f"{len(feiten.get('stappen', ()))} stappen, besluit: {feiten.get('besluit', '')}"
    zin = str(gebeurtenis.toelichting.get("toelichting", ""))
    rest = _flat({naam: waarde for naam, waarde in gebeurtenis.toelichting.items() if naam != "toelichting"})
    return f"{zin} ({rest})" if zin and rest else zin or rest


def _flat(toelichting: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{naam.replace('_', ' ')} {waarde}" for naam, waarde in toelichting.items() if waarde not in (None, "", [], {})
    )


def _deliveries(afleveringen: Iterable[Aflevering]) -> Table:
    tabel = Table(title="Aflevering", title_justify="left", title_style="bold")
    for kop in ("Aan", "Pogingen", "Gereed", "Uiterlijk"):
        tabel.add_column(kop, no_wrap=True)
    for a in afleveringen:
        open_ = "staat open" if a.quarantaine_op is None else f"in quarantaine sinds {local(a.quarantaine_op)}"
        gereed = open_ if a.gereed_op is None else local(a.gereed_op)
        tabel.add_row(a.lane, str(a.pogingen), gereed, local(a.verloopt_op))
    return tabel
