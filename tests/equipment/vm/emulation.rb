# Read before any project's Vagrantfile: how this host runs guests. Emulated, since the test machine has no KVM that works,
# and started from a kernel outside the disk, since the box has no boot loader.
Vagrant.configure("2") do |config|
  config.vm.boot_timeout = 300
  config.vm.provider "libvirt" do |libvirt|
    libvirt.driver = "qemu"
    libvirt.cpu_mode = "custom"
    libvirt.cpu_model = "qemu64"
    libvirt.kernel = "/var/lib/libvirt/images/vmlinuz"
    libvirt.initrd = "/var/lib/libvirt/images/initrd.img"
    libvirt.cmd_line = "root=/dev/vda rw console=ttyS0 net.ifnames=0 quiet mitigations=off tsc=reliable clocksource=tsc preempt=none"
    libvirt.video_type = "none"
    libvirt.graphics_type = "none"
  end
end
