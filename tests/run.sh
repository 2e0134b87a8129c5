# The project's tests, run by `./sereno test [--fast] [--vm]`; read by the launcher, whose functions it uses.
# shellcheck shell=bash

# Everything the full tests need from the distribution, in one place. The servers are the same ones that `up` installs.
TEST_PACKAGES=(
    nginx-light mariadb-server prometheus prometheus-alertmanager prometheus-node-exporter prometheus-mysqld-exporter
    prometheus-nginx-exporter prometheus-blackbox-exporter prometheus-process-exporter
    chromium fonts-dejavu-core shellcheck openssl curl procps iproute2 gnupg dpkg-dev apt-utils
    docker.io docker-compose mmdebstrap iptables
)
TEST_PROGRAMS=(
    nginx mariadbd prometheus prometheus-alertmanager prometheus-node-exporter prometheus-mysqld-exporter
    prometheus-nginx-exporter prometheus-blackbox-exporter prometheus-process-exporter
    chromium shellcheck openssl curl ps ip gpg dpkg-deb apt-ftparchive dockerd docker-compose mmdebstrap iptables
)

run_tests() {
    local fast=no vm=no
    while [ $# -gt 0 ]; do
        case "$1" in
            --fast) fast=yes ;;
            --vm) vm=yes ;;
            -h | --help)
                printf '%s\n' 'Usage: ./sereno test [--fast] [--vm] [PYTEST ARGUMENTS …]' '' \
                    '  Passes the tests of this project, apart from any running stack.' '' \
                    '  --fast  lint, types, layers and unit tests: no servers, under a minute' \
                    '  --vm    also the Vagrant machine: minutes'
                exit 0
                ;;
            *) break ;;
        esac
        shift
    done
    export PATH=$PATH:/usr/sbin:/sbin
    export PYTHONPATH=$SERENO_ROOT/src PYTHONDONTWRITEBYTECODE=1
    local environment=$SERENO_HOME/venv-test
    make_environment "$environment" "$SERENO_ROOT/requirements-dev.lock"
    cd "$SERENO_ROOT" || exit 1
    local bin=$environment/bin
    step "lint and format"
    "$bin/ruff" check --quiet . && "$bin/ruff" format --quiet --check . || fail "ruff found something" "$bin/ruff check . ; $bin/ruff format ."
    step "types"
    "$bin/mypy" || fail "mypy found something" "mend the lines above"
    step "layers"
    "$bin/lint-imports" --no-cache >/dev/null || { "$bin/lint-imports" --no-cache; fail "the layers are broken" "mend the imports above"; }
    step "rendered files"
    "$bin/python" -m sereno.cli render --check || fail "rendered files are stale" "./sereno render"
    if [ "$fast" = yes ]; then
        exec "$bin/python" -m pytest -q tests/unit "$@"
    fi
    install_test_packages
    if [ "$vm" = yes ]; then
        exec "$bin/python" -m pytest "$@"
    fi
    exec "$bin/python" -m pytest -m "not vm" "$@"
}

# Installs what is missing; the launcher asks for nothing more than root or sudo. Services are kept from starting.
install_test_packages() {
    local program missing=no
    for program in "${TEST_PROGRAMS[@]}"; do command -v "$program" >/dev/null || missing=yes; done
    [ "$missing" = yes ] || return 0
    install_packages "${TEST_PACKAGES[@]}"
}
