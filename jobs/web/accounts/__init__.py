"""Sign-in, password and second factor, by django-allauth."""
