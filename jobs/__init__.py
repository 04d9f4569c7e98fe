"""The portal's Django app: documents become jobs in AWS Batch, and their state comes back.

`docs/architecture.md` has the flow of a job through the modules, and the layers of their imports.
"""
