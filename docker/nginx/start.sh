#!/bin/sh
# The first process of Nginx's container. The worker cannot signal another container, so this one looks itself whether the
# link to the certificate that is to be served leads elsewhere by now, and then has Nginx take it over without a pause.
set -eu
served=${SERENO_TLS:-/srv/sereno/tls}/served

take_over_renewed_certificates() {
    taken=$(readlink "$served" || true)
    while sleep 3; do
        present=$(readlink "$served" || true)
        [ "$present" != "$taken" ] || continue
        taken=$present
        # Process 1 is Nginx by then, in this shell's place.
        if nginx -t -q; then kill -HUP 1; else echo "start.sh: $present is refused, the old one goes on" >&2; fi
    done
}

take_over_renewed_certificates &
# By these words process-exporter tells it from another Nginx of the machine's (src/sereno/serve/own_processes.py).
exec nginx -e stderr -c /etc/nginx/nginx.conf -g 'daemon off;'
