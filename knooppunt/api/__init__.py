"""The API under `/api/v1`: what a partij may ask the hub, described in its own OpenAPI document.

A new resource is a module beside this one with its models and its `Eindpunt`s, and one line in `eindpunten.py`.
"""
