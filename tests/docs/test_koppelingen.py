"""Every row of the failure tables names a test, and that test exists."""

from __future__ import annotations

import re
from pathlib import Path

_WORTEL = Path(__file__).parents[2]
_TEKST = (_WORTEL / "docs" / "koppelingen.md").read_text("utf-8")
_TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def test_the_tests_that_failure_tables_name_exist() -> None:
    genoemd = set(_TEST.findall(_TEKST))
    assert len(genoemd) > 8
    for bestand, naam in sorted(genoemd):
        assert re.search(rf"^(async )?def {naam}\(", (_WORTEL / bestand).read_text("utf-8"), re.MULTILINE), naam


def test_every_row_of_the_wlz_table_names_a_test() -> None:
    deel = _TEKST.split("## Wlz\n", 1)[1].split("\n## ", 1)[0]
    rijen = [regel for regel in deel.splitlines() if regel.startswith("| ") and not regel.startswith("| wat er")]
    assert len(rijen) > 10
    assert [rij for rij in rijen if not _TEST.search(rij)] == []
