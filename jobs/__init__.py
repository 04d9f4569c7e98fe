"""The portal's Django app; `docs/architecture.md` has the flow of a job and the layers of imports."""
