#!/usr/bin/env bash
# The fuzz targets (fuzz/targets), with the toolchain that is there. A call is one of:
#   tools/fuzz.sh                      a short run of each but dkim and spf, over its seeds and on from them: what ./test does
#   tools/fuzz.sh TARGET [OPTION...]   one, with options of libFuzzer such as -max_total_time=1800; what it gathers is kept
#                                      in fuzz/corpus/TARGET and is no part of the repository
#   tools/fuzz.sh TARGET [OPTION...] FILE   one input again
# FUBAKO_FUZZ_ASAN=1: with AddressSanitizer and the nightly toolchain. FUBAKO_FUZZ_SECONDS: the length of a short run (5).
# A finding lies in fuzz/artifacts/TARGET.
set -euo pipefail
cd "$(dirname "$0")/../fuzz"
export CARGO_TARGET_DIR="${FUBAKO_FUZZ_TARGET_DIR:-$PWD/target}"
toolchain=()
# libFuzzer's instrumentation consists of LLVM's own options, which the stable compiler passes on.
flags="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4"
flags+=" -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table"
flags+=" -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0"
if [ "${FUBAKO_FUZZ_ASAN:-}" = 1 ]; then
    toolchain=(+nightly)
    flags+=" -Zsanitizer=address"
    CARGO_TARGET_DIR+="/asan"
fi
# They need the room with the most dependencies: too long a build for a short run.
long_only=" dkim spf "
features=()
if [[ "$long_only" == *" ${1:-} "* && $# -gt 0 ]]; then features=(--features trust); fi
host=$(rustc -vV | sed -n 's/^host: //p')
# With --target the flags do not reach build scripts and macros.
RUSTFLAGS="$flags" cargo "${toolchain[@]}" build --quiet --release --target "$host" --ignore-rust-version "${features[@]}"
programs="$CARGO_TARGET_DIR/$host/release"

limits=(-rss_limit_mb=1024 -timeout=120 -max_len=16384)
if [ $# -gt 0 ]; then
    target=$1
    shift
    mkdir -p "corpus/$target" "artifacts/$target"
    folders=("corpus/$target" "seeds/$target")
    for last in "$@"; do :; done
    if [ -f "${last:-}" ]; then folders=(); fi
    exec "$programs/$target" "${limits[@]}" -artifact_prefix="$PWD/artifacts/$target/" "${folders[@]}" "$@"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
for source in targets/*.rs; do
    target=$(basename "$source" .rs)
    if [[ "$long_only" == *" $target "* ]]; then continue; fi
    mkdir -p "artifacts/$target"
    # libFuzzer writes what it finds only into the first folder: the seeds stay as they are.
    gathered=$(mktemp -d)
    if "$programs/$target" "${limits[@]}" -max_total_time="${FUBAKO_FUZZ_SECONDS:-5}" -artifact_prefix="$PWD/artifacts/$target/" \
        -seed=1 -print_final_stats=1 "$gathered" "seeds/$target" >"$log" 2>&1; then
        printf '%s: %s runs\n' "$target" "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
        rm -rf "$gathered"
    else
        rm -rf "$gathered"
        grep -A 20 -m 1 -e panicked -e ERROR "$log" || tail -n 20 "$log"
        finding=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
        printf '\n%s found something. Again: tools/fuzz.sh %s %s\n' "$target" "$target" "${finding:-(no file)}"
        exit 1
    fi
done
