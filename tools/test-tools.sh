#!/usr/bin/env bash
# Installs what the tests need beside the Rust toolchain. A second run finds everything there and is instant.
#
#   tools/test-tools.sh
#
# Into the system, by apt-get (Debian, as root; else it says what is missing):
#   postfix, swaks          mail peers
#   chromium, its driver    the recipient's browser, with Japanese fonts
#   clamav-daemon           the virus scanner; the tests bring a signature database of their own
#   postgresql              initdb and postgres; the tests start one of their own
#   tnef                    another reader of winmail.dat
#   libmime-tools-perl, ripmime, mpack
#                           foreign readers of mail, to prove that no file is in what leaves
#   g++                     libFuzzer is C++
#   pebble                  an issuer of certificates (ACME)
#   curl, jq                the worked example of the API
# Into $FUBAKO_TEST_TOOLS (default ~/.cache/fubako-test-tools):
#   bin/s3s-fs              an S3 server over a folder
#   venv/                   Python with selenium, dkimpy, dnslib, schemathesis, pytest
#   node_modules/axe-core   the accessibility checker
# No daemon is started, and what is not ours is left alone.
set -euo pipefail

TOOLS=${FUBAKO_TEST_TOOLS:-$HOME/.cache/fubako-test-tools}
S3S_FS=0.14.1
AXE_CORE=4.14.1
PYTHON_PACKAGES=(selenium==4.51.0 dkimpy==1.1.8 pynacl==1.6.2 dnslib==0.9.26 pytest==9.2.0 schemathesis==4.32.5)
DEBIAN_PACKAGES=(postfix swaks chromium chromium-driver fonts-noto-cjk clamav-daemon postgresql tnef python3-venv openssl pebble
                 libmime-tools-perl ripmime mpack g++ curl jq)
# npm brings axe-core; one that is there already, from wherever, will do.
command -v npm >/dev/null || DEBIAN_PACKAGES+=(npm)

say() { printf 'test-tools: %s\n' "$*" >&2; }

# ---- Debian packages

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# Package scripts start a freshly installed daemon unless this file says no. One that is there already stays.
forbid_daemons() {
    local policy=/usr/sbin/policy-rc.d
    [[ -e $policy ]] && return
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
}

install_debian_packages() {
    local missing=() package
    for package in "${DEBIAN_PACKAGES[@]}"; do
        is_installed "$package" || missing+=("$package")
    done
    ((${#missing[@]})) || return 0
    if ((EUID != 0)); then
        say "not root: install these yourself (apt-get install --no-install-recommends ${missing[*]})"
        return 1
    fi
    say "apt-get install ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    # Postfix asks what kind of site this is; the tests bring a configuration of their own.
    debconf-set-selections <<<'postfix postfix/main_mailer_type select No configuration'
    # The PostgreSQL package would make a cluster that starts with the machine; the tests make their own.
    if [[ ! -e /etc/postgresql-common/createcluster.conf ]]; then
        mkdir -p /etc/postgresql-common
        echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
    fi
    forbid_daemons
    apt-get -qq update
    apt-get -qq install --no-install-recommends -y -o Dpkg::Options::=--force-confold "${missing[@]}" >/dev/null
}

# ---- tools of our own folder

install_s3s_fs() {
    [[ -x $TOOLS/bin/s3s-fs && $(cat "$TOOLS/s3s-fs.version" 2>/dev/null) == "$S3S_FS" ]] && return
    say "cargo install s3s-fs $S3S_FS (some minutes)"
    # A target folder of its own, so that the workspace's settings and locks are not touched; then removed.
    CARGO_TARGET_DIR=$TOOLS/target cargo install s3s-fs --version "$S3S_FS" --features binary --locked --force \
        --quiet --root "$TOOLS"
    rm -rf "$TOOLS/target"
    echo "$S3S_FS" >"$TOOLS/s3s-fs.version"
}

install_python_packages() {
    local wanted
    wanted=$(printf '%s\n' "${PYTHON_PACKAGES[@]}")
    [[ -x $TOOLS/venv/bin/python && $(cat "$TOOLS/venv/packages" 2>/dev/null) == "$wanted" ]] && return
    say "Python packages: ${PYTHON_PACKAGES[*]}"
    python3 -m venv --clear "$TOOLS/venv"
    "$TOOLS/venv/bin/python" -m pip install --quiet --disable-pip-version-check "${PYTHON_PACKAGES[@]}"
    printf '%s\n' "$wanted" >"$TOOLS/venv/packages"
}

install_axe_core() {
    local folder=$TOOLS/node_modules/axe-core scratch
    [[ $(cat "$folder/.version" 2>/dev/null) == "$AXE_CORE" ]] && return
    say "npm: axe-core $AXE_CORE"
    # npm pack fetches the one archive; nothing of it is run.
    scratch=$(mktemp -d "$TOOLS/npm.XXXXXX")
    (cd "$scratch" && npm pack --silent "axe-core@$AXE_CORE" >/dev/null && tar -xzf axe-core-*.tgz)
    rm -rf "$folder"
    mkdir -p "${folder%/*}"
    mv "$scratch/package" "$folder"
    rm -rf "$scratch"
    echo "$AXE_CORE" >"$folder/.version"
}

mkdir -p "$TOOLS"
# Two runs at once would tread on each other.
exec {lock}>"$TOOLS/.lock"
flock "$lock"
failed=0
install_debian_packages || failed=1
install_s3s_fs
install_python_packages
install_axe_core
((failed)) && exit 1
say "all there: $TOOLS"
