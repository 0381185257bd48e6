"""Ledger: every fen, point and promise of a merchant, in double entry that only grows.

owns: ledger_account, ledger_transfer; the chart of accounts (`rules.CHART`)
promises: a transfer moves one amount between two accounts of one asset, once per key, whole or not
    at all; balances and versions move in the statement that writes the transfer; guarded accounts
    never fall below zero; transfers are never changed, corrections are new transfers that name the
    one they reverse. `reverse` is a door for whatever is booked wrongly; no room needs it yet.
    Audit M1, M2, M3, M4
publishes: nothing; money moves are told by the room that causes them
hears: nothing
"""
