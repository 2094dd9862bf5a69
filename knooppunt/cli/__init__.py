"""The one entry point, `knooppunt`: every command group stands in a module of its own beside this file."""

from __future__ import annotations

import typer

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="Knooppunt: berichtenknooppunt voor het sociaal domein."
)


def main() -> None:
    """Run the command line."""
    app()
