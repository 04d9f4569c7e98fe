"""Sign-in, password and second factor: django-allauth's flow with the portal's pages and texts.

Only the views in `urls` exist; there is no sign-up. An identity provider (OIDC) would be added here: allauth's views
in `urls`, its settings in `portal.settings`, and its second factor in `jobs.second_factor`.
"""
