"""VSP metadata and our envelope: each said in the words of the other.

================= ==================================================================================================
Di01              traceerId = conversatieId = referentienummer
Du01, Fo01        traceerId = referentienummer, alsAntwoordOp = crossRefnummer, conversatieId = that of the
                  heenbericht; the hub follows alsAntwoordOp and does not compare the conversatieId of an answer
functie, versie   berichtstroom, see `adapters.vsp.berichtstroom`
Fo01              berichttype ``Fo01``; the payload is the StUF body element
applicatie …      verwerkingscontext, see `adapters.vsp.context`
================= ==================================================================================================

Sources: facts on GGk §1.4 and §1.6 (VECOZO codes CC04, CC05, IB021; the literal roles Instelling, Zorgverlener and
Praktijk; the others are ours). What only VSP knows (roles, actie, referentieId, verwerkingscontext) stays in
``Envelop.kanaalgegevens["vsp"]``, so that a VSP receiver gets it back as it was sent.
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from adapters.vsp import context
from adapters.vsp.berichtstroom import AANLEVEREN, FOUTBERICHT, functie_of, stroom_of
from adapters.vsp.model import (
    BerichtMetadata,
    Referentiegegevens,
    Relatie,
    Routeringgegevens,
    SleutelWaardePaar,
)
from adapters.vsp.weigering import Onvertaalbaar
from routing import tijdstip
from routing.bericht import Berichtcode, Bestandsvorm, Envelop, Foutinhoud, Parameters, Stuurgegevens, Systeem
from routing.functies import functies

KANAAL = "vsp"
"""Name of this channel, and of its part of ``Envelop.kanaalgegevens``."""

GEMEENTE, INSTELLING, KETENPARTIJ = "Gemeente", "Instelling", "Ketenpartij"
_ROLLEN_MET_AGB = frozenset({"instelling", "zorgverlener", "praktijk"})
_UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_REF = "referentiegegevens"
_ROUTE = "routeringgegevens"


class _Eigen(BaseModel):
    """Our part of kanaalgegevens."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    afzender_rol: str | None = None
    geadresseerde_rol: str | None = None
    actie: str = AANLEVEREN
    referentie_id: str | None = None
    verwerkingscontext: tuple[SleutelWaardePaar, ...] | None = None


def is_foutbericht(metadata: BerichtMetadata) -> bool:
    """Say whether this is a Fo01, whose payload must be read before `to_envelop`."""
    return metadata.routeringgegevens.berichtstroom.berichttype == FOUTBERICHT


def role_of(code: str) -> str:
    """Return the role that goes with the form of a code: four digits, eight digits, or a fixed name."""
    if re.fullmatch("[0-9]{4}", code):
        return GEMEENTE
    return INSTELLING if re.fullmatch("[0-9]{8}", code) else KETENPARTIJ


def to_envelop(metadata: BerichtMetadata, fout: Foutinhoud | None = None) -> Envelop:
    """Translate what a VSP partij pushed.

    Args:
        metadata: valid by its own description.
        fout: the fault body, read from the payload; needed for a Fo01 only.

    Raises:
        Onvertaalbaar: with everything that is wrong, per field; sending the same again will not help.
    """
    return _Lezing(metadata).envelop(fout)


def to_metadata(envelop: Envelop, conversatie: str | None = None) -> BerichtMetadata:
    """Translate a bericht for a VSP partij.

    Args:
        envelop: any bericht.
        conversatie: conversatieId that the hub gave it; without it, that of the bericht it answers.

    Raises:
        Onvertaalbaar: something in it does not fit in the limits of VSP.
    """
    sg = envelop.stuurgegevens
    try:
        eigen = _Eigen.model_validate(envelop.kanaalgegevens.get(KANAAL, {}))
        return BerichtMetadata(
            routeringgegevens=Routeringgegevens(
                afzender=_relatie(sg.zender.organisatie, eigen.afzender_rol),
                geadresseerden=(_relatie(sg.ontvanger.organisatie, eigen.geadresseerde_rol),),
                berichtstroom=stroom_of(envelop, eigen.actie),
            ),
            referentiegegevens=Referentiegegevens(
                conversatieId=sg.referentienummer if sg.cross_ref is None else conversatie or sg.cross_ref,
                traceerId=sg.referentienummer,
                alsAntwoordOp=sg.cross_ref,
                referentieId=eigen.referentie_id,
            ),
            verwerkingscontext=_verwerkingscontext(envelop, eigen),
        )
    except ValidationError as fout:
        velden = sorted({".".join(map(str, regel["loc"])) for regel in fout.errors(include_input=False)})
        raise Onvertaalbaar({veld: ["Deze waarde past niet in VSP."] for veld in velden}) from None


