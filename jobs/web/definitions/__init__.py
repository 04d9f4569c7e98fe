"""The catalogue: what a team may use, as cards and each on a page of its own, and what people change of it."""
