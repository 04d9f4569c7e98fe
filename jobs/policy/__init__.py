"""Whether something is allowed: `grants` reads the database once, `rules` compares plain values."""
