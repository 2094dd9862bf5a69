"""A bericht as it would look in another release: only its namespaces and the versions in its Header differ.

For a trial, never for sending: the content is that of the old release. Written anew while it is read, so that the size
of a bericht does not matter; what is written means the same, but is not the same byte for byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape

from istandaarden.limieten import XSI
from istandaarden.model import Berichtmodel
from istandaarden.veilig import PAYLOAD, Ontleder

_HEADER = 2
_HINTS = frozenset({f"{XSI}schemaLocation", f"{XSI}noNamespaceSchemaLocation"})


def convert(chunks: Iterable[bytes], van: Berichtmodel, naar: Berichtmodel) -> Iterator[bytes]:
    """Rewrite a bericht of one release as one of another, in UTF-8.

    Args:
        chunks: the bericht in pieces of any length.
        van: what it is.
        naar: what it is to look like.

    Raises:
        istandaarden.veilig.XmlGeweigerd: while it is read, when the hardened parser refuses the bericht.
    """
    doel = _Omzetter(van, naar)
    ontleder = Ontleder(doel, PAYLOAD)
    for chunk in chunks:
        ontleder.feed(chunk)
        yield doel.take()
    ontleder.close()
    yield doel.take()


class _Omzetter:
    """Writes what it is told, in the namespaces of the other release."""

    def __init__(self, van: Berichtmodel, naar: Berichtmodel) -> None:
        self._naamruimten = {
            van.soort.naamruimte: naar.soort.naamruimte,
            van.basis.naamruimte: naar.basis.naamruimte,
        }
        self._vast = _versions(naar)
        self._pad: list[str] = []
        self._namen: list[str] = []
        self._vervangen: str | None = None
        self._uit: list[str] = []

    def take(self) -> bytes:
        """Give what was written since the last time."""
        uit, self._uit = "".join(self._uit), []
        return uit.encode()

    def start(self, tag: str, attrib: Mapping[str, str], _nsmap: Mapping[str | None, str]) -> None:
        """Take the start of an element."""
        naamruimte, naam = self._split(tag)
        # Every element declares its own default namespace: no prefix to keep track of.
        self._uit.append(f'<{naam} xmlns="{escape(naamruimte)}"')
        for nummer, (sleutel, waarde) in enumerate(attrib.items()):
            if sleutel not in _HINTS:
                self._attribute(nummer, sleutel, waarde)
        self._uit.append(">")
        self._namen.append(naam)
        self._pad.append(naam)
        self._vervangen = self._vast.get(tuple(self._pad[1:])) if len(self._pad) > _HEADER else None

    def end(self, _tag: str) -> None:
        """Take the end of an element."""
        if self._vervangen is not None:
            self._uit.append(escape(self._vervangen))
            self._vervangen = None
        self._uit.append(f"</{self._namen.pop()}>")
        self._pad.pop()

    def data(self, text: str) -> None:
        """Take a piece of text."""
        if self._vervangen is None:
            self._uit.append(escape(text, quote=False).replace("\r", "&#13;"))

    def close(self) -> None:
        """Do nothing: `take` gives the rest."""

    def _attribute(self, nummer: int, sleutel: str, waarde: str) -> None:
        naamruimte, naam = self._split(sleutel)
        if naamruimte:
            self._uit.append(f' xmlns:a{nummer}="{escape(naamruimte)}"')
            naam = f"a{nummer}:{naam}"
        self._uit.append(f' {naam}="{escape(waarde)}"')

    def _split(self, naam: str) -> tuple[str, str]:
        naamruimte, _, lokaal = naam.rpartition("}")
        naamruimte = naamruimte.removeprefix("{")
        return self._naamruimten.get(naamruimte, naamruimte), lokaal


def _versions(model: Berichtmodel) -> dict[tuple[str, ...], str]:
    """Give what the Header of a berichtsoort says of its release, by the path below the root."""
    vast: dict[tuple[str, ...], str] = {
        ("Header", "BerichtVersie"): str(model.soort.versie),
        ("Header", "BerichtSubversie"): str(model.soort.subversie),
    }
    for naam, versie in (("BerichtXsdVersie", model.xsdversie), ("BasisschemaXsdVersie", model.basisversie)):
        if versie is not None:
            vast["Header", "XsdVersie", naam] = versie.versie
    return vast
