#!/usr/bin/env bash
# Licences, sources and banned crates. (Advisories need a database from the network: run `cargo deny check` for those.)
set -euo pipefail
cd "$(dirname "$0")/.."
TOOLS="${FUBAKO_TEST_TOOLS:-$HOME/.cache/fubako-test-tools}"
if ! command -v cargo-deny >/dev/null && [ ! -x "$TOOLS/bin/cargo-deny" ]; then
    CARGO_TARGET_DIR="$TOOLS/build" cargo install cargo-deny --version "^0.20" --locked --root "$TOOLS"
    rm -rf "$TOOLS/build"
fi
PATH="$TOOLS/bin:$PATH" cargo deny --log-level error check bans licenses sources
