"""Attacks on a real server process of our own, over loopback, each beside an honest stream.

`tests/attacks` runs each for a second or two and checks how it was refused; `tests/tools/attack.py` runs them for as
long as it is told and writes the table of SECURITY.md.
"""
