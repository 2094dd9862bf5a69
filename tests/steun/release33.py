"""An invented release 3.3 as an operator writes it down: one element more, and one list that differs."""

from __future__ import annotations

NIEUW = """\
basis: iwmo-ijw-3.2.yaml
release: "3.3"
naamruimte: "http://www.istandaarden.nl/{standaard}/3_3/{bericht}/schema"
subversie: 3
berichten:
  "305":
    klassen:
      StartProduct: "ToewijzingNummer?, Product?, ToewijzingIngangsdatum Datum?, Begindatum Datum, Toelichting Commentaar, StatusAanlevering"
lijsten:
  COD467: {zonder: ["2"], met: {"4": nogmaals aangeleverd}}
"""  # noqa: E501 - an element list is one line
