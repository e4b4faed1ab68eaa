"""SQLite and the home folder; the only place with SQL."""
