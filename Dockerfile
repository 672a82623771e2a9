# Two targets from one file:  docker build --target cpu .    docker build --target cuda .
FROM python:3.12-slim AS base
ENV ORT_DISABLE_TELEMETRY=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    NUMBA_CACHE_DIR=/var/cache/fluoropose/numba \
    FLUOROPOSE_CACHE=/var/cache/fluoropose
RUN useradd --uid 1000 --create-home fluoropose && mkdir -p /var/cache/fluoropose/numba /cases /models \
    && chown -R fluoropose /var/cache/fluoropose /cases /models
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY service service
COPY models models

FROM base AS built
RUN pip install . && rm -rf /src/*
WORKDIR /

FROM built AS cpu
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

FROM built AS cuda
# CUDA and cuDNN come as wheels that fit this onnxruntime-gpu, and numba-cuda's compiler; the host brings the driver.
RUN pip install "onnxruntime-gpu[cuda,cudnn]" "numba-cuda[cu13]>=0.30"
ENV FLUOROPOSE_DEVICE=cuda NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
USER 1000
EXPOSE 8000 8001
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
ENTRYPOINT ["fluoropose"]
CMD ["serve", "--host", "0.0.0.0", "--behind-proxy"]
