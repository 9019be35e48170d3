# Any Debian will do; both stages use the same one.
ARG BASE=debian:bookworm-slim

FROM ${BASE} AS build
ARG BUN_VERSION=1.4.5
# Where npm is to look, if not where it looks by itself.
ARG NPM_REGISTRY=
ARG COMMIT=image
# Bun trusts its own list of authorities; this adds those of the base image, such as a company's.
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
RUN apt-get update -qq \
 && apt-get install -y -qq --no-install-recommends ca-certificates npm \
 && rm -rf /var/lib/apt/lists/*
RUN case "$(dpkg --print-architecture)" in arm64) cpu=aarch64 ;; *) cpu=x64 ;; esac \
 && if [ -n "${NPM_REGISTRY}" ]; then npm config set registry "${NPM_REGISTRY}"; fi \
 && npm pack --silent --pack-destination /tmp "@oven/bun-linux-${cpu}@${BUN_VERSION}" \
 && tar -xzf /tmp/oven-bun-linux-*.tgz -C /usr/local/bin --strip-components=2 package/bin/bun
WORKDIR /build
COPY package.json bun.lock ./
RUN bun install --frozen-lockfile --production --ignore-scripts --silent
COPY . .
RUN COMMIT="${COMMIT}" bun scripts/build.ts /build/linkstead

FROM ${BASE}
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin linkstead \
 && install --directory --owner=linkstead --group=linkstead --mode=700 /data
COPY --from=build /build/linkstead /usr/local/bin/linkstead
ENV DATA_DIR=/data
USER 10001:10001
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["linkstead", "healthcheck"]
ENTRYPOINT ["linkstead"]
CMD ["serve"]
