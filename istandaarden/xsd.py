"""Writes the XML Schemas of the model: one basisschema per standaard and release, one schema per bericht."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from html import escape

from istandaarden.model import (
    ROOT,
    Basismodel,
    Berichtmodel,
    Element,
    Logisch,
    Logischsoort,
    Samengesteld,
    Xsdversie,
)

BASISBESTAND = "basisschema.xsd"
"""File name of the basisschema, as the schemas of the berichten import it."""

_KOP = '<?xml version="1.0" encoding="UTF-8"?>'
_XS = "http://www.w3.org/2001/XMLSchema"
_BASISTYPE = {
    Logischsoort.TEKST: "xs:string",
    Logischsoort.CODE: "xs:string",
    Logischsoort.GEHEEL: "xs:integer",
    Logischsoort.DATUM: "xs:date",
    Logischsoort.TIJD: "xs:time",
}


def write_basis(basis: Basismodel) -> str:
    """Write the basisschema of a standaard: composites (CDT) and logical types (LDT) with their code lists."""
    return "\n".join(_basis_lines(basis)) + "\n"


def write_message(model: Berichtmodel) -> str:
    """Write the schema of one bericht; it imports `BASISBESTAND`."""
    return "\n".join(_message_lines(model)) + "\n"


def file_name(model: Berichtmodel) -> str:
    """Name the schema file of a bericht: ``WMO305.xsd``."""
    return f"{model.soort.code}.xsd"


def write_all(modellen: Iterator[Berichtmodel] | tuple[Berichtmodel, ...]) -> dict[str, str]:
    """Write every schema, by path: ``iwmo/3.2/WMO305.xsd``, ``iwmo/3.2/basisschema.xsd``."""
    bestanden: dict[str, str] = {}
    for model in modellen:
        map_ = f"{model.soort.standaard}/{model.soort.release}"
        bestanden.setdefault(f"{map_}/{BASISBESTAND}", "")
        bestanden[f"{map_}/{BASISBESTAND}"] = bestanden[f"{map_}/{BASISBESTAND}"] or write_basis(model.basis)
        bestanden[f"{map_}/{file_name(model)}"] = write_message(model)
    return bestanden


def write_values(model: Berichtmodel) -> tuple[str, dict[tuple[str, str, int | None], str]]:
    """Write a schema for loose values: an element Waarden with, in any order, one element per simple type of a bericht.

    Returns:
        The schema, and the name of the element for each `istandaarden.model.Element.typesleutel`.
    """
    namen: dict[tuple[str, str, int | None], str] = {}
    regels: list[str] = []
    eigen, basis = model.soort.code.lower(), model.basis.standaard
    for klasse in (*model.classes(), *model.basis.composieten.values()):
        for element in klasse.elementen:
            if isinstance(element.type, Logisch) and element.typesleutel not in namen:
                naam = namen[element.typesleutel] = f"W{len(namen)}"
                regels += _element(replace(element, naam=naam, verplicht=True, herhaalbaar=False), eigen, basis)
    return "\n".join(
        [
            *_message_head(model),
            '\t<xs:element name="Waarden">',
            '\t\t<xs:complexType><xs:choice minOccurs="0" maxOccurs="unbounded">',
            *regels,
            "\t\t</xs:choice></xs:complexType>",
            "\t</xs:element>",
            "</xs:schema>",
        ]
    ), namen


def _basis_lines(basis: Basismodel) -> Iterator[str]:
    prefix = basis.standaard
    yield _KOP
    yield (
        f'<xs:schema xmlns:xs="{_XS}" xmlns:{prefix}={_quoted(basis.naamruimte)}'
        f' targetNamespace={_quoted(basis.naamruimte)} elementFormDefault="qualified">'
    )
    yield from _appinfo(basis, "basisschema", None, basis.xsdversie)
    for composiet in sorted(basis.composieten.values(), key=lambda soort: soort.naam):
        yield from _complex_type(composiet, prefix, prefix)
    for logisch in sorted(basis.logisch.values(), key=lambda soort: soort.naam):
        yield from _simple_type(logisch)
    yield "</xs:schema>"


def _message_head(model: Berichtmodel) -> Iterator[str]:
    soort, basis = model.soort, model.basis
    eigen = soort.code.lower()
    yield _KOP
    yield (
        f'<xs:schema xmlns:xs="{_XS}" xmlns:{basis.standaard}={_quoted(basis.naamruimte)}'
        f" xmlns:{eigen}={_quoted(soort.naamruimte)}"
        f' targetNamespace={_quoted(soort.naamruimte)} elementFormDefault="qualified">'
    )
    yield f'\t<xs:import namespace={_quoted(basis.naamruimte)} schemaLocation="{BASISBESTAND}"/>'


def _message_lines(model: Berichtmodel) -> Iterator[str]:
    soort, basis = model.soort, model.basis
    eigen = soort.code.lower()
    yield from _message_head(model)
    yield from _appinfo(basis, eigen, model.xsdversie, model.basisversie, soort.naam)
    yield f'\t<xs:element name="{ROOT}" type="{eigen}:{model.wortel.xsdnaam}"/>'
    for klasse in model.classes():
        yield from _complex_type(klasse, eigen, basis.standaard)
    yield "</xs:schema>"


def _appinfo(
    basis: Basismodel, bericht: str, berichtversie: Xsdversie | None, basisversie: Xsdversie | None, naam: str = ""
) -> Iterator[str]:
    prefix = basis.standaard
    yield "\t<xs:annotation>"
    yield "\t\t<xs:appinfo>"
    velden = {"standaard": basis.standaard, "bericht": bericht, "release": basis.release}
    for soort, versie in (("Bericht", berichtversie), ("Basisschema", basisversie)):
        if versie is not None:
            velden[f"{soort}XsdVersie"] = versie.versie
            velden[f"{soort}XsdMinVersie"] = versie.minimaal
            velden[f"{soort}XsdMaxVersie"] = versie.maximaal
    for veld, waarde in velden.items():
        yield f"\t\t\t<{prefix}:{veld}>{escape(waarde, quote=False)}</{prefix}:{veld}>"
    yield "\t\t</xs:appinfo>"
    if naam:
        omschrijving = escape(f"{bericht.upper()}: {naam}.", quote=False)
        yield f"\t\t<xs:documentation>{omschrijving}</xs:documentation>"
    yield "\t</xs:annotation>"


def _complex_type(soort: Samengesteld, eigen: str, basis: str) -> Iterator[str]:
    yield f'\t<xs:complexType name="{soort.xsdnaam}">'
    yield "\t\t<xs:sequence>"
    for element in soort.elementen:
        yield from _element(element, eigen, basis)
    yield "\t\t</xs:sequence>"
    yield "\t</xs:complexType>"


def _element(element: Element, eigen: str, basis: str) -> Iterator[str]:
    soort = element.type
    uit_basis = isinstance(soort, Logisch) or soort.xsdnaam != soort.naam
    typenaam = f"{basis if uit_basis else eigen}:{soort.xsdnaam}"
    aantal = "" if element.verplicht else ' minOccurs="0"'
    aantal += ' maxOccurs="unbounded"' if element.herhaalbaar else ""
    if not element.versmald:
        yield f'\t\t\t<xs:element name="{element.naam}" type="{typenaam}"{aantal}/>'
        return
    yield f'\t\t\t<xs:element name="{element.naam}"{aantal}>'
    yield "\t\t\t\t<xs:simpleType>"
    yield f'\t\t\t\t\t<xs:restriction base="{typenaam}">'
    if element.maximaal is not None:
        yield f'\t\t\t\t\t\t<xs:maxInclusive value="{element.maximaal}"/>'
    if element.patroon is not None:
        yield f"\t\t\t\t\t\t<xs:pattern value={_quoted(element.patroon.uitdrukking)}/>"
    yield "\t\t\t\t\t</xs:restriction>"
    yield "\t\t\t\t</xs:simpleType>"
    yield "\t\t\t</xs:element>"


def _simple_type(logisch: Logisch) -> Iterator[str]:
    yield f'\t<xs:simpleType name="{logisch.xsdnaam}">'
    yield f'\t\t<xs:restriction base="{_BASISTYPE[logisch.soort]}">'
    for code, betekenis in logisch.waarden.items():
        yield (
            f"\t\t\t<xs:enumeration value={_quoted(code)}><xs:annotation>"
            f"<xs:documentation>{escape(betekenis, quote=False)}</xs:documentation></xs:annotation></xs:enumeration>"
        )
    yield from (f'\t\t\t<xs:{facet} value="{waarde}"/>' for facet, waarde in _bounds(logisch))
    if logisch.patroon is not None:
        yield f"\t\t\t<xs:pattern value={_quoted(logisch.patroon.uitdrukking)}/>"
    yield "\t\t</xs:restriction>"
    yield "\t</xs:simpleType>"


def _bounds(logisch: Logisch) -> Iterator[tuple[str, int]]:
    if logisch.soort is Logischsoort.GEHEEL:
        yield "minInclusive", 0
        if logisch.maximaal is not None:
            yield "maxInclusive", logisch.maximaal
        return
    if logisch.soort is Logischsoort.TEKST and not logisch.mag_leeg:
        yield "minLength", 1
    if logisch.maximaal is not None:
        yield "maxLength", logisch.maximaal


_WIT_BLIJFT = str.maketrans({"\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})
"""A parser makes a space of white space in an attribute, unless it is written so."""


def _quoted(waarde: str) -> str:
    return f'"{escape(waarde).translate(_WIT_BLIJFT)}"'
