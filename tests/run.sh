# The project's tests, run by `./sereno test [--fast] [--vm]`; read by the launcher, whose functions it uses.
# shellcheck shell=bash

# Everything the full tests need from the distribution, in one place. The servers are the same ones that `up` installs.
TEST_PACKAGES=(
    nginx-light mariadb-server prometheus prometheus-alertmanager prometheus-node-exporter prometheus-mysqld-exporter
    prometheus-nginx-exporter prometheus-blackbox-exporter prometheus-process-exporter
    chromium fonts-dejavu-core shellcheck openssl curl procps iproute2 gnupg dpkg-dev apt-utils
    docker.io docker-compose mmdebstrap iptables systemd-container pebble
)
TEST_PROGRAMS=(
    nginx mariadbd prometheus prometheus-alertmanager prometheus-node-exporter prometheus-mysqld-exporter
    prometheus-nginx-exporter prometheus-blackbox-exporter prometheus-process-exporter
    chromium shellcheck openssl curl ps ip gpg dpkg-deb apt-ftparchive dockerd docker-compose mmdebstrap iptables
    systemd-nspawn
    pebble pebble-challtestsrv
)
# Services of others, for the tests of [[services]], come by pip and by npm; who has an npm of another origin keeps it.
if ! command -v npm >/dev/null; then
    TEST_PACKAGES+=(nodejs npm)
    TEST_PROGRAMS+=(npm)
fi
# Their own services would take the servers' ports; those that ran here before are left alone.
TEST_UNITS=(
    nginx.service mariadb.service mysql.service mysqld.service prometheus.service prometheus-alertmanager.service
    prometheus-node-exporter.service prometheus-mysqld-exporter.service prometheus-nginx-exporter.service
    prometheus-blackbox-exporter.service prometheus-process-exporter.service
)

run_tests() {
    local fast=no vm=no
    while [ $# -gt 0 ]; do
        case "$1" in
            --fast) fast=yes ;;
            --vm) vm=yes ;;
            -h | --help)
                printf '%s\n' 'Usage: ./sereno test [--fast] [--vm] [PYTEST ARGUMENTS …]' '' \
                    '  Passes the tests of this project, apart from any running stack; without arguments for pytest in' \
                    '  parts side by side.' '' \
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
    { "$bin/ruff" check --quiet . && "$bin/ruff" format --quiet --check .; } ||
        fail "ruff found something" "$bin/ruff check . ; $bin/ruff format ."
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
    if [ $# -gt 0 ]; then
        if [ "$vm" = yes ]; then exec "$bin/python" -m pytest "$@"; fi
        exec "$bin/python" -m pytest -m "not vm" "$@"
    fi
    "$bin/python" -m tests.equipment.side_by_side || exit
    # By itself: the machine is emulated, and every test beside it would be slow.
    if [ "$vm" = yes ]; then exec "$bin/python" -m pytest -m vm; fi
}

# Installs what is missing, by root or sudo, without letting it start services.
install_test_packages() {
    local program missing=no
    for program in "${TEST_PROGRAMS[@]}"; do command -v "$program" >/dev/null || missing=yes; done
    [ "$missing" = yes ] || return 0
    local as=() log
    if [ "$(id -u)" != 0 ]; then
        if ! sudo -n true 2>/dev/null && ! { [ -t 0 ] && sudo -v; }; then
            fail "the full tests need packages that are missing" "sudo ./sereno test, or ./sereno test --fast"
        fi
        as=(sudo env "PYTHONPATH=$PYTHONPATH")
    fi
    step "installing what the tests need: ${TEST_PACKAGES[*]}"
    log=$(mktemp)
    "${as[@]}" "$SERENO_HOME/venv-test/bin/python" -m sereno.outside.root_tasks packages --log "$log" \
        "${TEST_UNITS[@]/#/--unit=}" "${TEST_PACKAGES[@]}" >/dev/null || {
        tail -n 15 "$log" | sed 's/^/  | /' >&2
        fail "the packages cannot be installed" "check this machine's network and package sources, then run this again"
    }
    rm -f "$log"
}
