# Two targets from one file:  docker build --target cpu .    docker build --target cuda .
# For a build that stays the same, give the base by its digest:  --build-arg BASE=python:3.12-slim@sha256:...
ARG BASE=python:3.12-slim
FROM ${BASE} AS base
ENV ORT_DISABLE_TELEMETRY=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    NUMBA_CACHE_DIR=/var/cache/fluoropose/numba \
    FLUOROPOSE_CACHE=/var/cache/fluoropose
RUN useradd --uid 1000 --create-home fluoropose && mkdir -p /var/cache/fluoropose/numba /cases /models \
    && chown -R fluoropose /var/cache/fluoropose /cases /models
WORKDIR /src

FROM base AS wheel
COPY pyproject.toml README.md LICENSE ./
COPY service service
COPY models models
RUN pip wheel --no-deps --wheel-dir /wheel .

# What is installed is what was locked: each file by its hash (requirements/lock makes the lists anew).
FROM base AS cpu-packages
RUN apt-get update && apt-get install -y --no-install-recommends binutils && python -m venv /opt/fluoropose
ENV PATH=/opt/fluoropose/bin:$PATH
COPY requirements/cpu.txt requirements/slim requirements/
RUN pip install --require-hashes --only-binary :all: -r requirements/cpu.txt
COPY --from=wheel /wheel /wheel
RUN pip install --no-deps /wheel/*.whl && requirements/slim /opt/fluoropose/lib/python3.*/site-packages \
    && pip uninstall --yes pip

FROM base AS cpu
COPY --from=cpu-packages /opt/fluoropose /opt/fluoropose
ENV PATH=/opt/fluoropose/bin:$PATH
WORKDIR /
ENV FLUOROPOSE_DEVICE=cpu
USER 1000
# Compiles the kernels and prepares the shipped objects, so that the first start is quick.
RUN fluoropose bench speed --object plate --runs 3 > /dev/null
EXPOSE 8000 8001
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
# Inside a container the address must be open; publish it to loopback only (-p 127.0.0.1:8000:8000) or behind a proxy.
ENTRYPOINT ["fluoropose"]
CMD ["serve", "--host", "0.0.0.0", "--behind-proxy"]

FROM base AS cuda
# CUDA and cuDNN come as wheels that fit this onnxruntime-gpu, and numba-cuda's compiler; the host brings the driver.
COPY requirements/cuda.txt requirements/cuda.txt
RUN pip install --require-hashes --only-binary :all: -r requirements/cuda.txt
COPY --from=wheel /wheel /wheel
RUN pip install --no-deps /wheel/*.whl && rm -rf /wheel /src/*
WORKDIR /
ENV FLUOROPOSE_DEVICE=cuda NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 1000
EXPOSE 8000 8001
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
ENTRYPOINT ["fluoropose"]
CMD ["serve", "--host", "0.0.0.0", "--behind-proxy"]
