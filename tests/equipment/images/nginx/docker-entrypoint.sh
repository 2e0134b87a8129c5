#!/bin/sh
# Runs what lies in /docker-entrypoint.d before Nginx starts, in order of name: scripts that may be
# executed are executed, *.envsh are read into this shell. The official image's template files are not done.
set -e

if [ "$1" = nginx ] || [ "$1" = nginx-debug ]; then
    for file in /docker-entrypoint.d/*; do
        [ -x "$file" ] || continue
        case $file in
            *.envsh) . "$file" ;;
            *.sh) "$file" ;;
        esac
    done
fi
exec "$@"
