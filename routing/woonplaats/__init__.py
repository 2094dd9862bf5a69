"""Woonplaatsbeginsel: which gemeente is responsible for the help to a youth (Jeugdwet art. 1.1, woonplaats).

A pure decision over typed facts: `bepaling.determine`. Fetching the facts is the work of an adapter, asking the
question that of `knooppunt`.
"""
