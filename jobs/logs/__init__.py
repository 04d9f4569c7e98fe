"""Log lines as plain values: chunks of a copied log, and search in them."""
