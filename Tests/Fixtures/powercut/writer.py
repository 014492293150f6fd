# SPDX-License-Identifier: Apache-2.0
"""Writes rows into SQLite and acknowledges each on its standard output once it is committed.

usage: writer.py DATABASE FULL|OFF

With OFF nothing is synced, so the acknowledgements are worth nothing: a power cut must show it.
"""
import sqlite3
import sys

database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA synchronous=" + sys.argv[2])
database.execute("CREATE TABLE IF NOT EXISTS row (number INTEGER PRIMARY KEY)")
for number in range(1, 1_000_000):
    database.execute("INSERT INTO row VALUES (?)", (number,))
    print(number, flush=True)
