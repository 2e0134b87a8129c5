"""A virtual machine's host and box, so that the Vagrantfile can be tried unchanged on a machine without KVM.

`host` keeps libvirt and Vagrant in namespaces of their own; `box` makes, from Debian packages, what stands in for the
public box: the same name and the same distribution, with everything inside that a provisioning would download.
"""
