# tenantlab in a container: docker build -t tenantlab . && docker run --rm -p 8000-8010:8000-8010 tenantlab
FROM python:3.11-slim AS build
WORKDIR /src
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.11-slim
LABEL org.opencontainers.image.title="tenantlab" \
      org.opencontainers.image.description="A local Okta org and Microsoft Entra tenant, federated; test values only" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /wheels /tmp/wheels
COPY constraints.txt /tmp/constraints.txt
RUN pip install --no-cache-dir --constraint /tmp/constraints.txt /tmp/wheels/*.whl \
 && rm -r /tmp/wheels /tmp/constraints.txt \
 && useradd --uid 10001 --create-home tenantlab \
 && install --directory --owner=tenantlab --mode=0755 /data
USER 10001
ENV TENANTLAB_DATA=/data PYTHONUNBUFFERED=1
VOLUME /data
# 443: every emulated name, by Host. 8000-8004: front, Okta, Graph, sign-in, control. 8006-8009: the last four over TLS. 8010: the proxy.
EXPOSE 443 8000-8010
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["tenantlab", "status"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["tenantlab"]
CMD ["up", "--data", "/data", "--bind", "0.0.0.0", "--i-know-these-are-test-passwords", "--port", "8000", "--https-port", "443"]
