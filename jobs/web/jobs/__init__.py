"""The pages of one job and of an array."""
