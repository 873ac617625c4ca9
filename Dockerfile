# The image of the action: Python, the packages of requirements.txt, this program, and nothing
# else. The first stage installs and collects, the second is what it collected.
#
# Another base is fine if it is Debian's, with Python 3.11 or newer and python3-venv.
ARG BASE=python:3.13.14-slim-bookworm@sha256:67a1e1f215ccda113cfc024e8639049257e88f273898f595b61476d128d387e8

FROM ${BASE} AS build
WORKDIR /build
COPY requirements.txt .
# pip stays outside of what it installs into. Wheels only: no code of a package runs here.
RUN python3 -m venv /build/pip \
    && python3 -m venv --without-pip /app \
    && /build/pip/bin/pip --python /app/bin/python install --no-cache-dir --no-compile \
       --disable-pip-version-check --require-hashes --only-binary=:all: -r requirements.txt
COPY galleria_action galleria_action
COPY entrypoint.py LICENSE /app/
COPY .ci/assemble_image.py .
RUN cp -R galleria_action "$(echo /app/lib/python*/site-packages)/" \
    && python3 assemble_image.py /app /image

# There is no shell in this image: inputs reach the program as they were given.
FROM scratch
ARG VERSION=
ARG REVISION=
LABEL org.opencontainers.image.title="Galleria deploy" \
      org.opencontainers.image.description="Publish a photo gallery to an S3-compatible bucket: plan first, then deploy." \
      org.opencontainers.image.source="https://github.com/galleria/deploy" \
      org.opencontainers.image.documentation="https://github.com/galleria/deploy#readme" \
      org.opencontainers.image.vendor="The Galleria developers" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /image /
ENV PATH=/app/bin:/usr/local/bin:/usr/bin:/bin \
    LANG=C.UTF-8 \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
WORKDIR /github/workspace
# No USER: GitHub's runner mounts the workspace and the files for outputs with the owner and modes
# of its own user, and requires docker actions to run as root to reach them. What the action
# leaves in the workspace it gives to the workspace's owner.
# https://docs.github.com/actions/reference/workflows-and-actions/dockerfile-support#user
#
# The path is whole because a job may change PATH; -I keeps the workspace off the import path.
ENTRYPOINT ["/app/bin/python", "-I", "/app/entrypoint.py"]
