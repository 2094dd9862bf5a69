"""Where does this bericht go, and may it: a pure decision, explained step by step.

Everything decided here rests on the envelope and on the register snapshot; the payload is looked at by the intake.
Order of the checks: who is speaking, is the envelope sound, what is it, is its release open, may the sender, who
receives, may he, does the gemeente have its pgb's paid there, and does an answer belong to its question (facts on GGk
§3.6).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from istandaarden.bevinding import Bevinding
from istandaarden.gemeenten import went_on_in
from istandaarden.releases import NEDERLAND, Openstelling, Stand, Uitgave
from istandaarden.schakels import Schakel
from routing import pgb
from routing.bericht import Aanlevering, Berichtcode
from routing.dossier import Dossierregel
from routing.fouten import Fout, make_fout, oorzaken
from routing.functies import Functie, functies, namen, versie_of
from routing.geadresseerde import RESPIJT, Geadresseerde, find_geadresseerde
from routing.gelijktijdig import Gelezen
from routing.partij import TUSSENPARTIJ, Aansluiting, Partijsoort, Protocol, Richting
from routing.register import Register

GROOTSTE_STUF = (25 * 1024 * 1024 - 16 * 1024) // 4 * 3
"""Payload bytes that fit in a StUF-GGk envelope of 25 MiB: base64 takes four characters for three bytes (S4 §3.2)."""


class Stap(NamedTuple):
    """One step of the explanation; `uitkomst` is ``ok``, ``let op`` or ``fout``."""

    naam: str
    uitkomst: str
    uitleg: str


@dataclass(frozen=True, slots=True)
class Verwezen:
    """The stored bericht that a Du01 or Fo01 points at with its crossRefnummer."""

    bericht_id: str
    zender: str
    ontvanger: str
    functie: str | None
    berichtcode: Berichtcode
    conversatie: str

    def mirrors(self, zender: str, ontvanger: str) -> bool:
        """Say whether a bericht between these two travels back along this one, from or to a successor as well."""
        return stands_for(self.zender, ontvanger) and stands_for(self.ontvanger, zender)


@dataclass(slots=True)
class Besluit:
    """Outcome of routing: where to, or why not.

    `nog_dicht` says that the ontvanger may not have it yet: its release opens for him later.
    `regelbevindingen` are the rules above the schema that the bericht breaks, which is no reason to stop it here;
    `dossier` is what later berichten will find it by, `gelezen` what earlier ones it was judged against, `xslt_versie`
    the version of the official check if there was one, `schakels` by what it hangs together with others.
    """

    stappen: list[Stap] = field(default_factory=list)
    fout: Fout | None = None
    functie: Functie | None = None
    aansluiting: Aansluiting | None = None
    verwezen: Verwezen | None = None
    nog_dicht: Openstelling | None = None
    regelbevindingen: tuple[Bevinding, ...] = ()
    dossier: tuple[Dossierregel, ...] = ()
    gelezen: Gelezen | None = None
    xslt_versie: str | None = None
    schakels: tuple[Schakel, ...] = ()

    def ok(self, naam: str, uitleg: str) -> None:
        """Note a step that went well."""
        self.stappen.append(Stap(naam, "ok", uitleg))

    def let_op(self, naam: str, uitleg: str) -> None:
        """Note something odd that is no reason to refuse."""
        self.stappen.append(Stap(naam, "let op", uitleg))

    def refuse(self, naam: str, fout: Fout, uitleg: str) -> None:
        """End with a fault."""
        self.stappen.append(Stap(naam, "fout", uitleg))
        self.fout = fout

    @property
    def synchroon(self) -> bool:
        """Whether the fault is answered at the door, and the bericht is not stored."""
        return self.fout is not None and oorzaken()[self.fout.oorzaak].synchroon


def stands_for(eerder: str, nu: str) -> bool:
    """Say whether a partij is the one that an earlier bericht names, or the gemeente that one went on in."""
    return eerder == nu or went_on_in(eerder, nu)


def generation_for(register: Register, code: str, standaard: str) -> str:
    """Return the generation of fault codes that this partij gets."""
    aansluiting = register.reach(code)
    return aansluiting.fout_generatie if aansluiting else standaard


def decide(
    aanlevering: Aanlevering,
    register: Register,
    verwezen: Verwezen | None,
    moment: datetime,
    standaardgeneratie: str = "B",
    *,
    respijt: timedelta = RESPIJT,
) -> Besluit:
    """Decide on one aanlevering.

    Args:
        aanlevering: what the channel handed in.
        register: snapshot to decide with.
        verwezen: the bericht that crossRefnummer points at, if the hub knows it between these partijen.
        moment: of the intake, with a time zone: releases and gemeenten are looked at as they are then.
        standaardgeneratie: generation of fault codes for a sender that is not in the register.
        respijt: how long a gemeentecode leads to the successor after its end.
    """
    sg = aanlevering.envelop.stuurgegevens
    generatie = generation_for(register, sg.zender.organisatie, standaardgeneratie)
    naar = find_geadresseerde(register, sg.ontvanger.organisatie, moment, respijt)
    return _Beoordeling(aanlevering, register, moment, generatie, naar, Besluit(verwezen=verwezen)).run()


@dataclass(frozen=True, slots=True)
class _Beoordeling:
    """The checks on one aanlevering, in order; the first fault ends it."""

    aanlevering: Aanlevering
    register: Register
    moment: datetime
    generatie: str
    naar: Geadresseerde
    besluit: Besluit

    def run(self) -> Besluit:
        checks = (
            self._zender,
            self._envelop,
            self._foutbericht,
            self._functie,
            self._release,
            self._mag_zenden,
            self._herindeling,
            self._ontvanger,
            self._pgb,
            self._antwoord,
        )
        for check in checks:
            check()
            if self.besluit.fout is not None:
                break
        return self.besluit

    def _refuse(self, naam: str, oorzaak: str, uitleg: str, bevindingen: tuple[Bevinding, ...] = ()) -> None:
        self.besluit.refuse(naam, make_fout(oorzaak, self.generatie, uitleg, bevindingen), uitleg)

    def _zender(self) -> None:
        """The certificate must be allowed to act for the zender (Digikoppeling: authorise on the OIN)."""
        code = self.aanlevering.envelop.stuurgegevens.zender.organisatie
        partij = self.register.find(code)
        wie = (
            f"certificaat met OIN {self.aanlevering.identiteit.oin}"
            if self.aanlevering.identiteit.oin
            else "certificaat zonder OIN"
        )
        if partij is None:
            uitleg = f"Zender {code!r} staat niet in het register."
            self._refuse("zender", "zender_onbekend", uitleg)
        elif not self.register.may_speak(self.aanlevering.identiteit, code):
            uitleg = f"Het {wie} mag niet namens {code} ({partij.naam}) aanleveren."
            self._refuse("zender", "zender_niet_van_certificaat", uitleg)
        else:
            via = f", want {code} is zelf niet aangesloten" if self._via_tussenpartij(code) else ""
            self.besluit.ok("zender", f"Het {wie} mag namens {code} ({partij.naam}) aanleveren{via}.")

    def _via_tussenpartij(self, code: str) -> bool:
        weg = self.register.reach(code)
        return weg is not None and weg.partij != code

    def _envelop(self) -> None:
        """What the channel found wrong with the envelope."""
        fouten = self.aanlevering.bevindingen
        if not fouten:
            self.besluit.ok("envelop", "De envelop voldoet aan het schema.")
            return
        uitleg = f"De envelop heeft {len(fouten)} fout(en); de eerste: {fouten[0].melding}"
        if self.aanlevering.envelop.stuurgegevens.berichtcode is Berichtcode.FO01:  # a Fo01 never gets a Fo01
            self._refuse("envelop", "foutbericht_ongeldig", uitleg, fouten)
        else:
            self._refuse("envelop", "envelop_ongeldig", uitleg, fouten)

    def _foutbericht(self) -> None:
        """A Fo01 goes back along the bericht it is about, and nowhere else."""
        sg = self.aanlevering.envelop.stuurgegevens
        if sg.berichtcode is not Berichtcode.FO01:
            return
        verwezen = self.besluit.verwezen
        zender, ontvanger = sg.zender.organisatie, sg.ontvanger.organisatie
        if verwezen is None or verwezen.berichtcode is Berichtcode.FO01 or not self._goes_back(verwezen):
            uitleg = f"Er is geen bericht {sg.cross_ref} van {ontvanger} aan {zender}."
            self._refuse("foutbericht", "kruisverwijzing_onbekend", uitleg)
        else:
            self.besluit.ok(
                "foutbericht", f"Gaat over {verwezen.functie} dat {verwezen.zender} aan {verwezen.ontvanger} zond."
            )

    def _goes_back(self, verwezen: Verwezen) -> bool:
        """Say whether an answer returns along the bericht it is about; VECOZO may answer what it was to pass on."""
        sg = self.aanlevering.envelop.stuurgegevens
        zender, ontvanger = sg.zender.organisatie, sg.ontvanger.organisatie
        namens = verwezen.zender == ontvanger and self._via_tussenpartij(verwezen.ontvanger)
        return verwezen.mirrors(zender, ontvanger) or (zender == TUSSENPARTIJ and namens)

    def _functie(self) -> None:
        """The functie must exist in this version and fit the berichtcode and the form of the payload."""
        sg, parameters = self.aanlevering.envelop.stuurgegevens, self.aanlevering.envelop.parameters
        if sg.berichtcode is Berichtcode.FO01 or parameters is None:
            return
        versie = versie_of(parameters.functie_versie, parameters.functie_subversie)
        functie = functies().get((sg.functie or "", versie))
        if functie is None:
            bekend = sorted(v for naam, v in functies() if naam == sg.functie)
            hint = f"; wel in versie {', '.join(bekend)}" if sg.functie in namen() else ""
            uitleg = f"Functie {sg.functie!r} versie {versie} is niet bekend{hint}."
            self._refuse("functie", "functie_onbekend", uitleg)
        elif sg.berichtcode not in functie.berichtcodes:
            verwacht = " of ".join(sorted(functie.berichtcodes))
            uitleg = f"{functie.naam} reist als {verwacht}, niet als {sg.berichtcode}."
            self._refuse("functie", "functie_past_niet", uitleg)
        elif parameters.vorm not in functie.vormen:
            uitleg = f"{functie.naam} reist als {' of '.join(functie.vormen)}, niet als {parameters.vorm}."
            self._refuse("functie", "functie_past_niet", uitleg)
        else:
            self.besluit.functie = functie
            self.besluit.ok(
                "functie", f"{functie.naam} versie {versie} is bekend, van {functie.van} naar {functie.naar}."
            )

    def _release(self) -> None:
        """The release must be open for the zender and not closed for the ontvanger; for him it may open later.

        Outside its moments a release is a functie that is not active (istandaarden.md §5).
        """
        soort = self.besluit.functie.berichtsoort if self.besluit.functie else None
        if soort is None:
            return
        sg, uitgave = self.aanlevering.envelop.stuurgegevens, Uitgave.of(soort)
        zender, ontvanger = (
            self.register.kalender.state(uitgave, wie, self.moment) for wie in (sg.zender.organisatie, self.naar.code)
        )
        for kant in (zender, ontvanger):
            if kant.stand is Stand.GESLOTEN or (kant is zender and kant.stand is Stand.NOG_DICHT):
                self._refuse("release", "functie_niet_actief", kant.uitleg)
                return
        if ontvanger.stand is Stand.NOG_DICHT:
            self.besluit.nog_dicht = ontvanger
            self.besluit.let_op(
                "release", f"{ontvanger.uitleg} Is het bericht goed, dan wordt het tot dan aangehouden."
            )
        else:
            self.besluit.ok("release", ontvanger.uitleg)

    def _mag_zenden(self) -> None:
        """The zender must be of the right kind and hold a machtiging."""
        if (functie := self.besluit.functie) is None:
            return
        code = self.aanlevering.envelop.stuurgegevens.zender.organisatie
        partij = self.register.find(code)
        assert partij is not None  # noqa: S101 - `_zender` refuses who is unknown
        machtiging = self.register.machtiging(code, Richting.ZENDEN, functie.naam)
        if not functie.fits_zender(partij) and not self._is_retour_of_vecozo(functie):
            uitleg = f"{functie.naam} komt van een {functie.van}; {code} is een {partij.soort}."
            self._refuse("machtiging zender", "richting_past_niet", uitleg)
        elif machtiging is None:
            uitleg = f"{code} ({partij.naam}) heeft geen machtiging om {functie.naam} te verzenden."
            self._refuse("machtiging zender", "zender_niet_gemachtigd", uitleg)
        else:
            self.besluit.ok(
                "machtiging zender", f"{code} mag {functie.naam} verzenden (machtiging {machtiging.berichtsoort})."
            )

    def _is_retour_of_vecozo(self, functie: Functie) -> bool:
        """Say whether VECOZO refuses with a retour of its own what it was to pass on (S4 §2.2 figure 2, code 0001)."""
        zender = self.aanlevering.envelop.stuurgegevens.zender.organisatie
        retour = functie.berichtsoort is not None and functie.berichtsoort.is_retour
        return zender == TUSSENPARTIJ and retour and functie.van == Partijsoort.ZORGAANBIEDER

    def _herindeling(self) -> None:
        """A gemeente that merged is stood in for by its successor, if there is one."""
        if self.naar.geweigerd:
            oorzaak = "gemeente_onbekend" if self.besluit.functie else "ontvanger_foutbericht_onbekend"
            self._refuse("ontvanger", oorzaak, self.naar.uitleg)
        elif self.naar.uitleg:
            self.besluit.let_op("herindeling", self.naar.uitleg)

    def _ontvanger(self) -> None:
        """The ontvanger must exist, be of the right kind, be connected, hold a machtiging, and be able to take it."""
        code, functie = self.naar.code, self.besluit.functie
        partij, aansluiting = self.register.find(code), self.register.reach(code)
        if functie is None:  # a Fo01: it may always go back to whoever sent the bericht it is about
            if partij is None or aansluiting is None:
                self._refuse("ontvanger", "ontvanger_foutbericht_onbekend", f"Ontvanger {code!r} is niet aangesloten.")
                return
        elif partij is None:
            oorzaak = "gemeente_onbekend" if functie.naar == Partijsoort.GEMEENTE else "ontvanger_onbekend"
            self._refuse("ontvanger", oorzaak, f"Ontvanger {code!r} staat niet in het register.")
            return
        elif not functie.fits_ontvanger(partij):
            uitleg = f"{functie.naam} gaat naar een {functie.naar}; {code} is een {partij.soort}."
            self._refuse("ontvanger", "richting_past_niet", uitleg)
            return
        elif aansluiting is None:
            self._refuse("ontvanger", "ontvanger_niet_aangesloten", f"{code} ({partij.naam}) heeft geen aansluiting.")
            return
        elif self.register.machtiging(code, Richting.ONTVANGEN, functie.naam) is None:
            uitleg = f"{code} ({partij.naam}) heeft {functie.naam} niet openstaan."
            self._refuse("machtiging ontvanger", "ontvanger_niet_gemachtigd", uitleg)
            return
        if aansluiting.protocol is not Protocol.VSP and self.aanlevering.payload.size > GROOTSTE_STUF:
            uitleg = f"{code} ({partij.naam}) ontvangt over SOAP; in een envelop van 25 MiB past dit niet."
            self._refuse("ontvanger", "te_groot", uitleg)
            return
        self.besluit.aansluiting = aansluiting
        if self._via_tussenpartij(code):
            uitleg = f"{code} is zelf niet aangesloten; het bericht gaat via {aansluiting.partij}."
            self.besluit.ok("ontvanger", uitleg)
            return
        hoe = "haalt berichten zelf op" if aansluiting.url is None else f"krijgt berichten op {aansluiting.url}"
        self.besluit.ok("ontvanger", f"{code} ({partij.naam}) is aangesloten met {aansluiting.protocol} en {hoe}.")

    def _pgb(self) -> None:
        """What is about pgb's must fit with who pays those of the gemeente today: the SVB, or VWS."""
        if (functie := self.besluit.functie) is None:
            return
        sg = self.aanlevering.envelop.stuurgegevens
        gemeente = (sg.zender if functie.van == Partijsoort.GEMEENTE else sg.ontvanger).organisatie
        dag = self.moment.astimezone(NEDERLAND).date()
        oordeel = pgb.judge(functie, gemeente, self.register.overstap(gemeente), dag)
        if oordeel is None:
            return
        if oordeel.uitkomst == "fout":
            self._refuse("pgb", "pgb_andere_betaler", oordeel.uitleg)
        elif oordeel.uitkomst == "let op":
            self.besluit.let_op("pgb", oordeel.uitleg)
        else:
            self.besluit.ok("pgb", oordeel.uitleg)

    def _antwoord(self) -> None:
        """A Du01 belongs to a bericht that its zender received from its ontvanger."""
        sg, functie, verwezen = self.aanlevering.envelop.stuurgegevens, self.besluit.functie, self.besluit.verwezen
        if sg.berichtcode is not Berichtcode.DU01 or functie is None:
            return
        if self._is_retour_of_vecozo(functie) and (verwezen is None or not self._goes_back(verwezen)):
            uitleg = f"{TUSSENPARTIJ} antwoordt zelf alleen op wat het zou doorgeven; {sg.cross_ref} is dat niet."
            self._refuse("antwoord", "antwoord_past_niet", uitleg)
            return
        if verwezen is None:
            # StUF043 is no reason to refuse: the heenbericht may have travelled before the hub was there (facts §3.6).
            self.besluit.let_op(
                "antwoord", f"Het beantwoorde bericht {sg.cross_ref} is hier niet bekend tussen deze partijen."
            )
            return
        if not self._goes_back(verwezen):
            uitleg = (
                f"Bericht {sg.cross_ref} is niet door {sg.ontvanger.organisatie} aan {sg.zender.organisatie} gezonden."
            )
            self._refuse("antwoord", "antwoord_past_niet", uitleg)
            return
        verwacht = functie.berichtsoort.antwoord_op if functie.berichtsoort else None
        if verwacht is not None and verwezen.functie != verwacht:
            uitleg = f"{functie.naam} beantwoordt een {verwacht}; {sg.cross_ref} is een {verwezen.functie}."
            self._refuse("antwoord", "antwoord_past_niet", uitleg)
        else:
            self.besluit.ok("antwoord", f"Beantwoordt {verwezen.functie} {sg.cross_ref}.")
