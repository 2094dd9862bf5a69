"""What the answer to a push means for the delivery."""

from __future__ import annotations

import re

from adapters.vsp.model import ValidationProblemDetails
from adapters.vsp.weigering import Onvertaalbaar
from routing.bericht import Foutinhoud
from routing.partij import Protocol
from routing.poorten import Uitkomst, Uitkomstsoort
from routing.uitkomstklassen import Uitkomstklassen, http_kenmerken, turns_away

_WEIGERING = frozenset({400, 409, 413, 422})
"""Statuses with which the published description refuses a bericht."""
STANDAARD = Uitkomstklassen(Protocol.VSP, {})
_NIET_UNIEK = frozenset({"BRS114", "CC08", "IB016", "IB216", "StUF016"})
_AL_BEKEND = re.compile(
    r"traceer.{0,5}id\b.*\b(niet uniek|al (eerder )?(gebruikt|ontvangen|bekend)|bestaat al)", re.IGNORECASE | re.DOTALL
)
_CODE = re.compile(r"\b(?:BRS[0-9]{2,3}|CC[0-9]{2}|IB[0-9]{3})\b")
_MAX_CODE, _MAX_OMSCHRIJVING, _MAX_DETAILS = 7, 200, 1000
_STANDAARDCODE = "KNP002"
_MAX_TEKST = 4096


def misfit(fout: Onvertaalbaar) -> Uitkomst:
    """Say that a bericht cannot be written as VSP: no later attempt will change that."""
    zin = f"Het bericht past niet in een VSP-bericht: {', '.join(sorted(fout.fouten))}."
    inhoud = Foutinhoud(_STANDAARDCODE, "client", zin[:_MAX_OMSCHRIJVING])
    return Uitkomst(Uitkomstsoort.BLIJVEND, zin, fout=inhoud)


def judge(
    status: int,
    probleem: ValidationProblemDetails | None,
    *,
    mogelijk_aangekomen: bool,
    wachttijd: float | None = None,
    klassen: Uitkomstklassen = STANDAARD,
) -> Uitkomst:
    """Say what an answer means.

    Args:
        status: HTTP status.
        probleem: the problem in the answer, if there was one.
        mogelijk_aangekomen: an earlier attempt may have reached the other side.
        wachttijd: seconds the other side asked for.
        klassen: which class a kenmerk has.
    """
    kenmerken = list(http_kenmerken(status))
    if probleem is not None:
        if (code := _code_of(probleem)) is not None:
            kenmerken.insert(0, f"fout.{code}")
        if mogelijk_aangekomen and status in _WEIGERING and _says_known(probleem):
            kenmerken.insert(0, "herhaald")
    soort, kenmerk = klassen.decide(kenmerken)
    nu_ook = not turns_away(status)
    if soort is Uitkomstsoort.BEZORGD:
        zin = "De ontvanger had het bericht al." if kenmerk == "herhaald" else "De ontvanger nam het bericht aan."
        return Uitkomst(soort, zin, status, kenmerk=kenmerk, mogelijk_aangekomen=nu_ook)
    if soort is Uitkomstsoort.BLIJVEND:
        zin = f"De ontvanger weigerde het bericht (HTTP {status})."
        fout = _foutinhoud(probleem, zin)
        return Uitkomst(soort, zin, status, fout, kenmerk=kenmerk, mogelijk_aangekomen=nu_ook)
    return Uitkomst(soort, _explain(status), status, opnieuw_na=wachttijd, kenmerk=kenmerk, mogelijk_aangekomen=nu_ook)


def _explain(status: int) -> str:
    if status in (401, 403, 404):
        return f"De ontvanger herkent het knooppunt of het adres niet (HTTP {status}); controleer de aansluiting."
    if 300 <= status < 400:
        return f"Het adres van de ontvanger verwijst door (HTTP {status}); dat wordt niet gevolgd."
    if status < 300:
        return f"De ontvanger gaf geen ontvangstbevestiging: HTTP {status} waar 204 wordt verwacht."
    return f"De ontvanger kan het bericht nu niet aannemen (HTTP {status})."


def _text_of(probleem: ValidationProblemDetails) -> str:
    return " ".join(dict.fromkeys(deel for deel in (probleem.title, probleem.detail) if deel))


def _errors_of(probleem: ValidationProblemDetails) -> str:
    return "; ".join(f"{plek}: {' '.join(zinnen)}" for plek, zinnen in (probleem.errors or {}).items())


def _code_of(probleem: ValidationProblemDetails) -> str | None:
    code = (probleem.model_extra or {}).get("code")
    if isinstance(code, str) and 0 < len(code) <= _MAX_CODE:
        return code
    # The published description has no place for a code: VECOZO can only name it in the text.
    genoemd = _CODE.search(f"{_text_of(probleem)} {_errors_of(probleem)}"[:_MAX_TEKST])
    return genoemd[0] if genoemd else None


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
