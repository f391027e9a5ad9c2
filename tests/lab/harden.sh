#!/bin/sh
# What a careful administrator does on a fresh Debian host, and no more than what the lab's hosts can show.
set -eu
umask 022
: >/etc/lab-hardened

cat >/etc/ssh/sshd_config.d/10-hardened.conf <<'END'
PermitRootLogin no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitEmptyPasswords no
HostbasedAuthentication no
IgnoreRhosts yes
PermitUserEnvironment no
X11Forwarding no
AllowAgentForwarding no
AllowTcpForwarding no
PermitTunnel no
GatewayPorts no
AllowGroups scan scanpw plain
MaxAuthTries 4
MaxSessions 4
MaxStartups 10:30:60
LoginGraceTime 60
ClientAliveInterval 300
ClientAliveCountMax 2
LogLevel VERBOSE
Banner /etc/issue.net
KexAlgorithms curve25519-sha256,curve25519-sha256@libssh.org
Ciphers aes256-gcm@openssh.com,aes128-gcm@openssh.com,aes256-ctr
MACs hmac-sha2-512-etm@openssh.com,hmac-sha2-256-etm@openssh.com
END
echo 'Authorized users only. All activity may be monitored and reported.' | tee /etc/issue /etc/issue.net >/etc/motd

cat >/etc/sysctl.d/60-hardened.conf <<'END'
kernel.kptr_restrict = 2
kernel.dmesg_restrict = 1
kernel.randomize_va_space = 2
kernel.yama.ptrace_scope = 1
kernel.unprivileged_bpf_disabled = 1
kernel.sysrq = 0
fs.suid_dumpable = 0
fs.protected_hardlinks = 1
fs.protected_symlinks = 1
fs.protected_fifos = 2
fs.protected_regular = 2
net.ipv4.ip_forward = 0
net.ipv4.tcp_syncookies = 1
net.ipv4.icmp_echo_ignore_broadcasts = 1
net.ipv4.icmp_ignore_bogus_error_responses = 1
net.ipv4.conf.all.rp_filter = 1
net.ipv4.conf.default.rp_filter = 1
net.ipv4.conf.all.accept_redirects = 0
net.ipv4.conf.default.accept_redirects = 0
net.ipv4.conf.all.secure_redirects = 0
net.ipv4.conf.default.secure_redirects = 0
net.ipv4.conf.all.send_redirects = 0
net.ipv4.conf.default.send_redirects = 0
net.ipv4.conf.all.accept_source_route = 0
net.ipv4.conf.default.accept_source_route = 0
net.ipv4.conf.all.log_martians = 1
net.ipv4.conf.default.log_martians = 1
net.ipv6.conf.all.accept_redirects = 0
net.ipv6.conf.default.accept_redirects = 0
net.ipv6.conf.all.accept_source_route = 0
net.ipv6.conf.default.accept_source_route = 0
net.ipv6.conf.all.accept_ra = 0
net.ipv6.conf.default.accept_ra = 0
END
# A container may set what belongs to its own network; the rest is its machine's.
grep '^net\.' /etc/sysctl.d/60-hardened.conf | sysctl -q -p - || true

mkdir -p /etc/modprobe.d
for module in cramfs freevxfs hfs hfsplus jffs2 udf usb-storage dccp sctp rds tipc; do
  printf 'install %s /bin/false\nblacklist %s\n' "$module" "$module"
done >/etc/modprobe.d/60-hardened.conf

sed -i -E 's/^(PASS_MAX_DAYS).*/\1 365/; s/^(PASS_MIN_DAYS).*/\1 1/; s/^(PASS_WARN_AGE).*/\1 14/; s/^(UMASK).*/\1 027/' /etc/login.defs
for user in scan scanpw plain; do chage --maxdays 365 --mindays 1 --warndays 14 "$user"; done
echo '* hard core 0' >/etc/security/limits.d/60-hardened.conf
printf 'Defaults use_pty\nDefaults logfile="/var/log/sudo.log"\n' >/etc/sudoers.d/hardened
chmod 0440 /etc/sudoers.d/hardened
printf 'auth required pam_wheel.so use_uid group=sudo\n' | cat - /etc/pam.d/su >/etc/pam.d/su.new
mv /etc/pam.d/su.new /etc/pam.d/su

chmod 0600 /etc/crontab
chmod 0700 /etc/cron.hourly /etc/cron.daily /etc/cron.weekly /etc/cron.monthly /etc/cron.d
rm -f /etc/cron.deny /etc/at.deny
echo root >/etc/cron.allow
chmod 0640 /etc/cron.allow
chmod 0700 /home/scan /home/scanpw /home/plain

mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\nStorage=persistent\nCompress=yes\nForwardToSyslog=yes\n' >/etc/systemd/journald.conf.d/60-hardened.conf
cat >/etc/nftables.conf <<'END'
flush ruleset
table inet filter {
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iif lo accept
    tcp dport 22 accept
    icmp type echo-request accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-advert } accept
  }
  chain forward { type filter hook forward priority 0; policy drop; }
  chain output { type filter hook output priority 0; policy accept; }
}
END
chmod 0600 /etc/nftables.conf
systemctl enable --quiet nftables.service 2>/dev/null
nft -f /etc/nftables.conf || true # not every machine's kernel has connection tracking
systemctl restart systemd-journald.service ssh.service
