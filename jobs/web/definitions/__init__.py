"""The catalogue: definitions that a team may use, as cards and each on its own page, and what people change of them."""
