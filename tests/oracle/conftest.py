"""Makes random berichten from the model and damages them in known ways, always the same for the same seed."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from lxml import etree

from istandaarden.catalogus import ingebouwd
from istandaarden.model import Berichtmodel, Element, Logisch, Logischsoort, Samengesteld

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
XML = "{http://www.w3.org/XML/1998/namespace}"

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZéëïöüÀỳ"

EDGES = (
    *("", " ", "  ", "\t", "\n", "x", "0", "1", "01", "007", "00000000", "99999", "100000", "99999999", "100000000"),
    *(
        "999999999",
        "1000000000",
        "999999999999",
        "1000000000000",
        "9" * 40,
        "-1",
        "-0",
        "+5",
        "1.0",
        "1e3",
        "٣",
        "0x10",
    ),
    *("2025-02-29", "2024-02-29", "2025-04-31", "2025-4-1", "2025-04-30Z", "2025-04-30+01:00", "2025-04-30-05:00"),
    *(
        "0000-01-01",
        "0001-01-01",
        "-2025-01-01",
        "12025-01-01",
        "99999999999999999999-01-01",
        "2025-13-01",
        "30-04-2025",
    ),
    *(
        "20250430",
        " 2025-04-30 ",
        "2025-04-30T00:00:00",
        "24:00:00",
        "23:59:59",
        "23:59:60",
        "25:00:00",
        "12:00",
        "12:00:00.5",
    ),
    *(
        "12:00:00Z",
        "12:00:00+01:00",
        "1:00:00",
        "D",
        "C",
        "d",
        "JA",
        "NL",
        "nl",
        "0200",
        "0001",
        "ZZ",
        "00",
        "99",
        "AA",
    ),
    *(
        "1.0.0",
        "1.0",
        "01.0.0",
        "1.0.0.0",
        "10.20.30",
        "A",
        "aé",
        "a b",
        "a-b",
        "a1",
        "Ỳ",
        "ỳ",
        "ỹ",
        "e\u0301",
        "\u00a0",
        "\u2028",
    ),
    *(
        "regel een\nregel twee",
        "tab\ttab",
        " voor",
        "na ",
        "😀",
        "😀😀😀😀😀",
        "<&>",
        "]]>",
        ".",
        "...",
        "a" * 5000,
        " " * 5000,
    ),
    *("0384", "384", "03844", "O384", "999900006", "99990006", "42420001", "4242000", "424200011", "x" * 12, "x" * 13),
)


class Maker:
    """Makes berichten that the model allows."""

    def __init__(self, model: Berichtmodel, dice: random.Random) -> None:
        self.model, self.dice = model, dice

    def make(self) -> etree._Element:
        soort, basis = self.model.soort, self.model.basis
        nsmap = {soort.code.lower(): soort.naamruimte, basis.standaard: basis.naamruimte}
        root = etree.Element(f"{{{soort.naamruimte}}}Bericht", nsmap=nsmap)
        self._fill(root, self.model.wortel)
        return root

    def _fill(self, parent: etree._Element, soort: Samengesteld) -> None:
        for element in soort.elementen:
            if not element.verplicht and self.dice.random() < 0.4:
                continue
            for _ in range(self.dice.choice((1, 1, 2, 3)) if element.herhaalbaar else 1):
                child = etree.SubElement(parent, f"{{{soort.naamruimte}}}{element.naam}")
                if isinstance(element.type, Samengesteld):
                    self._fill(child, element.type)
                else:
                    child.text = self.value(element)

    def value(self, element: Element) -> str:
        """A value that is allowed."""
        soort, dice = element.type, self.dice
        assert isinstance(soort, Logisch)
        if element.vast is not None:
            return element.vast
        match soort.soort:
            case Logischsoort.CODE:
                return dice.choice(list(soort.waarden))
            case Logischsoort.DATUM:
                return f"{dice.randint(1900, 2100)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}"
            case Logischsoort.TIJD:
                return f"{dice.randint(0, 23):02}:{dice.randint(0, 59):02}:{dice.randint(0, 59):02}"
            case Logischsoort.GEHEEL:
                hoogste = element.maximaal or soort.maximaal or 9
                return str(dice.choice((0, 1, hoogste, dice.randint(0, hoogste))))
            case _:
                return self._text(element, soort)

    def _text(self, element: Element, soort: Logisch) -> str:
        digits = lambda n: "".join(self.dice.choices("0123456789", k=n))  # noqa: E731 - a one-line helper
        patroon = element.patroon or soort.patroon
        regel = patroon.uitdrukking if patroon else ""
        if re.fullmatch(r"\d+(\|\d+)+", regel):
            return self.dice.choice(regel.split("|"))
        if regel.startswith("NL"):
            return f"NL{digits(9)}B{digits(2)}"
        if regel.startswith("(0{8})"):
            return self.dice.choice(("00000000", f"98{self.dice.randint(1, 999999):06}"))
        if regel.startswith("[0-9]{"):
            return digits(int(regel[6]))
        if regel == "[0-9]*":
            return digits(self.dice.randint(1, soort.maximaal or 9))
        if "\\." in regel:
            return f"{self.dice.randint(0, 20)}.{self.dice.randint(0, 9)}.{self.dice.randint(0, 9)}"
        length = self.dice.choice((1, soort.maximaal or 300, self.dice.randint(1, soort.maximaal or 300)))
        letters = "abcXYZ019" if "a-zA-Z0-9" in regel else _LETTERS
        return "".join(self.dice.choices(letters, k=length))


class Breaker:
    """Changes a bericht in one of many ways; some leave it valid."""

    def __init__(self, model: Berichtmodel, dice: random.Random) -> None:
        self.model, self.dice = model, dice
        self.maker = Maker(model, dice)
        types = [*model.classes(), *model.basis.composieten.values()]
        self.simple = {e.naam: e for t in types for e in t.elementen if isinstance(e.type, Logisch)}
        self.names = sorted({e.naam for t in types for e in t.elementen})
        self.kinds: list[tuple[int, Callable[[list[etree._Element]], None]]] = [
            (6, self.other_value),
            (5, self.edge_value),
            (2, self.length_value),
            (2, self.pad_value),
            (2, self.foreign_code),
            (2, self.delete),
            (2, self.duplicate),
            (2, self.swap),
            (1, self.move),
            (2, self.rename),
            (2, self.namespace),
            (1, self.attribute),
            (1, self.loose_text),
            (1, self.nest),
            (1, self.white_space),
            (1, self.empty),
        ]

    def damage(self, root: etree._Element) -> str:
        """Change a tree once and say how."""
        elements = list(root.iter(etree.Element))
        weights = [weight for weight, _ in self.kinds]
        (_, change), *_ = self.dice.choices(self.kinds, weights)
        change(elements)
        return change.__name__

    def _leaf(self, elements: list[etree._Element]) -> etree._Element:
        leaves = [element for element in elements if not len(element)]
        return self.dice.choice(leaves)

    def _inner(self, elements: list[etree._Element]) -> etree._Element:
        return self.dice.choice(elements[1:] or elements)

    def other_value(self, elements: list[etree._Element]) -> None:
        leaf = self._leaf(elements)
        element = self.simple.get(etree.QName(leaf).localname)
        leaf.text = self.maker.value(element) if element else "x"

    def edge_value(self, elements: list[etree._Element]) -> None:
        self._leaf(elements).text = self.dice.choice(EDGES)

    def length_value(self, elements: list[etree._Element]) -> None:
        leaf = self._leaf(elements)
        element = self.simple.get(etree.QName(leaf).localname)
        limit = element.type.maximaal if element and isinstance(element.type, Logisch) else None
        leaf.text = self.dice.choice("1a") * max(0, min(limit or 9, 999) + self.dice.choice((-1, 0, 1)))

    def pad_value(self, elements: list[etree._Element]) -> None:
        leaf, pad = self._leaf(elements), self.dice.choice((" ", "\n", "\t", "\u00a0", "  "))
        leaf.text = self.dice.choice((pad + (leaf.text or ""), (leaf.text or "") + pad, (leaf.text or "").swapcase()))

    def foreign_code(self, elements: list[etree._Element]) -> None:
        lists = [t for t in self.model.basis.logisch.values() if t.waarden]
        self._leaf(elements).text = self.dice.choice(list(self.dice.choice(lists).waarden))

    def delete(self, elements: list[etree._Element]) -> None:
        victim = self._inner(elements)
        if (parent := victim.getparent()) is not None:
            parent.remove(victim)

    def duplicate(self, elements: list[etree._Element]) -> None:
        victim = self._inner(elements)
        if (parent := victim.getparent()) is not None:
            parent.insert(parent.index(victim) + self.dice.choice((0, 1, 2)), copy.deepcopy(victim))

    def swap(self, elements: list[etree._Element]) -> None:
        parents = [element for element in elements if len(element) > 1]
        if parents:
            parent = self.dice.choice(parents)
            child = self.dice.choice(list(parent))
            parent.remove(child)
            parent.insert(self.dice.randint(0, len(parent)), child)

    def move(self, elements: list[etree._Element]) -> None:
        victim, goal = self._inner(elements), self._inner(elements)
        if victim.getparent() is not None and victim not in list(goal.iterancestors()) and victim is not goal:
            goal.insert(self.dice.randint(0, len(goal)), victim)

    def rename(self, elements: list[etree._Element]) -> None:
        victim = self.dice.choice(elements)
        name = etree.QName(victim)
        other = self.dice.choice((self.dice.choice(self.names), name.localname.lower(), name.localname + "x", "Bsn"))
        victim.tag = f"{{{name.namespace}}}{other}" if name.namespace else other

    def namespace(self, elements: list[etree._Element]) -> None:
        victim = self.dice.choice(elements)
        spaces = (self.model.soort.naamruimte, self.model.basis.naamruimte, "urn:x", "")
        space = self.dice.choice(spaces)
        for element in victim.iter() if self.dice.random() < 0.3 else [victim]:
            name = etree.QName(element).localname
            element.tag = f"{{{space}}}{name}" if space else name

    def attribute(self, elements: list[etree._Element]) -> None:
        victim = self.dice.choice(elements)
        name, value = self.dice.choice(
            (
                ("versie", "1"),
                (f"{XML}lang", "nl"),
                (f"{XML}space", "preserve"),
                (f"{XSI}schemaLocation", "urn:x http://127.0.0.1:9/x.xsd"),
                (f"{XSI}noNamespaceSchemaLocation", "file:///etc/passwd"),
                (f"{XSI}nil", "true"),
                (f"{XSI}nil", "false"),
                (f"{XSI}type", f"{self.model.basis.standaard}:LDT_Commentaar"),
                (f"{XSI}type", f"{self.model.soort.code.lower()}:Client"),
                ("{urn:x}vreemd", "x"),
            )
        )
        victim.set(name, value)

    def loose_text(self, elements: list[etree._Element]) -> None:
        victim = self.dice.choice(elements)
        victim.tail = self.dice.choice(("x", " \n\t", "\u00a0", "0"))

    def nest(self, elements: list[etree._Element]) -> None:
        victim = self.dice.choice(elements)
        etree.SubElement(victim, f"{{{self.model.soort.naamruimte}}}{self.dice.choice(self.names)}").text = "1"

    def white_space(self, elements: list[etree._Element]) -> None:
        for element in elements:
            if len(element):
                element.text = "\n  "
            if element.getparent() is not None:
                element.tail = "\r\n\t "

    def empty(self, elements: list[etree._Element]) -> None:
        victim = self._inner(elements)
        for child in list(victim):
            victim.remove(child)
        victim.text = None


@pytest.fixture
def damaged() -> Callable[[Berichtmodel, list[etree._Element], int, str], Iterator[tuple[str, etree._Element]]]:
    """Gives `count` berichten of a berichtsoort, made from the model and the samples, changed zero to three times."""

    def berichten(
        model: Berichtmodel, samples: list[etree._Element], count: int, seed: str
    ) -> Iterator[tuple[str, etree._Element]]:
        dice = random.Random(f"{seed}-{model.soort.code}")  # noqa: S311 - must repeat
        maker, breaker = Maker(model, dice), Breaker(model, dice)
        sources = [*samples, *(maker.make() for _ in range(1 + count // 8))]
        for number in range(count):
            root = copy.deepcopy(dice.choice(samples if samples and number % 4 == 0 else sources))
            kinds = [breaker.damage(root) for _ in range(dice.choice((0, 1, 1, 1, 1, 2, 3)))]
            yield f"{model.soort.code} {number} {'+'.join(kinds)}", root

    return berichten


Key = tuple[str, str, str]
"""Standaard, release and code of a berichtsoort."""


@pytest.fixture(scope="session")
def reconstructie(corpus: Path) -> Path:
    """Folder of facts with our reconstruction of iPgb: its schemas and examples."""
    plek = corpus.parent / "facts" / "ipgb"
    if not plek.is_dir():
        pytest.skip(f"facts absent: {plek}")
    return plek


@pytest.fixture(scope="session")
def published(corpus: Path, reconstructie: Path) -> dict[Key, Path]:
    """The published schema of each berichtsoort; seven of iWmo 3.2 are derived, those of iPgb our reconstruction."""
    gevonden = {("ipgb", "2.1", pad.stem): pad for pad in reconstructie.glob("reconstructie-xsd/*.xsd")}
    for pad in corpus.glob("xsd/*/*/*.xsd"):
        standaard, release = pad.parts[-3], pad.parts[-2].removesuffix("-afgeleid")
        gevonden[standaard, release, pad.stem] = pad
    return {key: pad for key, pad in gevonden.items() if key[2] != "basisschema"}


@pytest.fixture(scope="session")
def samples(corpus: Path, reconstructie: Path) -> dict[Key, list[etree._Element]]:
    """The sample berichten of each berichtsoort."""
    catalogus = ingebouwd()
    gevonden: dict[Key, list[etree._Element]] = {}
    for pad in sorted([*corpus.glob("berichten/*/*/*.xml"), *reconstructie.glob("voorbeelden/*.xml")]):
        root = etree.fromstring(pad.read_bytes())
        soort = catalogus.by_namespace(etree.QName(root).namespace)
        assert soort is not None, pad
        gevonden.setdefault((soort.standaard, soort.release, soort.code), []).append(root)
    return gevonden
