"""What is wrong with JSON that a client sent, per field and in Dutch."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pydantic import ValidationError
from pydantic_core import ErrorDetails

Fouten = Mapping[str, list[str]]
"""Dutch sentences per field; a field is written as ``routeringgegevens.geadresseerden[0].code``."""

_TEKSTEN: Mapping[str, str] = MappingProxyType(
    {
        "missing": "Dit veld is verplicht.",
        "extra_forbidden": "Dit veld is hier niet bekend.",
        "string_type": "Hier hoort tekst te staan.",
        "int_type": "Hier hoort een geheel getal te staan.",
        "int_parsing_size": "Dit getal is te groot.",
        "tuple_type": "Hier hoort een lijst te staan.",
        "model_type": "Hier hoort een object te staan.",
        "model_attributes_type": "Hier hoort een object te staan.",
        "string_too_short": "De tekst is te kort: minstens {min_length} teken(s).",
        "string_too_long": "De tekst is te lang: hoogstens {max_length} tekens.",
        "too_short": "De lijst is te kort: minstens {min_length}.",
        "too_long": "De lijst is te lang: hoogstens {max_length}.",
        "greater_than_equal": "Het getal is te klein: minstens {ge}.",
        "less_than_equal": "Het getal is te groot: hoogstens {le}.",
        "json_invalid": "Dit is geen geldige JSON.",
        "union_tag_invalid": "Onbekend zoekpadType; kies uit {expected_tags}.",
        "union_tag_not_found": "Het veld zoekpadType is verplicht.",
    }
)
_EIGEN = frozenset({"uuid_vorm", "stuurteken"})
_WORTEL = "$"


def explain(fout: ValidationError, wortel: str = _WORTEL) -> dict[str, list[str]]:
    """Say what is wrong with each field; values are never repeated, since they may be personal data.

    Args:
        fout: what pydantic found.
        wortel: name for the whole document, used when no field can be pointed at.
    """
    uitleg: dict[str, list[str]] = {}
    for regel in fout.errors(include_url=False, include_input=False):
        uitleg.setdefault(_place(regel["loc"], wortel), []).append(_sentence(regel))
    return uitleg


def _sentence(regel: ErrorDetails) -> str:
    if regel["type"] in _EIGEN:
        return regel["msg"]
    tekst = _TEKSTEN.get(regel["type"], "Deze waarde is niet toegestaan.")
    return tekst.format_map(regel.get("ctx", {}))


def _place(loc: tuple[int | str, ...], wortel: str) -> str:
    plek = ""
    for deel in loc:
        if isinstance(deel, int):
            plek += f"[{deel}]"
        elif not deel.startswith("Zoekpad"):  # the chosen variant is not a field
            plek += f".{deel}" if plek else deel
    return plek[:200] or wortel
