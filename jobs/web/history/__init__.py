"""The list of a team's jobs and its filters."""
