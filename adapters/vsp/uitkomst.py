"""What the answer to a push means for the delivery."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from adapters.vsp.model import ValidationProblemDetails
from adapters.vsp.weigering import Onvertaalbaar
from routing.bericht import Foutinhoud
from routing.poorten import Uitkomst, Uitkomstsoort

_BLIJVEND = frozenset({400, 409, 413, 422})
_NIET_UNIEK = frozenset({"BRS114", "CC08", "IB016", "IB216", "StUF016"})
_AL_BEKEND = re.compile(
    r"traceer.{0,5}id\b.*\b(niet uniek|al (eerder )?(gebruikt|ontvangen|bekend)|bestaat al)", re.IGNORECASE | re.DOTALL
)
_MAX_CODE, _MAX_OMSCHRIJVING, _MAX_DETAILS = 7, 200, 1000
_STANDAARDCODE = "KNP002"
_MAX_TEKST = 4096


def misfit(fout: Onvertaalbaar) -> Uitkomst:
    """Say that a bericht cannot be written as VSP: no later attempt will change that."""
    zin = f"Het bericht past niet in een VSP-bericht: {', '.join(sorted(fout.fouten))}."
    inhoud = Foutinhoud(_STANDAARDCODE, "client", zin[:_MAX_OMSCHRIJVING])
    return Uitkomst(Uitkomstsoort.BLIJVEND, zin, fout=inhoud)


def judge(
    status: int, probleem: ValidationProblemDetails | None, poging: int, wachttijd: float | None = None
) -> Uitkomst:
    """Say what an answer other than 204 means.

    Args:
        status: HTTP status.
        probleem: the problem in the answer, if there was one.
        poging: number of this attempt, from 1.
        wachttijd: seconds the other side asked for.
    """
    if status in _BLIJVEND:
        if poging > 1 and probleem is not None and _says_known(probleem):
            return Uitkomst(Uitkomstsoort.BEZORGD, "De ontvanger had het bericht al.", status)
        zin = f"De ontvanger weigerde het bericht (HTTP {status})."
        return Uitkomst(Uitkomstsoort.BLIJVEND, zin, status, _foutinhoud(probleem, zin))
    if status in (401, 403, 404):
        zin = f"De ontvanger herkent het knooppunt of het adres niet (HTTP {status}); controleer de aansluiting."
    elif 300 <= status < 400:
        zin = f"Het adres van de ontvanger verwijst door (HTTP {status}); dat wordt niet gevolgd."
    elif status < 300:
        zin = f"De ontvanger gaf geen ontvangstbevestiging: HTTP {status} waar 204 wordt verwacht."
    else:
        zin = f"De ontvanger kan het bericht nu niet aannemen (HTTP {status})."
    return Uitkomst(Uitkomstsoort.TIJDELIJK, zin, status, opnieuw_na=wachttijd)


def read_retry_after(waarde: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, as a number or as a date (RFC 9110 §10.2.3)."""
    if waarde is None:
        return None
    if waarde.isascii() and waarde.isdigit() and len(waarde) <= 9:
        return float(waarde)
    try:
        moment = parsedate_to_datetime(waarde)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _text_of(probleem: ValidationProblemDetails) -> str:
    return " ".join(dict.fromkeys(deel for deel in (probleem.title, probleem.detail) if deel))


def _errors_of(probleem: ValidationProblemDetails) -> str:
    return "; ".join(f"{plek}: {' '.join(zinnen)}" for plek, zinnen in (probleem.errors or {}).items())


def _code_of(probleem: ValidationProblemDetails) -> str | None:
    code = (probleem.model_extra or {}).get("code")
    return code if isinstance(code, str) and 0 < len(code) <= _MAX_CODE else None


def _says_known(probleem: ValidationProblemDetails) -> bool:
    tekst = f"{_text_of(probleem)} {_errors_of(probleem)}"[:_MAX_TEKST]  # a longer one could make the search slow
    return _code_of(probleem) in _NIET_UNIEK or bool(_AL_BEKEND.search(tekst))


def _foutinhoud(probleem: ValidationProblemDetails | None, zin: str) -> Foutinhoud:
    if probleem is None:
        return Foutinhoud(_STANDAARDCODE, "client", zin)
    omschrijving = _text_of(probleem) or zin
    return Foutinhoud(
        code=_code_of(probleem) or _STANDAARDCODE,
        plek="client",
        omschrijving=omschrijving[:_MAX_OMSCHRIJVING],
        details=_errors_of(probleem)[:_MAX_DETAILS] or None,
    )
