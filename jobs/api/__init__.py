"""The HTTP API, for programs with an API token; see `docs/api.md`."""
