"""Permissions of a team: `grants` reads the database once, the rules compare plain values."""
