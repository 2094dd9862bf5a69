"""Compiles the schemas and stylesheets of a package, from memory only.

Every file goes through the hardened parser first. What is compiled is written anew from that, with each reference
pointing at a name we gave: libxml2 never sees a path or an address of the package.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from istandaarden.pakketbron import BESTAND_MAX, resolve
from istandaarden.veilig import Stijlblad, compile_stylesheet, compile_trusted, parse, printable

XS = "{http://www.w3.org/2001/XMLSchema}"
XSL = "{http://www.w3.org/1999/XSL/Transform}"

SNELLER: Mapping[str, str] = {r".*[^\s].*": r"[ \t]*[^\s].*", r"([.\s]*\S+[.\s]*)+": r"\s*\S[\s\S]*"}
"""Published patterns that make libxml2 try a text again from every position, and what accepts the same in one pass.

With the first, 60,000 letters and a line break in one element keep a processor busy for 80 seconds, so a package would
bring back an attack that the built-in models close. ``tests/oracle`` compares the two forms.
"""

_VERWIJZINGEN = {
    f"{XS}import": "schemaLocation",
    f"{XS}include": "schemaLocation",
    f"{XSL}import": "href",
    f"{XSL}include": "href",
}


class Verwijsfout(LookupError):
    """A file refers to something that is not in the package; the text is Dutch."""


def parse_file(data: bytes) -> etree._Element:
    """Parse a schema or stylesheet.

    Raises:
        istandaarden.veilig.XmlGeweigerd: not well-formed, a DOCTYPE, or a limit is broken.
    """
    return parse(data, max_bytes=BESTAND_MAX)


def references(boom: etree._Element) -> Iterator[tuple[etree._Element, str | None]]:
    """Give the imports and includes of a schema or stylesheet with what they point at, None when they do not say."""
    for element in boom:
        attribuut = _VERWIJZINGEN.get(str(element.tag))
        if attribuut is not None:
            yield element, element.get(attribuut)


def compile_schema(bestanden: Mapping[str, bytes], naam: str) -> etree.XMLSchema:
    """Compile a schema with everything it refers to.

    Args:
        bestanden: the files of the package by their path.
        naam: path of the schema.

    Returns:
        The schema; the patterns of `SNELLER` are replaced.

    Raises:
        istandaarden.veilig.XmlGeweigerd: a file is refused by the hardened parser.
        LookupError: a reference cannot be followed, or libxml2 does not follow it.
        lxml.etree.XMLSchemaParseError: it does not compile.
    """
    bomen = closure(bestanden, naam)
    return compile_trusted(*_flatten(bomen, naam))


def compile_xslt(bestanden: Mapping[str, bytes], naam: str) -> Stijlblad:
    """Compile a stylesheet with everything it refers to; when it is run it can neither read nor write anything.

    Raises:
        istandaarden.veilig.XmlGeweigerd: a file is refused by the hardened parser.
        LookupError: a reference cannot be followed.
        lxml.etree.XSLTParseError: it does not compile.
    """
    return compile_stylesheet(*_flatten(closure(bestanden, naam), naam))


def closure(bestanden: Mapping[str, bytes], naam: str) -> dict[str, etree._Element]:
    """Parse a file and all that it refers to, directly or not, by path.

    Raises:
        istandaarden.veilig.XmlGeweigerd: a file is refused by the hardened parser.
        Verwijsfout: a reference leads nowhere, or out of the package.
    """
    bomen: dict[str, etree._Element] = {}
    wachtrij = [naam]
    while wachtrij:
        hier = wachtrij.pop()
        if hier in bomen:
            continue
        bomen[hier] = parse_file(bestanden[hier])
        wachtrij += [follow(bestanden, hier, verwijzing) for _, verwijzing in references(bomen[hier])]
    return bomen


def follow(bestanden: Mapping[str, bytes], naam: str, verwijzing: str | None) -> str:
    """Give the path that a reference in the file `naam` points at; raises Verwijsfout when the package has no such."""
    if verwijzing is None:
        raise Verwijsfout("importeert iets zonder te zeggen welk bestand dat is (schemaLocation)")
    pad = resolve(naam, verwijzing)
    kort = printable(verwijzing)
    if pad is None:
        raise Verwijsfout(f"verwijst naar {kort}, buiten het pakket")
    if pad not in bestanden:
        raise Verwijsfout(f"verwijst naar {kort}, dat niet in het pakket zit")
    return pad


def _flatten(bomen: Mapping[str, etree._Element], naam: str) -> tuple[bytes, dict[str, bytes]]:
    """Write every file anew, named by number, with references to those names."""
    namen = {pad: f"{nummer}.xml" for nummer, pad in enumerate(bomen)}
    for pad, boom in bomen.items():
        for element, verwijzing in references(boom):
            element.set(_VERWIJZINGEN[str(element.tag)], namen[follow(dict.fromkeys(bomen, b""), pad, verwijzing)])
        for patroon in boom.iter(f"{XS}pattern"):
            patroon.set("value", SNELLER.get(patroon.get("value", ""), patroon.get("value", "")))
    teksten = {pad: etree.tostring(boom, encoding="UTF-8") for pad, boom in bomen.items()}
    return teksten[naam], {namen[pad]: tekst for pad, tekst in teksten.items() if pad != naam}
