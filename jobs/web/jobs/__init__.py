"""The page of a job: explanation and timeline of its state, effective job, log, and the children of an array."""