def _relatie(code: str, rol: str | None) -> Relatie:
    return Relatie(rol=rol or role_of(code), code=code)


def _verwerkingscontext(envelop: Envelop, eigen: _Eigen) -> tuple[SleutelWaardePaar, ...] | None:
    if KANAAL in envelop.kanaalgegevens:  # it came over VSP: give back what was sent, and nothing of our own
        return eigen.verwerkingscontext
    sg, parameters = envelop.stuurgegevens, envelop.parameters
    waarden = {
        context.APPLICATIE: sg.zender.applicatie,
        context.ADMINISTRATIE: sg.zender.administratie,
        context.GEBRUIKER: sg.zender.gebruiker,
        context.TIJDSTIP: sg.tijdstip,
    }
    if parameters is not None:
        waarden[context.APPLICATIE_VERSIE] = parameters.applicatie_versie
        waarden[context.APPLICATIE_SUBVERSIE] = parameters.applicatie_subversie
        waarden[context.BESTANDSNAAM] = parameters.bestandsnaam
    return context.write_context(waarden) or None


class _Lezing:
    """Reads one metadata and collects everything that is wrong with it."""

    def __init__(self, metadata: BerichtMetadata) -> None:
        self._route = metadata.routeringgegevens
        self._ref = metadata.referentiegegevens
        self._paren = metadata.verwerkingscontext
        self._context = context.read_context(metadata.verwerkingscontext or ())
        self._fout = is_foutbericht(metadata)
        self._fouten: dict[str, list[str]] = {}
        if self._context.fouten:
            self._fouten["verwerkingscontext"] = self._context.fouten

    def envelop(self, fout: Foutinhoud | None) -> Envelop:
        code = self._berichtcode()
        zender = self._organisatie(self._route.afzender, f"{_ROUTE}.afzender")
        geadresseerde = self._geadresseerde()
        ontvanger = self._organisatie(geadresseerde, f"{_ROUTE}.geadresseerden[0]") if geadresseerde else ""
        functie = None if self._fout else self._functie()
        if self._fouten:
            raise Onvertaalbaar(self._fouten)
        waarde = self._context.get
        return Envelop(
            stuurgegevens=Stuurgegevens(
                berichtcode=code,
                zender=Systeem(
                    zender,
                    waarde(context.APPLICATIE) or "",
                    waarde(context.ADMINISTRATIE),
                    waarde(context.GEBRUIKER),
                ),
                ontvanger=Systeem(ontvanger, "GGk"),  # fixed by S4 §3.2; no part of routing
                referentienummer=self._ref.traceerId,
                tijdstip=waarde(context.TIJDSTIP) or tijdstip.now(),
                cross_ref=self._ref.alsAntwoordOp,
                functie=functie,
            ),
            parameters=self._parameters(functie, zender, ontvanger) if functie is not None else None,
            fout=fout,
            kanaalgegevens={KANAAL: self._eigen(geadresseerde)},
        )

    def _complain(self, plek: str, zin: str) -> None:
        self._fouten.setdefault(plek, []).append(zin)

    def _berichtcode(self) -> Berichtcode:
        ref = self._ref
        for veld, waarde in (("traceerId", ref.traceerId), ("alsAntwoordOp", ref.alsAntwoordOp)):
            if waarde is not None and not _UUID4.fullmatch(waarde):
                self._complain(f"{_REF}.{veld}", "Dit is geen UUID versie 4; andere versies kent de keten niet.")
        if ref.alsAntwoordOp == ref.traceerId:
            self._complain(f"{_REF}.alsAntwoordOp", "Een bericht kan geen antwoord op zichzelf zijn.")
        if self._fout:
            if ref.alsAntwoordOp is None:
                self._complain(f"{_REF}.alsAntwoordOp", "Een Fo01 noemt hier het traceerId van het foute bericht.")
            return Berichtcode.FO01
        if ref.alsAntwoordOp is not None:
            return Berichtcode.DU01
        if ref.conversatieId != ref.traceerId:
            zin = (
                "Bij een heenbericht is conversatieId gelijk aan traceerId; is dit een retourbericht, vul dan in "
                "alsAntwoordOp het traceerId van het heenbericht in."
            )
            self._complain(f"{_REF}.conversatieId", zin)
        return Berichtcode.DI01

    def _geadresseerde(self) -> Relatie | None:
        geadresseerden = self._route.geadresseerden
        if len(geadresseerden) == 1:
            return geadresseerden[0]
        zin = (
            "Er is geen geadresseerde."
            if not geadresseerden
            else "Een bericht heeft hier precies één geadresseerde; bied voor iedere geadresseerde een eigen bericht "
            "aan, met een eigen traceerId."
        )
        self._complain(f"{_ROUTE}.geadresseerden", zin)
        return None

    def _organisatie(self, relatie: Relatie, plek: str) -> str:
        code, rol = relatie.code, relatie.rol.casefold()
        if code is None:
            zin = "De code is hier verplicht: een AGB-code, een gemeentecode of een vaste naam zoals SVB."
            self._complain(f"{plek}.code", zin)
            return ""
        if rol == GEMEENTE.casefold() and role_of(code) != GEMEENTE:
            self._complain(f"{plek}.code", "Bij de rol Gemeente hoort een CBS-gemeentecode van vier cijfers.")
        elif rol in _ROLLEN_MET_AGB and role_of(code) != INSTELLING:
            self._complain(f"{plek}.code", f"Bij de rol {relatie.rol} hoort een AGB-code van acht cijfers.")
        return code

    def _functie(self) -> str:
        try:
            return functie_of(self._route.berichtstroom)
        except Onvertaalbaar as fout:
            for plek, zinnen in fout.fouten.items():
                self._fouten.setdefault(plek, []).extend(zinnen)
            return ""

    def _parameters(self, functie: str, zender: str, ontvanger: str) -> Parameters:
        stroom = self._route.berichtstroom
        vorm = _vorm(functie)
        bestandsnaam = None
        if vorm is Bestandsvorm.TEKST:
            bestandsnaam = self._context.get(context.BESTANDSNAAM)
            bestandsnaam = bestandsnaam or _bestandsnaam(functie, zender, ontvanger, self._ref.traceerId)
        return Parameters(
            applicatie_versie=(self._context.get(context.APPLICATIE_VERSIE) or "").zfill(4),
            applicatie_subversie=(self._context.get(context.APPLICATIE_SUBVERSIE) or "").zfill(4),
            functie_versie=f"{stroom.berichtversie:04d}",
            functie_subversie=f"{stroom.berichtsubversie:04d}",
            vorm=vorm,
            bestandsnaam=bestandsnaam,
        )

    def _eigen(self, geadresseerde: Relatie | None) -> dict[str, Any]:
        eigen = _Eigen(
            afzender_rol=self._route.afzender.rol,
            geadresseerde_rol=geadresseerde.rol if geadresseerde else None,
            actie=self._route.berichtstroom.actie,
            referentie_id=self._ref.referentieId,
            verwerkingscontext=self._paren,
        )
        return eigen.model_dump(mode="json", exclude_none=True)


def _vorm(functie: str) -> Bestandsvorm:
    """Return how a functie travels; what we do not know is a file, which needs no more than a name."""
    return next((f.vorm for (naam, _), f in functies().items() if naam == functie), Bestandsvorm.TEKST)


def _bestandsnaam(functie: str, zender: str, ontvanger: str, traceer_id: str) -> str:
    """Make a file name for the envelope, the same one for a repeated bericht."""
    return re.sub("[^A-Za-z0-9._-]", "-", f"{functie}_{zender}_{ontvanger}_{traceer_id}")[-255:]
