#!/bin/bash
# Does what the official image's documentation promises of its entry point:
#   - arguments alone are options for mysqld; other commands run as they are;
#   - started as root, hands its folders to the user mysql and goes on as that user;
#   - in an empty data folder makes the database: root's password, MYSQL_DATABASE, MYSQL_USER and MYSQL_PASSWORD
#     (each also as NAME_FILE), time zones, then /docker-entrypoint-initdb.d in order of name;
#   - in a full data folder does nothing of that.
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

# One value of the server's configuration, as options and files together make it.
configured() {
    printf '%s\n' "$configuration" |
        awk -v wanted="$1" '!found && $1 == wanted && /^[^ \t]/ { sub(/^[^ \t]+[ \t]+/, ""); print; found = 1 }'
}

sql() {
    local password=${root_password_is_set:+$MYSQL_ROOT_PASSWORD}
    mysql --defaults-extra-file=<(printf '[client]\nuser=root\npassword="%s"\n' "$password") \
        --protocol=socket --socket="$socket" --comments ${MYSQL_DATABASE:+--database="$MYSQL_DATABASE"} "$@"
}

system_sql() { MYSQL_DATABASE=mysql sql "$@"; }

make_accounts() {
    system_sql <<SQL
SET @@SESSION.SQL_LOG_BIN = 0;
ALTER USER 'root'@'localhost' IDENTIFIED BY '$MYSQL_ROOT_PASSWORD';
$(if [ -n "$MYSQL_ROOT_HOST" ] && [ "$MYSQL_ROOT_HOST" != localhost ]; then
    echo "CREATE USER 'root'@'$MYSQL_ROOT_HOST' IDENTIFIED BY '$MYSQL_ROOT_PASSWORD';"
    echo "GRANT ALL ON *.* TO 'root'@'$MYSQL_ROOT_HOST' WITH GRANT OPTION;"
fi)
SQL
    root_password_is_set=yes
    if [ -n "$MYSQL_DATABASE" ]; then
        note "Creating database $MYSQL_DATABASE"
        system_sql <<< "CREATE DATABASE IF NOT EXISTS \`$MYSQL_DATABASE\`;"
    fi
    if [ -n "$MYSQL_USER" ] && [ -n "$MYSQL_PASSWORD" ]; then
        note "Creating user $MYSQL_USER"
        system_sql <<< "CREATE USER '$MYSQL_USER'@'%' IDENTIFIED BY '$MYSQL_PASSWORD';"
        [ -z "$MYSQL_DATABASE" ] ||
            system_sql <<< "GRANT ALL ON \`${MYSQL_DATABASE//_/\\_}\`.* TO '$MYSQL_USER'@'%';"
    fi
}

run_init_files() {
    local file
    for file in /docker-entrypoint-initdb.d/*; do
        note "running $file"
        case $file in
            *.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
            *.sql) sql < "$file" ;;
            *.sql.gz) gunzip -c "$file" | sql ;;
            *.sql.bz2) bunzip2 -c "$file" | sql ;;
            *.sql.xz) xz -dc "$file" | sql ;;
            *.sql.zst) zstd -dc "$file" | sql ;;
            *) note "ignoring $file" ;;
        esac
    done
}

make_database() {
    if [ -n "${MYSQL_RANDOM_ROOT_PASSWORD:-}" ]; then
        MYSQL_ROOT_PASSWORD=$(openssl rand -base64 24)
        note "GENERATED ROOT PASSWORD: $MYSQL_ROOT_PASSWORD"
    fi
    [ -n "$MYSQL_ROOT_PASSWORD" ] || [ -n "${MYSQL_ALLOW_EMPTY_PASSWORD:-}" ] ||
        refuse "The database is empty: set MYSQL_ROOT_PASSWORD, MYSQL_RANDOM_ROOT_PASSWORD or MYSQL_ALLOW_EMPTY_PASSWORD"
    [ "$MYSQL_USER" != root ] || refuse "MYSQL_USER is for another user than root"
    ls /docker-entrypoint-initdb.d > /dev/null
    note "Initializing database files"
    "$@" --initialize-insecure --default-time-zone=SYSTEM
    note "Starting temporary server"
    "$@" --daemonize --skip-networking --default-time-zone=SYSTEM --socket="$socket"
    if [ -z "${MYSQL_INITDB_SKIP_TZINFO:-}" ]; then
        mysql_tzinfo_to_sql /usr/share/zoneinfo 2> /dev/null |
            sed 's/Local time zone must be set--see zic manual page/FCTY/' | system_sql
    fi
    make_accounts
    run_init_files
    note "Stopping temporary server"
    mysqladmin --defaults-extra-file=<(printf '[client]\nuser=root\npassword="%s"\n' "$MYSQL_ROOT_PASSWORD") \
        --socket="$socket" shutdown
    note "MySQL init process done. Ready for start up."
}

case ${1:-} in -*) set -- mysqld "$@" ;; esac
wants_help=
for word; do case $word in -'?' | --help | --print-defaults | -V | --version) wants_help=yes ;; esac; done

if [ "${1:-}" = mysqld ] && [ -z "$wants_help" ]; then
    note "A stand-in for the official image: $(mysqld --version)"
    looking=("$@" --verbose --help --log-bin-index="$(mktemp -u)")
    configuration=$("${looking[@]}" 2> /dev/null) ||
        refuse "The server refuses its configuration: $("${looking[@]}" 2>&1 > /dev/null || true)"
    data=$(configured datadir)
    socket=$(configured socket)
    for name in MYSQL_DATABASE MYSQL_USER MYSQL_PASSWORD MYSQL_ROOT_PASSWORD; do from_file "$name"; done
    from_file MYSQL_ROOT_HOST %
    mkdir -p "$data" "$(dirname "$socket")"
    if [ "$(id -u)" = 0 ]; then
        find "$data" "$(dirname "$socket")" /var/lib/mysql-files \! -user mysql -exec chown --no-dereference mysql '{}' +
        note "Switching to dedicated user 'mysql'"
        exec gosu mysql "$0" "$@"
    fi
    [ -d "${data%/}/mysql" ] || make_database "$@"
fi
exec "$@"
