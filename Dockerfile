# Two images from one file: `app` (web, worker, beat, migrate) and `smsd` (the SMS gateway's daemon).
# They share the spool through one group: its folders are setgid, its files 0660.
FROM python:3.11-slim-bookworm AS app

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /opt/switchboard

COPY requirements/base.txt requirements/base.txt
RUN pip install --require-hashes -r requirements/base.txt

# For `manage.py backup` and `restore`: PostgreSQL's programs, of the major version that docker-compose.yml runs.
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends postgresql-client-15 \
 && rm -rf /var/lib/apt/lists/*

RUN groupadd --system --gid 2610 smsd \
 && useradd --system --uid 2611 --user-group --groups smsd --home-dir /var/lib/switchboard switchboard \
 && install -d -o switchboard -g switchboard -m 0750 /var/lib/switchboard \
 && install -d -o root -g smsd -m 2775 /var/spool/sms \
 && for folder in outgoing checked sent failed incoming report saved stats; do \
      install -d -o root -g smsd -m 2775 "/var/spool/sms/$folder"; done

COPY . .
RUN python -m compileall -q .

ENV VAR_DIR=/var/lib/switchboard ENV_FILE= PYTHONDONTWRITEBYTECODE=
USER switchboard
# Group-writable files, so that smsd can take what the worker hands over.
ENTRYPOINT ["/bin/sh", "-c", "umask 0007; exec \"$@\"", "--"]
CMD ["gunicorn", "config.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", "--workers", "2", "--threads", "8"]
EXPOSE 8000


FROM debian:bookworm-slim AS smsd

# The group first, with the number that the app image uses.
RUN groupadd --system --gid 2610 smsd \
 && apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends smstools \
 && rm -rf /var/lib/apt/lists/* \
 && for folder in . outgoing checked sent failed incoming report saved stats; do \
      install -d -o root -g smsd -m 2775 "/var/spool/sms/$folder"; done \
 && install -d -o smsd -g smsd /var/run/smstools

COPY docker/smsd.conf /etc/smsd.conf
COPY smsbridge/eventhandler /opt/switchboard/smsbridge/eventhandler

# smsd itself becomes the user smsd; as root it first opens the modem and its pid file.
CMD ["/usr/sbin/smsd", "-t", "-c/etc/smsd.conf"]
