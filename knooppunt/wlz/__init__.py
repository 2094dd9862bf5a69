"""Wlz in a running hub: what is configured, the form of answers, and reading lists of clients."""
