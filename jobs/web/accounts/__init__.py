"""Sign-in, password and second factor: django-allauth's flow with the portal's pages and texts."""
