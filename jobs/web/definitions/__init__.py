"""The catalog of definitions a team may use: the list, the page of each, and edits."""
