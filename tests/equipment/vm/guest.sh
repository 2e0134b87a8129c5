#!/bin/sh
# Turns a bare Debian root file system ($1) into a guest as Vagrant expects it; $2 is the public key it lets in.
set -eu
tree=$1
key=$2

chroot "$tree" useradd --create-home --shell /bin/bash --uid 1000 vagrant
echo 'vagrant ALL=(ALL) NOPASSWD: ALL' >"$tree/etc/sudoers.d/vagrant"
chmod 440 "$tree/etc/sudoers.d/vagrant"
install --directory --mode=700 --owner=1000 --group=1000 "$tree/home/vagrant/.ssh"
install --mode=600 --owner=1000 --group=1000 "$key" "$tree/home/vagrant/.ssh/authorized_keys"
echo 'UseDNS no' >>"$tree/etc/ssh/sshd_config"

printf 'auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n' >"$tree/etc/network/interfaces"
printf '/dev/vda / ext4 errors=remount-ro 0 1\n' >"$tree/etc/fstab"
printf 'bookworm\n' >"$tree/etc/hostname"
printf '127.0.0.1 localhost\n127.0.1.1 bookworm\n' >"$tree/etc/hosts"

# Emulated, a container takes so long to start that Compose would lose patience after its usual minute.
echo 'COMPOSE_HTTP_TIMEOUT=600' >>"$tree/etc/environment"
echo 'Defaults env_keep += "COMPOSE_HTTP_TIMEOUT"' >"$tree/etc/sudoers.d/compose"
chmod 440 "$tree/etc/sudoers.d/compose"
