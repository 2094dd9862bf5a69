"""A BSN is typed or piped in, never an argument: every user of the machine sees those, and a shell keeps them."""

from __future__ import annotations

import sys

import typer

from routing.bsn import GEEN_BSN, is_bsn


def read_bsn() -> str:
    """Ask for a BSN without showing it, or read the first line of standard input.

    Raises:
        typer.Exit: it is no BSN; code 2, and standard error says so.
    """
    bsn = str(typer.prompt("BSN", hide_input=True)) if sys.stdin.isatty() else sys.stdin.readline(64)
    if not is_bsn(bsn.strip()):
        typer.echo(f"De invoer {GEEN_BSN}.", err=True)
        raise typer.Exit(2)
    return bsn.strip()
