"""Which berichten exist: every berichtsoort of every release we have a model of."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import TYPE_CHECKING

from lxml import etree

from istandaarden.model import Berichtmodel, Berichtsoort
from istandaarden.modelbouw import build_models
from istandaarden.schema import Schemas, compile_schema

if TYPE_CHECKING:  # few have a package, and reading the modules for it takes time
    from istandaarden.pakketbericht import Pakketbericht
    from istandaarden.stijlcontrole import Stijlcontrole

__all__ = ["Berichtsoort", "Catalogus", "Onbekend", "ingebouwd"]


class Onbekend(LookupError):
    """No such berichtsoort or release; the text is Dutch and names the nearest known ones."""


class Catalogus:
    """A set of berichtsoorten with their models and schemas; iterating gives the berichtsoorten in order.

    Args:
        modellen: one per berichtsoort.
        pakketten: berichten of official packages; their schemas take precedence over what a model says.
        bestanden: the model file of a namespace, for those that do not come with us.
    """

    def __init__(
        self,
        modellen: Iterable[Berichtmodel],
        pakketten: Iterable[Pakketbericht] = (),
        bestanden: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._modellen: dict[str, Berichtmodel] = {}
        for model in modellen:
            if model.soort.naamruimte in self._modellen:
                raise ValueError(f"naamruimte {model.soort.naamruimte} staat in twee modelbestanden")
            self._modellen[model.soort.naamruimte] = model
        self._pakketten = {bericht.naamruimte: bericht for bericht in pakketten}
        self._bestanden = bestanden
        self._soorten = {naamruimte: model.soort for naamruimte, model in self._modellen.items()}
        self._soorten |= {naamruimte: bericht.soort for naamruimte, bericht in self._pakketten.items()}
        self._schemas = Schemas()
        self._per_code = {(soort.code, soort.release): soort for soort in self._soorten.values()}

    def __iter__(self) -> Iterator[Berichtsoort]:
        return iter(self._soorten.values())

    def __len__(self) -> int:
        return len(self._soorten)

    @property
    def berichtsoorten(self) -> Mapping[str, Berichtsoort]:
        """Every berichtsoort by the namespace of its root element."""
        return MappingProxyType(self._soorten)

    @property
    def releases(self) -> tuple[str, ...]:
        """The releases there are models of, oldest first."""
        return tuple(sorted({soort.release for soort in self}, key=_release_order))

    def by_namespace(self, naamruimte: str | None) -> Berichtsoort | None:
        """Give the berichtsoort whose root element is in this namespace, None when there is none."""
        return self._soorten.get(naamruimte or "")

    def find(self, code: str, release: str | None = None) -> Berichtsoort:
        """Look up a berichtsoort by the name people use.

        Args:
            code: ``WMO305``, in any case.
            release: ``3.2``; without it the newest that has this code.

        Raises:
            Onbekend: no such berichtsoort.
        """
        releases = [release] if release else reversed(self.releases)
        for uitgave in releases:
            soort = self._per_code.get((code.upper(), uitgave))
            if soort is not None:
                return soort
        raise Onbekend(self._not_found(code.upper(), release))

    def _not_found(self, code: str, release: str | None) -> str:
        if release and release not in self.releases:
            return f"Release {release} is onbekend; bekend: {', '.join(self.releases)}."
        codes = sorted({soort.code for soort in self})
        lijkt = difflib.get_close_matches(code, codes, 3, 0.5)
        waarin = f" in release {release}" if release else ""
        return f"Berichtsoort {code[:20]} is onbekend{waarin}; " + (
            f"lijkt op {', '.join(lijkt)}." if lijkt else f"bekend: {', '.join(codes)}."
        )

    def model(self, soort: Berichtsoort) -> Berichtmodel:
        """Give the model of a berichtsoort of this catalogue.

        Raises:
            Onbekend: its schema comes from a package and says what no model can say.
        """
        model = self.find_model(soort)
        if model is None:
            raise Onbekend(f"Van {soort} is alleen het schema bekend ({self.herkomst(soort)}), niet de opbouw.")
        return model

    def find_model(self, soort: Berichtsoort) -> Berichtmodel | None:
        """Give the model of a berichtsoort: what its package says, else ours, else None."""
        bericht = self._pakketten.get(soort.naamruimte)
        return (bericht.model if bericht else None) or self._modellen.get(soort.naamruimte)

    def models(self) -> tuple[Berichtmodel, ...]:
        """Give every model, in the order of the files."""
        return tuple(model for soort in self if (model := self.find_model(soort)) is not None)

    def schema(self, soort: Berichtsoort) -> etree.XMLSchema:
        """Give the compiled schema of a berichtsoort; for a verdict only, see `istandaarden.schema.Schemas`."""
        return self._schemas.get(soort.naamruimte, lambda: self.compile(soort))

    def compile(self, soort: Berichtsoort) -> etree.XMLSchema:
        """Compile the schema of a berichtsoort anew, for who wants to read its error log."""
        bericht = self._pakketten.get(soort.naamruimte)
        return bericht.compile() if bericht else compile_schema(self._modellen[soort.naamruimte])

    def controle(self, soort: Berichtsoort) -> Stijlcontrole | None:
        """Give the official check of a berichtsoort, None when no package has one: then our own rules are used."""
        bericht = self._pakketten.get(soort.naamruimte)
        if bericht is None or soort.naamruimte not in bericht.pakket.controles:
            return None
        from istandaarden.stijlcontrole import Stijlcontrole  # noqa: PLC0415 - read only when there is a package

        return Stijlcontrole(bericht.pakket, soort.naamruimte)

    def herkomst(self, soort: Berichtsoort) -> str:
        """Say where the schema of a berichtsoort comes from.

        Returns:
            ``ingebouwd``; ``reconstructie`` when it is ours because no official one was found; ``pakket NAAM``; or
            ``modelbestand NAAM`` for a model that did not come with us.
        """
        bericht = self._pakketten.get(soort.naamruimte)
        if bericht is not None:
            return f"pakket {bericht.pakket.naam}"
        bestand = self._bestanden.get(soort.naamruimte)
        if bestand is not None:
            return f"modelbestand {bestand}"
        return "reconstructie" if soort.reconstructie else "ingebouwd"


def _release_order(release: str) -> tuple[int, ...]:
    return tuple(int(deel) if deel.isdecimal() else 0 for deel in release.split("."))


@lru_cache(maxsize=1)
def ingebouwd() -> Catalogus:
    """Give the catalogue of the model files that come with the package; read once.

    Raises:
        istandaarden.modelbestand.Modelfout: a model file is wrong.
    """
    bronnen = sorted(
        (bron for bron in files("istandaarden.modellen").iterdir() if bron.name.endswith(".yaml")),
        key=lambda bron: bron.name,
    )
    return Catalogus(model for bron in bronnen for model in build_models(bron.name, bron.read_text(encoding="utf-8")))
