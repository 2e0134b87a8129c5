#!/bin/bash
# The official entry point's contract: paths that must be readable or writable, and GF_NAME__FILE read into GF_NAME.
set -eu

refuse() {
    echo "$*" >&2
    exit 1
}

[ -r "$GF_PATHS_CONFIG" ] || refuse "GF_PATHS_CONFIG='$GF_PATHS_CONFIG' is not readable."
[ -w "$GF_PATHS_DATA" ] || refuse "GF_PATHS_DATA='$GF_PATHS_DATA' is not writable."
[ -r "$GF_PATHS_HOME" ] || refuse "GF_PATHS_HOME='$GF_PATHS_HOME' is not readable."
mkdir -p "$GF_PATHS_PLUGINS"

for name in $(compgen -e | grep '^GF_.*__FILE$' || true); do
    value=${name%__FILE}
    [ -z "${!value:-}" ] || refuse "Both $value and $name are set."
    [ -r "${!name}" ] || refuse "$name='${!name}' is not readable."
    export "$value=$(cat "${!name}")"
    unset "$name"
done

export HOME=$GF_PATHS_HOME
exec grafana server --homepath="$GF_PATHS_HOME" --config="$GF_PATHS_CONFIG" --packaging=docker "$@"
