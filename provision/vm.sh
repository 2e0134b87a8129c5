#!/bin/bash
# Provisions the classroom's virtual machine (see Vagrantfile), as root. Running it again is harmless.
set -euo pipefail

# SERENO_HOME lies outside /vagrant, which the next copy from the host overwrites. SERENO_LAB_VM says that the
# operators' ports (3000, 9090, 9093, 9100) may listen on the VM's address: Vagrant forwards to that address, not
# to the VM's loopback, and only from the host's own loopback. Every login knows both, and sudo passes them on.
remember() {
    local name=${1%%=*}
    touch /etc/environment
    if ! grep -qxF "$1" /etc/environment; then
        sed -i "/^$name=/d" /etc/environment
        printf '%s\n' "$1" >>/etc/environment
    fi
    export "${1?}"
}
remember SERENO_HOME=/var/lib/sereno
remember SERENO_LAB_VM=1
printf 'Defaults env_keep += "SERENO_HOME SERENO_LAB_VM"\n' >/etc/sudoers.d/sereno
chmod 440 /etc/sudoers.d/sereno

# Docker Engine and Compose as Debian packages them; the package docker-compose brings the command of that name.
# AppArmor confines the containers where the kernel has it.
wanted=(apparmor ca-certificates docker.io docker-compose openssl python3 python3-venv)
missing=()
for package in "${wanted[@]}"; do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
if [ "${#missing[@]}" -gt 0 ]; then
    export DEBIAN_FRONTEND=noninteractive
    # Debian's own timers may hold the lock in a machine's first minutes.
    apt-get -o DPkg::Lock::Timeout=300 update --quiet
    apt-get -o DPkg::Lock::Timeout=300 install --yes --quiet --no-install-recommends "${missing[@]}"
fi

cd /vagrant && ./sereno up --on compose --lab --yes
