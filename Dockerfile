# One image for every process of the portal; docker-compose.yml says which runs where.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
WORKDIR /portal
COPY requirements.lock requirements-dev.lock ./
RUN python -m venv /uv \
    && /uv/bin/pip install --quiet "uv==$(sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements-dev.lock)" \
    && python -m venv --without-pip /venv \
    && /uv/bin/uv pip sync --quiet --require-hashes --no-cache --python /venv/bin/python requirements.lock
COPY . .
# The throw-away key exists during this step only: collecting files signs nothing.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" ALLOWED_HOSTS=build.invalid \
    DJANGO_SETTINGS_MODULE=pmo_portal.settings.production PORTAL_HOME=/tmp/portal STATIC_ROOT=/portal/static-collected \
    /venv/bin/python manage.py collectstatic --noinput --verbosity 0

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin portal \
    && install --directory --owner portal --group portal /data
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=pmo_portal.settings.production \
    PORTAL_HOME=/data \
    STATIC_ROOT=/portal/static-collected
COPY --from=build /venv /venv
COPY --from=build /portal /portal
WORKDIR /portal
USER portal
VOLUME /data
EXPOSE 8000 8001
CMD ["gunicorn", "pmo_portal.wsgi", "--bind", "0.0.0.0:8000"]
