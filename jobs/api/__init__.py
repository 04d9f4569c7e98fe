"""The HTTP API, for programs with a team's token; see `docs/api.md`."""
