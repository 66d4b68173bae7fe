"""Fault drills: a fleet at a steady rate, one fault injected, held and healed, then the ledger over every hop.

`faults` is the table of what can be injected, `plan` draws a run from it, `runner` carries out one round, `check`
judges a round's history and is pure, `report` writes what a person and a program read.
"""
