# syntax=docker/dockerfile:1.7
#
# The collector (`make image`), the auditor (`make image TARGET=auditor`), and the command line (`make image TARGET=trailkeep`). All run as a user without a name, need no writable file system
# but the auditor's /tmp, and hold one binary, glibc and the certificates of public authorities.
#
# glibc, not musl: the allocator is faster under load, and AWS-LC, SQLite and zstd build with gcc alone. Builder and runtime are of one Debian release,
# or the binary would ask for a newer glibc than there is.

FROM rust:1.95.0-slim-bookworm AS source
WORKDIR /src
ENV CARGO_PROFILE_RELEASE_STRIP=debuginfo \
    CARGO_TERM_COLOR=never
COPY Cargo.toml Cargo.lock ./
COPY shared shared
COPY services services
COPY tests tests
COPY bench bench

FROM source AS build-trailkeep
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --locked --release --package trailkeep --bin trailkeep \
    && install -D --mode=0755 target/release/trailkeep /out/trailkeep

FROM source AS build-collector
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --locked --release --package trailkeep-collector --bin trailkeep-collector \
    && install -D --mode=0755 target/release/trailkeep-collector /out/trailkeep-collector

FROM source AS build-auditor
RUN --mount=type=cache,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,target=/src/target,sharing=locked \
    cargo build --locked --release --package trailkeep-auditor --bin trailkeep-auditor \
    && install -D --mode=0755 target/release/trailkeep-auditor /out/trailkeep-auditor

FROM gcr.io/distroless/cc-debian12:nonroot AS trailkeep
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="trailkeep" \
      org.opencontainers.image.description="Keeps an AWS organization's CloudTrail: ingest, ask, restore." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY LICENSE /LICENSE
COPY --from=build-trailkeep /out/trailkeep /trailkeep
USER 65532:65532
ENTRYPOINT ["/trailkeep"]

FROM gcr.io/distroless/cc-debian12:nonroot AS auditor
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="trailkeep-auditor" \
      org.opencontainers.image.description="Proves without end that nothing is missing, heals what is, and says who is silent." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY LICENSE /LICENSE
COPY --from=build-auditor /out/trailkeep-auditor /trailkeep-auditor
# A day's sources are sorted there for its attestation, some 300 bytes each. A volume takes its mode from the image's folder, so that this user may write there.
VOLUME ["/tmp"]
USER 65532:65532
# SIGTERM ends the round between two steps and gives the lease back.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/trailkeep-auditor"]

# Last, so that it is what a build without --target makes.
FROM gcr.io/distroless/cc-debian12:nonroot AS collector
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="trailkeep-collector" \
      org.opencontainers.image.description="The worker of the audit account: lands what the queue announces." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY LICENSE /LICENSE
COPY --from=build-collector /out/trailkeep-collector /trailkeep-collector
USER 65532:65532
# SIGTERM drains; the platform must wait for longer than the drain's own deadline before it kills.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/trailkeep-collector"]
