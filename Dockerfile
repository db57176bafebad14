# The program in an image: `action` uses the host's Docker Engine, `action-dind` can also be one.
# Right for BuildKit and for the classic builder.
ARG BASE_IMAGE=python:3.13-slim-bookworm

# hadolint ignore=DL3006
FROM ${BASE_IMAGE} AS build
COPY requirements/runtime.txt requirements/test-tools.txt /tmp/requirements/
RUN python3 -m venv /opt/mwaa-deploy/venv \
    && /opt/mwaa-deploy/venv/bin/python -m pip install --no-cache-dir --require-hashes -r /tmp/requirements/runtime.txt \
    && /opt/mwaa-deploy/venv/bin/python -m pip install --no-cache-dir --require-hashes --no-deps \
        --target /opt/mwaa-deploy/test-tools -r /tmp/requirements/test-tools.txt

# hadolint ignore=DL3006
FROM ${BASE_IMAGE} AS action
# hadolint ignore=DL3008
RUN if ! command -v git >/dev/null; then \
        apt-get update && apt-get install --yes --no-install-recommends git && rm -rf /var/lib/apt/lists/*; \
    fi
COPY --from=build /opt/mwaa-deploy /opt/mwaa-deploy
COPY images /opt/mwaa-deploy/images
COPY requirements/postgresql.txt requirements/test-tools.txt /opt/mwaa-deploy/requirements/
COPY src /opt/mwaa-deploy/src
# Nothing is compiled at run time: the container's user may not write here.
RUN /opt/mwaa-deploy/venv/bin/python -m compileall -q /opt/mwaa-deploy/src
COPY entrypoint/entrypoint.sh /opt/mwaa-deploy/entrypoint.sh
ENV PYTHONPATH=/opt/mwaa-deploy/src \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MWAA_DEPLOY_IMAGES=/opt/mwaa-deploy/images \
    MWAA_DEPLOY_TEST_TOOLS=/opt/mwaa-deploy/test-tools
ENTRYPOINT ["/opt/mwaa-deploy/entrypoint.sh"]
CMD ["run"]

FROM action AS action-dind
# hadolint ignore=DL3008
RUN apt-get update && apt-get install --yes --no-install-recommends docker.io iptables && rm -rf /var/lib/apt/lists/*
