"""Compiled schemas: made from the model when first needed, shared by all threads, never fetched from anywhere."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import lru_cache

from lxml import etree

from istandaarden.model import Basismodel, Berichtmodel
from istandaarden.veilig import compile_trusted
from istandaarden.xsd import BASISBESTAND, write_basis, write_message


class Schemafout(RuntimeError):
    """A generated schema does not compile; the text is libxml2's. Always a mistake in a model file."""


def compile_schema(model: Berichtmodel) -> etree.XMLSchema:
    """Compile the schema of a bericht together with its basisschema, without touching disk or network.

    Raises:
        Schemafout: the schema does not compile, or the import of the basisschema was not followed. libxml2 skips an
            import it cannot resolve without a word, and would then check half of a bericht.
    """
    return compile_text(model, write_message(model))


def compile_text(model: Berichtmodel, tekst: str) -> etree.XMLSchema:
    """Compile a schema text that imports the basisschema of `model`; raises as `compile_schema`."""
    try:
        return compile_trusted(tekst.encode(), {BASISBESTAND: _basis(model.basis)})
    except (etree.XMLSchemaParseError, LookupError) as fout:
        raise Schemafout(f"{model.soort}: {fout}") from fout


@lru_cache(maxsize=16)
def _basis(basis: Basismodel) -> bytes:
    """Write a basisschema once for all berichten that import it."""
    return write_basis(basis).encode()


class Schemas:
    """The compiled schemas of a catalogue.

    A compiled schema may be used by any number of threads for a verdict. Its error log may not: that belongs to
    whoever validated last, so explanations never read it.
    """

    def __init__(self) -> None:
        self._schemas: dict[str, etree.XMLSchema] = {}
        self._slot = threading.Lock()

    def of(self, model: Berichtmodel) -> etree.XMLSchema:
        """Give the schema of a bericht, compiling it the first time."""
        return self.get(model.soort.naamruimte, lambda: compile_schema(model))

    def get(self, naamruimte: str, compile_it: Callable[[], etree.XMLSchema]) -> etree.XMLSchema:
        """Give the schema for a namespace, made with `compile_it` the first time."""
        schema = self._schemas.get(naamruimte)
        if schema is None:
            with self._slot:
                schema = self._schemas.get(naamruimte)
                if schema is None:
                    schema = self._schemas[naamruimte] = compile_it()
        return schema
