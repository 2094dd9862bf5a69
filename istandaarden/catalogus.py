"""Which berichten exist: every berichtsoort of every release we have a model of."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from importlib.resources import files

from lxml import etree

from istandaarden.model import Berichtmodel, Berichtsoort
from istandaarden.modelbouw import build_models
from istandaarden.schema import Schemas

__all__ = ["Berichtsoort", "Catalogus", "Onbekend", "ingebouwd"]


class Onbekend(LookupError):
    """No such berichtsoort or release; the text is Dutch and names the nearest known ones."""


class Catalogus:
    """A set of berichtsoorten with their models and schemas; iterating gives the berichtsoorten in order."""

    def __init__(self, modellen: Iterable[Berichtmodel]) -> None:
        self._modellen: dict[str, Berichtmodel] = {}
        for model in modellen:
            if model.soort.naamruimte in self._modellen:
                raise ValueError(f"naamruimte {model.soort.naamruimte} staat in twee modelbestanden")
            self._modellen[model.soort.naamruimte] = model
        self._schemas = Schemas()
        self._per_code = {(model.soort.code, model.soort.release): model.soort for model in self._modellen.values()}

    def __iter__(self) -> Iterator[Berichtsoort]:
        return (model.soort for model in self._modellen.values())

    def __len__(self) -> int:
        return len(self._modellen)

    @property
    def berichtsoorten(self) -> Mapping[str, Berichtsoort]:
        """Every berichtsoort by the namespace of its root element."""
        return {naamruimte: model.soort for naamruimte, model in self._modellen.items()}

    @property
    def releases(self) -> tuple[str, ...]:
        """The releases there are models of, oldest first."""
        return tuple(sorted({soort.release for soort in self}, key=_release_order))

    def by_namespace(self, naamruimte: str | None) -> Berichtsoort | None:
        """Give the berichtsoort whose root element is in this namespace, None when there is none."""
        model = self._modellen.get(naamruimte or "")
        return model.soort if model else None

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
        """Give the model of a berichtsoort of this catalogue."""
        return self._modellen[soort.naamruimte]

    def models(self) -> tuple[Berichtmodel, ...]:
        """Give every model, in the order of the files."""
        return tuple(self._modellen.values())

    def schema(self, soort: Berichtsoort) -> etree.XMLSchema:
        """Give the compiled schema of a berichtsoort; for a verdict only, see `istandaarden.schema.Schemas`."""
        return self._schemas.of(self._modellen[soort.naamruimte])


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
