# One image for web, worker and clock, which differ only in their command (see compose.yaml).
FROM python:3.13-slim

ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PORTAL_MODE=production \
    STATIC_ROOT=/srv/static

RUN useradd --system --uid 10001 --create-home portal && install --directory --owner portal /state
WORKDIR /srv/portal

COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

COPY manage.py ./
COPY portal ./portal
COPY jobs ./jobs
COPY templates ./templates
COPY static ./static
# The library for Terraform keeps its grammar beside its code, which the portal's user can't write.
RUN PYTHONDONTWRITEBYTECODE= python jobs/spec/parsing/hcl_process.py </dev/null
# Needs no secrets.
RUN python manage.py collectstatic --no-input

USER portal
EXPOSE 8000
# Health checks on this port: /livez (restart it?) and /readyz (route requests to it?); compose.yaml uses /readyz.
# Exec form: SIGTERM reaches gunicorn, which finishes its requests.
CMD ["gunicorn", "portal.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "8", "--graceful-timeout", "30", "--no-control-socket", "--worker-tmp-dir", "/dev/shm"]
