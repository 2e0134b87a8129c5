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
names=(localhost 127.0.0.1 ::1)
common_name=localhost

fail() {
    printf 'generate-ssl.sh: %s\n' "$1" >&2
    exit "${2:-1}"
}

# One entry of the certificate's list of names; ends with 1 for what is neither an address nor a DNS name.
entry() {
    local four='^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})$'
    local label='[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?'
    if [[ $1 =~ $four ]]; then
        local part
        for part in "${BASH_REMATCH[@]:1}"; do [ "$((10#$part))" -le 255 ] || return 1; done
        printf 'IP:%s' "$1"
    elif [[ $1 == *:*:* && $1 =~ ^[0-9A-Fa-f:.]+$ ]]; then
        printf 'IP:%s' "$1"
    elif [[ ${#1} -le 253 && $1 =~ ^(\*\.)?$label(\.$label)*$ && ! $1 =~ ^[0-9.]+$ ]]; then
        printf 'DNS:%s' "$1"
    else
        return 1
    fi
}

# Add a name that is not there yet.
add() {
    local known
    for known in "${names[@]}"; do [ "$known" != "$1" ] || return 0; done
    names+=("$1")
}

machine=$(uname -n)
if entry "$machine" >/dev/null; then add "$machine"; fi

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
        *)
            entry "$1" >/dev/null || fail "'$1' is neither a DNS name nor an address" 2
            add "$1"
            # The name that is shown; a certificate has room for 64 letters there.
            if [ "$common_name" = localhost ] && [ "${#1}" -le 64 ]; then common_name=$1; fi
            ;;
    esac
    shift
done

command -v openssl >/dev/null || fail "openssl is not installed; next: apt-get install openssl"
if ! { mkdir -p -- "$folder" && [ -w "$folder" ]; } 2>/dev/null; then
    fail "$folder cannot be written; next: run this as the folder's owner, or with sudo"
fi

cert=$folder/cert.pem
key=$folder/key.pem

# Whether the pair that lies there can stay: it belongs together, has time left and every wanted name.
is_valid() {
    [ -s "$cert" ] && [ -s "$key" ] || return 1
    openssl x509 -in "$cert" -noout -checkend "$renew_seconds" >/dev/null 2>&1 || return 1
    local public
    public=$(openssl pkey -in "$key" -pubout 2>/dev/null) || return 1
    [ "$(openssl x509 -in "$cert" -noout -pubkey 2>/dev/null)" = "$public" ] || return 1
    local name check
    for name in "${names[@]}"; do
        case "$(entry "$name")" in
            IP:*) check=-checkip ;;
            *) check=-checkhost ;;
        esac
        [[ $(openssl x509 -in "$cert" -noout "$check" "$name" 2>/dev/null) == *'does match'* ]] || return 1
    done
}

# A folder shared from a virtual machine's host may know no modes: say so, but go on.
close_key() {
    chmod 600 "$key" 2>/dev/null || true
    chmod 644 "$cert" 2>/dev/null || true
    local mode
    mode=$(stat -c %a "$key" 2>/dev/null || stat -f %Lp "$key")
    if [ "$mode" != 600 ]; then
        printf 'warning: %s has mode %s, for this file system keeps no modes: others on this machine may read the key\n' \
            "$key" "$mode" >&2
    fi
}

if [ "$force" = no ] && is_valid; then
    close_key
    until=$(openssl x509 -in "$cert" -noout -enddate)
    printf 'kept %s, valid until %s\n' "$cert" "${until#notAfter=}"
    exit 0
fi

san=""
for name in "${names[@]}"; do san+="${san:+,}$(entry "$name")"; done
work=$(mktemp -d "$folder/.new.XXXXXX") || fail "nothing can be written in $folder"
trap 'rm -rf -- "$work"' EXIT
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days "$days" \
    -subj "/CN=$common_name" \
    -addext "subjectAltName=$san" \
    -addext "basicConstraints=critical,CA:FALSE" \
    -addext "keyUsage=critical,digitalSignature" \
    -addext "extendedKeyUsage=serverAuth" \
    -keyout "$work/key.pem" -out "$work/cert.pem" 2>"$work/words" || fail "openssl failed: $(<"$work/words")"
mv -f -- "$work/key.pem" "$key"
mv -f -- "$work/cert.pem" "$cert"
close_key

cat <<END
made $cert, valid for $days days, for ${names[*]}
Browsers warn about it, because only this machine has signed it. To trust it here:
  Firefox, Chrome    import $cert under certificates, as an authority that identifies websites
  Debian, Ubuntu     sudo cp '$cert' /usr/local/share/ca-certificates/sereno.crt && sudo update-ca-certificates
  curl               curl --cacert '$cert' https://localhost:8443/
END
