# Two stages: the first installs with uv, the second runs and holds nothing that builds.
# The tag names the series; building anew picks up its security fixes.
FROM python:3.11-slim-bookworm AS build
ENV UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy UV_NO_CACHE=1
RUN python -m pip install --no-cache-dir uv==0.13.8

# First what seldom changes, so that a change of the code does not install TensorFlow again.
WORKDIR /app
COPY requirements.lock ./
# With --build-arg GPL=off the image is without the packages that NOTICE names first.
ARG GPL=on
RUN uv venv --python python3 /opt/venv \
    && uv pip sync --python /opt/venv --require-hashes requirements.lock \
    && rm -rf /opt/venv/lib/python*/site-packages/tensorflow/include \
    && { [ "$GPL" = on ] || uv pip uninstall --python /opt/venv \
        av espeakng-loader pillow-heif piper-tts tesserocr; } \
    && python -m compileall -q -j 0 -x "/(tensorflow|keras)/" /opt/venv/lib

# The package stays where its migrations and its models store are: beside them, in /app.
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY api ./api
COPY migrations ./migrations
COPY models_store ./models_store
RUN uv pip install --python /opt/venv --no-deps --editable . \
    && python -m compileall -q /app/api


FROM python:3.11-slim-bookworm
# Percept's own code is under Apache-2.0; what the image has under the GPL and LGPL is in /app/NOTICE.
LABEL org.opencontainers.image.licenses="Apache-2.0 AND GPL-3.0-or-later AND LGPL-3.0-only"
RUN groupadd --gid 10001 percept \
    && useradd --uid 10001 --gid percept --no-log-init --no-create-home --home-dir /nonexistent \
        --shell /usr/sbin/nologin percept \
    && install --directory --owner percept --group percept --mode 700 /data /data/models
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    PERCEPT_DATA_DIR=/data
WORKDIR /app
VOLUME /data
EXPOSE 8000
USER 10001:10001
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health/live', timeout=4)"]
CMD ["percept", "serve"]
