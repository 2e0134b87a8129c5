#!/bin/bash
# Does what the official image's documentation promises of its entry point:
#   - arguments alone are options for mariadbd; other commands run as they are;
#   - started as root, hands its folders to the user mysql and goes on as that user;
#   - in an empty data folder makes the database: root's password, MARIADB_DATABASE, MARIADB_USER and
#     MARIADB_PASSWORD (each also as NAME_FILE, and with MYSQL_ in front), time zones, the health check's user, then
#     /docker-entrypoint-initdb.d in order of name;
#   - in a full data folder does nothing of that.
# Not done: password hashes, replication, restoring backups, MARIADB_AUTO_UPGRADE.
set -euo pipefail
shopt -s nullglob

note() { echo "$(date --rfc-3339=seconds) [Note] [Entrypoint]: $*"; }
refuse() {
    echo "$(date --rfc-3339=seconds) [ERROR] [Entrypoint]: $*" >&2
    exit 1
}

# NAME, or the contents of the file that NAME_FILE names, is put into NAME; both at once is an error.
from_file() {
    local name=$1 file=${1}_FILE
    if [ -n "${!file:-}" ]; then
        [ -z "${!name:-}" ] || refuse "Both $name and $file are set (but are exclusive)"
        [ -r "${!file}" ] || refuse "$file is ${!file}, which user $(id -u) can not read"
        export "$name=$(< "${!file}")"
        unset "$file"
    fi
    export "$name=${!name:-${2:-}}"
}

# The value under MARIADB_ or, failing that, under MYSQL_, is put into both.
either() {
    from_file "MYSQL_$1" "${2:-}"
    from_file "MARIADB_$1" "$(eval "echo \"\$MYSQL_$1\"")"
    export "MYSQL_$1=$(eval "echo \"\$MARIADB_$1\"")"
}

# One value of the server's configuration, as options and files together make it.
configured() {
    printf '%s\n' "$configuration" |
        awk -v wanted="$1" '!found && $1 == wanted && /^[^ \t]/ { sub(/^[^ \t]+[ \t]+/, ""); print; found = 1 }'
}

quoted() {
    local text=${1//\\/\\\\}
    echo "'${text//\'/\\\'}'"
}

sql() {
    MYSQL_PWD=${root_password_is_set:+$MARIADB_ROOT_PASSWORD} mariadb --protocol=socket --user=root --skip-ssl \
        --socket="$socket" ${MARIADB_DATABASE:+--database="$MARIADB_DATABASE"} "$@"
}

system_sql() { MARIADB_DATABASE=mysql sql "$@"; }

make_accounts() {
    local health
    health=$(pwgen --numerals --capitalize -1 32)
    {
        echo "SET @@SESSION.SQL_LOG_BIN = 0;"
        echo "DROP USER IF EXISTS root@'127.0.0.1', root@'::1', root@$(quoted "$(uname -n)");"
        echo "ALTER USER root@localhost IDENTIFIED BY $(quoted "$MARIADB_ROOT_PASSWORD");"
        if [ -n "$MARIADB_ROOT_HOST" ] && [ "$MARIADB_ROOT_HOST" != localhost ]; then
            echo "CREATE USER root@$(quoted "$MARIADB_ROOT_HOST") IDENTIFIED BY $(quoted "$MARIADB_ROOT_PASSWORD");"
            echo "GRANT ALL ON *.* TO root@$(quoted "$MARIADB_ROOT_HOST") WITH GRANT OPTION;"
        fi
        for host in 127.0.0.1 ::1 localhost; do
            echo "CREATE USER healthcheck@'$host' IDENTIFIED BY '$health';"
            echo "GRANT ${MARIADB_HEALTHCHECK_GRANTS:-USAGE} ON *.* TO healthcheck@'$host';"
        done
        [ -z "$MARIADB_DATABASE" ] || echo "CREATE DATABASE IF NOT EXISTS \`$MARIADB_DATABASE\`;"
        if [ -n "$MARIADB_USER" ] && [ -n "$MARIADB_PASSWORD" ]; then
            echo "CREATE USER $(quoted "$MARIADB_USER")@'%' IDENTIFIED BY $(quoted "$MARIADB_PASSWORD");"
            [ -z "$MARIADB_DATABASE" ] ||
                echo "GRANT ALL ON \`${MARIADB_DATABASE//_/\\_}\`.* TO $(quoted "$MARIADB_USER")@'%';"
        fi
    } | system_sql
    root_password_is_set=yes
    (umask 077 && printf '[mariadb-client]\nport=%s\nsocket=%s\nuser=healthcheck\npassword=%s\n' \
        "$port" "$socket" "$health" > "${data%/}/.my-healthcheck.cnf")
}

run_init_files() {
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        note "running $file"
        case $file in
            *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
            *.sql) sql < "$file" ;;
            *.sql.gz) gunzip -c "$file" | sql ;;
            *.sql.xz) xz -dc "$file" | sql ;;
            *.sql.zst) zstd -dc "$file" | sql ;;
            *) note "ignoring $file" ;;
        esac
    done
}

