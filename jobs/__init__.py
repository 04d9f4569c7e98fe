"""The portal's Django app; see `docs/architecture.md`."""
