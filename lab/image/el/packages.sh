# shellcheck shell=bash disable=SC2034
# What stand-ins for Enterprise Linux are made of: packages of Debian, and the names that Enterprise Linux knows them by.
# The RPMs of the repository have folders of their own in rpms/.

# Installed as Debian's packages, which are forgotten later.
el_packages=dnf,rpm,createrepo-c,network-manager,firewalld,ipset,iptables,nftables,polkitd,libpam-systemd,libnss-myhostname,selinux-policy-default
[ "$el" != 8 ] || el_packages=${el_packages/polkitd/policykit-1}
el_packages+=,policycoreutils,selinux-utils,semodule-utils,checkpolicy,auditd,curl,openssl,kmod,hostname,e2fsprogs

# What rpm says is installed: a name, the packages it stands for (the first has the version), and what it provides.
el_installed="
NetworkManager network-manager
NetworkManager-libnm libnm0
audit auditd
audit-libs libaudit1
bash bash /bin/sh /usr/bin/sh /bin/bash
coreutils coreutils
curl curl
dbus dbus
diffutils diffutils
dnf dnf,dnf-data
e2fsprogs e2fsprogs
filesystem base-files
findutils findutils
firewalld firewalld,python3-firewall
glibc libc6
grep grep
gzip gzip
hostname hostname
initscripts-service init-system-helpers
ipset ipset
iproute iproute2
iptables-libs libxtables12
iptables-nft iptables iptables
iputils iputils-ping
kernel-core linux-image-cloud-amd64 kernel
kmod kmod
libselinux libselinux1
libselinux-utils selinux-utils
nftables nftables
openssh openssh-client
openssh-clients openssh-client
openssh-server openssh-server
openssl openssl
pam libpam-modules
perl-interpreter perl-base perl perl-libs perl-Socket
policycoreutils policycoreutils
polkit $([ "$el" = 8 ] && echo policykit-1 || echo polkitd)
procps-ng procps procps
python3 python3-minimal,python3
python3-dnf python3-dnf
python3-libs libpython3-stdlib
rpm rpm
sed sed
selinux-policy selinux-policy-default
selinux-policy-targeted selinux-policy-default
setup base-passwd
shadow-utils passwd
sudo sudo
systemd systemd
systemd-libs libsystemd0
systemd-udev udev
tar tar
tcpdump tcpdump
util-linux util-linux
which debianutils
yum dnf
"
