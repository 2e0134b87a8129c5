#!/bin/bash
# Starts the database in its container, from the image of MySQL or of MariaDB.
#
# It replaces the image's own entry point, which takes a data folder for finished as soon as it exists, so that a
# first start killed half-way would leave a database without users for ever. Here the server's own tables are made
# beside their place and moved there when they are whole, and users and rights are set at every start.
set -euo pipefail

home=/var/lib/mysql
data=$home/data
config=/run/mysqld/my.cnf

# MySQL ignores a configuration that everybody may write, and a folder shared with a VirtualBox host shows every
# file like that. So it reads a copy.
cp /etc/sereno/my.cnf "$config"
chmod 600 "$config"

if command -v mariadbd >/dev/null; then
    kind=MariaDB
    server=mariadbd
    make_tables() {
        mariadb-install-db --defaults-file="$config" --datadir="$1" --auth-root-authentication-method=normal \
            --skip-test-db --skip-log-bin >"$home/setup.log" 2>&1
    }
else
    kind=MySQL
    server=mysqld
    # No reading and writing of files by SQL; so the folder that MySQL wants for that need not be in the image.
    set -- --secure-file-priv=NULL "$@"
    make_tables() {
        mysqld --defaults-file="$config" --datadir="$1" --secure-file-priv=NULL --skip-log-bin \
            --initialize-insecure >"$home/setup.log" 2>&1
    }
fi

mkdir -p "$home/tmp"
rm -rf "${home:?}/tmp"/*

if [ ! -d "$data" ]; then
    echo "sereno: making a new $kind database"
    rm -rf "$data.new"
    make_tables "$data.new" || {
        cat "$home/setup.log"
        echo "sereno: the database's own tables could not be made; next: look at the lines above (a full disk?)"
        exit 1
    }
    echo "$kind" >"$home/kind"
    sync
    mv "$data.new" "$data"
fi

held=$(cat "$home/kind")
if [ "$held" != "$kind" ]; then
    echo "sereno: this volume holds a database of $held, which $kind cannot read; next: set SERENO_DATABASE_IMAGE" \
        "in docker/.env back to what it was (the profile never changes once there is data)"
    exit 1
fi

exec "$server" --defaults-file="$config" --init-file=/run/sereno/secrets/mysql/mysql-users.sql "$@"