await_server() {
    local _
    for _ in {1..150}; do
        system_sql <<< 'SELECT 1' > /dev/null 2>&1 && return
        kill -0 "$1" 2> /dev/null || break
        sleep 0.2
    done
    refuse "Unable to start server."
}

make_database() {
    if [ -n "${MARIADB_RANDOM_ROOT_PASSWORD:-${MYSQL_RANDOM_ROOT_PASSWORD:-}}" ]; then
        MARIADB_ROOT_PASSWORD=$(pwgen --numerals --capitalize -1 32)
        note "GENERATED ROOT PASSWORD: $MARIADB_ROOT_PASSWORD"
    fi
    [ -n "$MARIADB_ROOT_PASSWORD" ] ||
        [ -n "${MARIADB_ALLOW_EMPTY_ROOT_PASSWORD:-${MYSQL_ALLOW_EMPTY_PASSWORD:-}}" ] ||
        refuse "The database is empty: set MARIADB_ROOT_PASSWORD, or allow a random or an empty one"
    note "Initializing database files"
    mariadb-install-db --datadir="$data" --rpm --auth-root-authentication-method=normal "${@:2}" --cross-bootstrap \
        --skip-test-db --default-time-zone=SYSTEM --enforce-storage-engine= --skip-log-bin > /dev/null
    note "Starting temporary server"
    "$@" --skip-networking --default-time-zone=SYSTEM --socket="$socket" --wsrep_on=OFF --skip-slave-start &
    local server=$!
    await_server "$server"
    if [ -z "${MARIADB_INITDB_SKIP_TZINFO:-${MYSQL_INITDB_SKIP_TZINFO:-}}" ]; then
        mariadb-tzinfo-to-sql --skip-write-binlog /usr/share/zoneinfo 2> /dev/null | system_sql
    fi
    make_accounts
    run_init_files
    note "Stopping temporary server"
    kill "$server"
    wait "$server"
    note "MariaDB init process done. Ready for start up."
}

case ${1:-} in -*) set -- mariadbd "$@" ;; esac
wants_help=
for word; do case $word in -'?' | --help | --print-defaults | -V | --version) wants_help=yes ;; esac; done

if { [ "${1:-}" = mariadbd ] || [ "${1:-}" = mysqld ]; } && [ -z "$wants_help" ]; then
    note "A stand-in for the official image: $("$1" --version)"
    looking=("$@" --verbose --help)
    configuration=$("${looking[@]}" 2> /dev/null) ||
        refuse "The server refuses its configuration: $("${looking[@]}" 2>&1 > /dev/null || true)"
    data=$(configured datadir)
    socket=$(configured socket)
    port=$(configured port)
    for name in DATABASE USER PASSWORD ROOT_PASSWORD; do either "$name"; done
    either ROOT_HOST %
    mkdir -p "$data" "$(dirname "$socket")"
    if [ "$(id -u)" = 0 ]; then
        find "$data" "$(dirname "$socket")" \! -user mysql -exec chown mysql: '{}' +
        note "Switching to dedicated user 'mysql'"
        exec gosu mysql "$0" "$@"
    fi
    [ -d "${data%/}/mysql" ] || make_database "$@"
fi
exec "$@"
