"""Says in Dutch what is wrong with a command line: Typer says it in English, and cannot be told otherwise."""

from __future__ import annotations

import re

from typer.exceptions import TyperException

_ZINNEN = (
    (r"Missing argument '?(.+?)'?\.", r"{0} ontbreekt."),
    (r"Missing option '?(.+?)'?\.", r"De optie {0} ontbreekt."),
    (r"Missing command\.", "Er ontbreekt een opdracht."),
    (r"No such command '(.*?)'\.(?: Did you mean (.+)\?)?", "De opdracht {0} bestaat niet.|Bedoelt u {1}?"),
    (r"No such option: (.+?)(?: \(Possible options: (.+)\))?", "De optie {0} bestaat niet.|Bedoelt u {1}?"),
    (r"Option '(.+)' requires an argument\.", "Achter de optie {0} hoort een waarde."),
    (r"Option '(.+)' does not take a value\.", "Achter de optie {0} hoort geen waarde."),
    (r"Got unexpected extra argument(?:s|\(s\))? \((.+)\)", "Te veel op de regel: {0}."),
    (r"Invalid value for (.+?): Input should be greater than or equal to (.+)", "{0} moet ten minste {1} zijn."),
    (r"Invalid value for (.+?): Input should be less than or equal to (.+)", "{0} mag ten hoogste {1} zijn."),
    (r"Invalid value for (.+?): Input should be a valid integer.*", "{0} moet een geheel getal zijn."),
    (r"Invalid value for (.+?): Input should be a valid number.*", "{0} moet een getal zijn."),
    (
        r"Invalid value for (.+?): .+ does not match (?:any of )?the formats? (.+)\.",
        "{0} moet een datum of tijdstip zijn: JJJJ-MM-DD, of JJJJ-MM-DDTUU:MM.",
    ),
    (r"Invalid value for (.+?): .+ is not one of (.+)\.", "{0} moet een van deze zijn: {1}."),
    (r"Invalid value for (.+?): .*", "De waarde van {0} kan niet."),
)


def explain(fout: TyperException) -> str:
    """Give the fault in one or two Dutch sentences, with the command that tells how it should be."""
    melding = _translate(" ".join(fout.format_message().split()))
    ctx = getattr(fout, "ctx", None)
    waar = ctx.command_path if ctx is not None else "knooppunt"
    return f"{melding}\nZie {waar} --help."


def _translate(melding: str) -> str:
    for vorm, zin in _ZINNEN:
        gevonden = re.fullmatch(vorm, melding)
        if gevonden:
            woorden = [woord and woord.replace("'", "") for woord in gevonden.groups()]
            delen = [deel for nummer, deel in enumerate(zin.split("|")) if nummer == 0 or woorden[nummer]]
            return " ".join(delen).format(*woorden)
    return melding
