"""Wlz: whether somebody has an indication for the Wet langdurige zorg, and telling a gemeente when that changes.

A gemeente may ask for a client of the Wmo 2015 only (`wetten`), gets `JA`, `NEE` or `ONBEKEND` (`oordeel`), and follows
its own clients with signals (`signaal`).
"""
