#!/usr/bin/env bash
# Makes a self-signed certificate (cert.pem) and its key (key.pem) beside this script, or keeps them while they are valid.
#
#   bash generate-ssl.sh [--force] [--into FOLDER] [NAME_OR_ADDRESS …]
#
# It is valid for localhost, 127.0.0.1, ::1, this machine's name and every NAME_OR_ADDRESS given, for 90 days. Run again it keeps a
# pair that belongs together, has all these names and two weeks left; --force makes a new one. Needs bash and openssl alone.
set -euo pipefail
umask 077

days=90
renew_seconds=$((14 * 86400))
folder=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
force=no
names=()

fail() {
    printf 'generate-ssl.sh: %s\n' "$1" >&2
    exit "${2:-1}"
}

while [ $# -gt 0 ]; do
    case "$1" in
        --force) force=yes ;;
        --into)
            [ $# -ge 2 ] || fail "--into needs a folder" 2
            folder=$2
            shift
            ;;
        -h | --help)
            sed -n '2,7s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
            exit 0
            ;;
        -*) fail "unknown option $1; see --help" 2 ;;
        *) names+=("$1") ;;
    esac
    shift
done

command -v openssl >/dev/null || fail "openssl is not installed; next: apt-get install openssl"
mkdir -p -- "$folder" 2>/dev/null && [ -w "$folder" ] || fail "$folder cannot be written; next: run as its owner, or with sudo"

cert=$folder/cert.pem
key=$folder/key.pem

# One entry of the certificate's list of names: an address or a DNS name.
entry() {
    case "$1" in
        *[!0-9.]*) case "$1" in *:*) printf 'IP:%s' "$1" ;; *) printf 'DNS:%s' "$1" ;; esac ;;
        *) printf 'IP:%s' "$1" ;;
    esac
}

wanted=(localhost 127.0.0.1 ::1)
machine=$(uname -n)
if [[ $machine =~ ^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$ ]]; then wanted+=("$machine"); fi
wanted+=("${names[@]}")
san=""
declare -A seen=()
for name in "${wanted[@]}"; do
    [[ $name =~ ^[A-Za-z0-9.:*_-]+$ ]] || fail "'$name' is neither a DNS name nor an address" 2
    [ -z "${seen[$name]:-}" ] || continue
    seen[$name]=1
    san+="${san:+,}$(entry "$name")"
done

# Whether the pair that lies there can stay: it belongs together, has time left and every wanted name.
is_valid() {
    [ -s "$cert" ] && [ -s "$key" ] || return 1
    openssl x509 -in "$cert" -noout -checkend "$renew_seconds" >/dev/null 2>&1 || return 1
    [ "$(openssl x509 -in "$cert" -noout -pubkey 2>/dev/null)" = "$(openssl pkey -in "$key" -pubout 2>/dev/null)" ] || return 1
    local name
    for name in "${!seen[@]}"; do
        case "$(entry "$name")" in
            IP:*) openssl x509 -in "$cert" -noout -checkip "$name" 2>/dev/null | grep -q 'does match' || return 1 ;;
            *) openssl x509 -in "$cert" -noout -checkhost "$name" 2>/dev/null | grep -q 'does match' || return 1 ;;
        esac
    done
}

# A folder shared from a virtual machine's host may know no modes: say so, but go on.
close_key() {
    chmod 600 "$key" 2>/dev/null || true
    chmod 644 "$cert" 2>/dev/null || true
    local mode
    mode=$(stat -c %a "$key")
    [ "$mode" = 600 ] || printf 'warning: %s has mode %s: this file system keeps no modes; others on this machine may read the key\n' "$key" "$mode" >&2
}

if [ "$force" = no ] && is_valid; then
    close_key
    printf 'kept %s, valid until %s\n' "$cert" "$(openssl x509 -in "$cert" -noout -enddate | cut -d= -f2)"
    exit 0
fi

work=$(mktemp -d -- "$folder/.new.XXXXXX") || fail "nothing can be written in $folder"
trap 'rm -rf -- "$work"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days "$days" \
    -subj "/CN=${names[0]:-localhost}" \
    -addext "subjectAltName=$san" \
    -addext "basicConstraints=critical,CA:FALSE" \
    -addext "keyUsage=critical,digitalSignature" \
    -addext "extendedKeyUsage=serverAuth" \
    -keyout "$work/key.pem" -out "$work/cert.pem" 2>"$work/words" || fail "openssl failed: $(cat "$work/words")"
mv -f -- "$work/key.pem" "$key"
mv -f -- "$work/cert.pem" "$cert"
close_key

cat <<END
made $cert, valid for $days days, for ${!seen[*]}
Browsers warn about it, because only this machine has signed it. To trust it here:
  Firefox, Chrome    import $cert under certificates, as an authority that identifies websites
  Debian, Ubuntu     sudo cp '$cert' /usr/local/share/ca-certificates/sereno.crt && sudo update-ca-certificates
  curl               curl --cacert '$cert' https://localhost:8443/
END
