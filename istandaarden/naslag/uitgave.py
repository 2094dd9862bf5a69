"""What shares a folder of the reference: a release of one standaard, or of two with the same numbers (iWmo, iJw)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from istandaarden.catalogus import Catalogus
from istandaarden.codelijsten import lists
from istandaarden.model import Berichtmodel, Berichtsoort, Logisch
from istandaarden.regels.boek import number


@dataclass(frozen=True, slots=True)
class Codelijst:
    """A list as it is shown: `kop` is its heading, unique in the release."""

    kop: str
    naam: str
    waarden: Mapping[str, str]
    in_gebruik_bij: str


@dataclass(frozen=True)
class Uitgave:
    """A release: `soorten` of one or more standaarden, in the order of the catalogue."""

    catalogus: Catalogus
    soorten: tuple[Berichtsoort, ...]

    @property
    def release(self) -> str:
        """The release: ``3.2``."""
        return self.soorten[0].release

    @property
    def titel(self) -> str:
        """Name for people: ``iWmo en iJw 3.2``."""
        return f"{' en '.join(dict.fromkeys(soort.titel for soort in self.soorten))} {self.release}"

    @property
    def map(self) -> str:
        """Name of its folder: ``iwmo-ijw-3.2``."""
        return f"{'-'.join(dict.fromkeys(soort.standaard for soort in self.soorten))}-{self.release}"

    @cached_property
    def nummers(self) -> Mapping[str, tuple[Berichtsoort, ...]]:
        """The berichtsoorten that share a page, by their number."""
        groepen: dict[str, list[Berichtsoort]] = {}
        for soort in self.soorten:
            groepen.setdefault(number(soort), []).append(soort)
        return {nummer: tuple(groepen[nummer]) for nummer in sorted(groepen)}

    @cached_property
    def modellen(self) -> tuple[Berichtmodel, ...]:
        """The models there are; a package may bring a schema without one."""
        return tuple(model for soort in self.soorten if (model := self.catalogus.find_model(soort)) is not None)

    @cached_property
    def lijsten(self) -> Mapping[str, Codelijst]:
        """Every code list by its heading: those of types, then those that only rules use."""
        gevonden: dict[tuple[str, tuple[tuple[str, str], ...]], list[str]] = {}
        for model in self.modellen:
            for soort in model.basis.logisch.values():
                if soort.waarden:
                    typen = gevonden.setdefault((list_name(soort), tuple(soort.waarden.items())), [])
                    typen += [] if soort.naam in typen else [soort.naam]
        bekend = {naam for naam, _ in gevonden}
        for uitgave in dict.fromkeys(f"{soort.titel} {soort.release}" for soort in self.soorten):
            for naam, codes in lists(uitgave).items():
                if naam not in bekend:
                    gevonden.setdefault((naam, tuple(codes.items())), [])
        lijsten: dict[str, Codelijst] = {}
        for (naam, waarden), typen in gevonden.items():
            kop, volgnummer = naam, 1
            while kop in lijsten:  # the same name in two standaarden, with other codes
                volgnummer += 1
                kop = f"{naam} {volgnummer}"
            lijsten[kop] = Codelijst(kop, naam, dict(waarden), ", ".join(typen))
        return lijsten

    def list_of(self, soort: Logisch) -> Codelijst:
        """Give the code list of a type that has one."""
        waarden = dict(soort.waarden)
        return next(
            lijst for lijst in self.lijsten.values() if lijst.naam == list_name(soort) and lijst.waarden == waarden
        )


def list_name(soort: Logisch) -> str:
    """Give the name of the list of a type; a list without name is called after its type."""
    return soort.lijst or soort.naam


def releases(catalogus: Catalogus) -> tuple[Uitgave, ...]:
    """Divide berichtsoorten over releases, the one with most berichten first.

    Standaarden whose berichten have the same numbers in the same release are taken together.
    """
    groepen: list[list[Berichtsoort]] = []
    for soort in catalogus:
        for groep in groepen:
            if groep[0].release == soort.release and (
                groep[0].standaard == soort.standaard or number(soort) in {number(ander) for ander in groep}
            ):
                groep.append(soort)
                break
        else:
            groepen.append([soort])
    groepen.sort(key=len, reverse=True)
    return tuple(Uitgave(catalogus, tuple(groep)) for groep in groepen)
