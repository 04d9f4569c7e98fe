"""Signing in and out, the password, and the second factor: django-allauth's steps, the portal's own pages and words.

Only the views that are listed in `urls` exist; nobody signs up by themselves. A provider of identities (OIDC) would
come in here: allauth's views of it among `urls`, its settings in `portal.settings`, its word for a second factor in
`jobs.second_factor`.
"""
