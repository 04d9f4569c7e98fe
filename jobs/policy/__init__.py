"""What a team may do: `grants` reads the database once, the rules compare plain values."""
