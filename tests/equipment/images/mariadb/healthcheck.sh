#!/bin/bash
# The two tests that compose files ask the official image's script for:
#   --connect               the server takes connections over TCP, which the temporary one of the set-up does not
#   --innodb_initialized    InnoDB has finished its recovery
# It logs in as the user that the entry point made for it. Other tests of the official script are refused.
set -euo pipefail

file=/var/lib/mysql/.my-healthcheck.cnf

ask() {
    mariadb --defaults-extra-file="$file" --skip-ssl --batch --skip-column-names "$@"
}

[ $# -gt 0 ] || { echo "At least one argument required" >&2; exit 1; }
[ -r "$file" ] || { echo "healthcheck: $file is not there yet, or not readable by user $(id -u)" >&2; exit 1; }
for test; do
    case $test in
        --connect) [ "$(ask --protocol=tcp --host=127.0.0.1 -e 'select @@skip_networking')" = 0 ] ;;
        --innodb_initialized)
            [ "$(ask --protocol=socket -e "select 1 from information_schema.ENGINES
                where engine = 'innodb' and support in ('YES', 'DEFAULT', 'ENABLED')")" = 1 ] ;;
        *) echo "healthcheck unknown option or test '$test'" >&2; exit 1 ;;
    esac || { echo "healthcheck ${test#--} failed" >&2; exit 1; }
done
