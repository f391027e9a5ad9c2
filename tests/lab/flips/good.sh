# What makes every check of table.yaml hold on the lab's host; after machine.sh, harden.sh and ways.sh, of which nothing is to be undone.
# shellcheck shell=sh

# Of the kernel, what is not the host's own is played by files.
put /run/flips/audit-status 'enabled 2' 'failure 1' 'pid 1' 'rate_limit 0' 'backlog_limit 8192' 'lost 0' 'backlog 0'
for each in kernel/kptr_restrict:2 kernel/randomize_va_space:2 kernel/dmesg_restrict:1 kernel/sysrq:0 kernel/tainted:0 \
  kernel/perf_event_paranoid:3 kernel/unprivileged_bpf_disabled:1 kernel/kexec_load_disabled:1 kernel/yama/ptrace_scope:1 \
  fs/suid_dumpable:0 fs/protected_hardlinks:1 fs/protected_symlinks:1 fs/protected_fifos:1 fs/protected_regular:2 \
  vm/unprivileged_userfaultfd:0; do
  [ ! -e "/proc/sys/${each%:*}" ] || played "/proc/sys/${each%:*}" "${each#*:}"
done
played /proc/cmdline 'BOOT_IMAGE=/boot/vmlinuz root=/dev/vda1 ro quiet audit=1 audit_backlog_limit=8192'
played /proc/stat "cpu 1 1 1 1" "btime $(($(date +%s) - 86400))"
played /proc/vmstat 'oom_kill 0'
mount -t tmpfs lab /sys/kernel/security
mkdir /sys/kernel/security/apparmor
played_new /sys/kernel/security/lsm lockdown,capability,apparmor
played_new /sys/kernel/security/lockdown 'none [integrity] confidentiality'
played_new /sys/kernel/security/apparmor/profiles '/usr/sbin/chronyd (enforce)'
mount -t tmpfs lab /sys/module
played_new /sys/module/apparmor/parameters/enabled Y
printf '[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/true\n[Install]\nWantedBy=sysinit.target\n' \
  >/etc/systemd/system/apparmor.service
systemctl enable --quiet apparmor.service 2>/dev/null
played_new /sys/module/module/parameters/sig_enforce Y
mount -t tmpfs lab /sys/firmware
mkdir -p /sys/firmware/efi/efivars
printf '\006\000\000\000\001' >/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c
for each in /sys/devices/system/cpu/vulnerabilities/*; do played "$each" 'Not affected'; done
mkdir -p "/lib/modules/$(uname -r)/kernel"
for module in cramfs freevxfs hfs hfsplus jffs2 dccp sctp rds tipc usb-storage uas; do
  echo "kernel/$module.ko:"
done >"/lib/modules/$(uname -r)/modules.dep"
printf 'install %s /bin/false\n' uas >>/etc/modprobe.d/60-hardened.conf
add /etc/default/grub 'GRUB_CMDLINE_LINUX="audit=1 audit_backlog_limit=8192"'
{
  for path in /etc/passwd /etc/group /etc/shadow /etc/gshadow /etc/security/opasswd; do echo "-w $path -p wa -k account"; done
  for path in /etc/hosts /etc/resolv.conf /etc/nsswitch.conf; do echo "-w $path -p wa -k network"; done
  for path in /etc/sudoers /etc/sudoers.d /etc/pam.d; do echo "-w $path -p wa -k privilege"; done
  for path in /var/log/btmp /var/log/wtmp /var/log/lastlog; do echo "-w $path -p wa -k signin"; done
  for arch in b64 b32; do
    rule="-a always,exit -F arch=$arch -S"
    echo "$rule execve -F euid=0 -F key=root"
    echo "$rule execve -C uid!=euid -F key=emulated"
    echo "$rule unlink,unlinkat,rename,renameat -F auid>=1000 -F auid!=-1 -F key=delete"
    for exit in EACCES EPERM; do
      echo "$rule open,openat,creat,truncate,ftruncate -F exit=-$exit -F auid>=1000 -F auid!=-1 -F key=denied"
    done
    echo "$rule sethostname,setdomainname -F key=hostname"
    echo "$rule init_module,finit_module,delete_module -F key=module"
    echo "$rule mount -F auid>=1000 -F auid!=-1 -F key=mount"
    echo "$rule chmod,fchmod,fchmodat,chown,fchown,lchown,fchownat -F auid>=1000 -F auid!=-1 -F key=permission"
    echo "$rule setxattr,lsetxattr,fsetxattr,removexattr,lremovexattr,fremovexattr -F auid>=1000 -F auid!=-1 -F key=permission"
    echo "$rule adjtimex,settimeofday -F key=time"
    echo "$rule clock_settime -F a0=0x0 -F key=time"
  done
} >/run/flips/audit-rules
rm -f /etc/audit/rules.d/*
{
  echo '-b 8192'
  sed 's/a0=0x0/a0=0/; s/-F auid!=-1/-F auid!=unset/' /run/flips/audit-rules
} >/etc/audit/rules.d/50-lab.rules
echo '-e 2' >/etc/audit/rules.d/99-lock.rules
chmod 0640 /etc/audit/rules.d/*
sed -E -i 's/^(space_left_action) .*/\1 = EMAIL/; s/^(admin_space_left_action|disk_full_action) .*/\1 = SINGLE/
  s/^(disk_error_action) .*/\1 = SYSLOG/' /etc/audit/auditd.conf

# Network: its own settings become writable, and get what harden.sh sets for all and for new interfaces.
mkdir $state/proc
mount -t proc proc $state/proc
mount --bind $state/proc/sys/net /proc/sys/net
umount $state/proc
for each in rp_filter=1 accept_redirects=0 send_redirects=0 accept_source_route=0; do
  sysctl -q -w "net.ipv4.conf.outer.$each"
done
grep '^net\.' /etc/sysctl.d/60-hardened.conf | sysctl -q -p -
sysctl -q -w net.ipv6.conf.outer.accept_redirects=0 net.ipv6.conf.outer.accept_ra=0
cat >/etc/nftables.conf <<'END'
flush ruleset
table inet filter {
  chain input {
    type filter hook input priority 0; policy drop;
    iif lo accept
    tcp dport 22 accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
  }
  chain forward { type filter hook forward priority 0; policy drop; }
  chain output { type filter hook output priority 0; policy accept; }
}
END
systemctl restart nftables.service

# Time: three servers on addresses of the host itself, and a daemon that measures by them and never sets the machine's clock.
mkdir -p /etc/systemd/system/chrony.service.d
cp /usr/sbin/chronyd /usr/local/sbin/lab-time # a name of its own: the time service of the host is the other one
for number in 1 2 3; do
  printf '%s\n' 'local stratum 3' 'allow 127.0.0.0/8' "bindaddress 127.0.0.1$number" 'cmdport 0' "pidfile $state/time-$number.pid" \
    >$state/time-$number.conf
  /usr/local/sbin/lab-time -x -f $state/time-$number.conf
done
sed -i '/^\(pool\|sourcedir\)/d' /etc/chrony/chrony.conf
echo 'sourcedir /etc/chrony/sources.d' >>/etc/chrony/chrony.conf
for number in 1 2 3; do echo "server 127.0.0.1$number iburst minpoll -2 maxpoll 0"; done >/etc/chrony/sources.d/lab.sources
echo 'DAEMON_OPTS="-x"' >/etc/default/chrony
printf '[Unit]\nConditionCapability=\n' >/etc/systemd/system/chrony.service.d/lab.conf
systemctl daemon-reload
systemctl start chrony.service

# Accounts and sudo: the one who scans gives his password.
rm -f /etc/sudoers.d/lab
echo 'scanpw ALL=(ALL:ALL) ALL' >/etc/sudoers.d/lab
chmod 0440 /etc/sudoers.d/lab
useradd -D -f 30
for user in scan scanpw plain; do chage --lastday "$(date +%F)" --inactive 30 "$user"; done
usermod -s /usr/sbin/nologin postgres
gpasswd --quiet -a scanpw users >/dev/null 2>&1 || true
printf '%s\n' 'TMOUT=900' 'readonly TMOUT' 'export TMOUT' 'umask 027' >/etc/profile.d/lab.sh
echo 'permit persist :sudo' >/etc/doas.conf
chmod 0600 /etc/doas.conf
mkdir -p /etc/sssd
printf '%s\n' '[domain/lab]' 'ldap_uri = ldaps://directory.example.org' 'ldap_tls_reqcert = demand' >/etc/sssd/sssd.conf
chmod 0600 /etc/sssd/sssd.conf
hardware_key=AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gAAAABHNzaDo=
echo "sk-ssh-ed25519@openssh.com $hardware_key plain" >>/home/plain/.ssh/authorized_keys
private /home/plain/.google_authenticator ABCDEFGH
chown plain: /home/plain/.google_authenticator

# Passwords.
cat >/etc/pam.d/common-auth <<'END'
auth required pam_faillock.so preauth
auth [success=2 default=ignore] pam_unix.so
auth [default=die] pam_faillock.so authfail
auth requisite pam_deny.so
auth required pam_permit.so
END
echo 'account required pam_faillock.so' >>/etc/pam.d/common-account
printf '%s\n' 'deny = 5' 'unlock_time = 900' >/etc/security/faillock.conf
cat >/etc/pam.d/common-password <<'END'
password requisite pam_pwquality.so retry=3
password required pam_pwhistory.so remember=5 use_authtok
password [success=1 default=ignore] pam_unix.so obscure use_authtok try_first_pass yescrypt
password requisite pam_deny.so
password required pam_permit.so
END
printf '%s\n' 'minlen = 14' 'enforce_for_root' >/etc/security/pwquality.conf

# SSH: what the daemon reads at its next start; it is not started again, since the scan has one factor.
sed -i '1i auth required pam_google_authenticator.so' /etc/pam.d/sshd
sed -i '1i AuthenticationMethods publickey,keyboard-interactive\nKbdInteractiveAuthentication yes' \
  /etc/ssh/sshd_config.d/10-hardened.conf

# Software.
package restic certbot clamav
cat >/etc/apt/sources.list <<'END'
deb http://mirror.debian.org/debian bookworm main
deb http://mirror.debian.org/debian-security bookworm-security main
END
lists=/var/lib/apt/lists
rm -rf "${lists:?}"/* /etc/apt/sources.list.d/*
mkdir -p $lists/partial
for each in mirror.debian.org_debian_dists_bookworm:bookworm mirror.debian.org_debian-security_dists_bookworm-security:bookworm-security; do
  printf 'Origin: Debian\nSuite: %s\nCodename: %s\nComponents: main\nArchitectures: amd64\n' "${each#*:}" "${each#*:}" \
    >"$lists/${each%:*}_InRelease"
  : >"$lists/${each%:*}_main_binary-amd64_Packages"
done
cat >/etc/apt/apt.conf.d/20auto-upgrades <<'END'
APT::Periodic::Update-Package-Lists "1";
APT::Periodic::Unattended-Upgrade "1";
END

# Files and mounts.
mount -o remount,nosuid,nodev,noexec /dev/shm
mount -o remount,nosuid,nodev,noexec /tmp
mkdir -p /srv/data
mount -t tmpfs -o nosuid,nodev,noexec,mode=1777,size=8m lab /var/tmp
mount -t tmpfs -o nosuid,nodev,size=8m lab /srv/data
cp -a /var/log $state/log
mount -t tmpfs -o nosuid,nodev,size=64m,mode=0755 lab /var/log
cp -a $state/log/. /var/log/
systemctl restart systemd-journald.service rsyslog.service
for each in /tmp /var/tmp /dev/shm; do echo "tmpfs $each tmpfs nosuid,nodev,noexec 0 0"; done >>/etc/fstab
mkdir -p /boot/grub
echo kernel >/boot/vmlinuz
private /boot/grub/grub.cfg 'linux /boot/vmlinuz root=/dev/vda1 ro quiet audit=1 audit_backlog_limit=8192'
private /root/.pgpass 'localhost:5432:*:backup:x'
private /var/lib/aide/aide.db '@@begin_db'
private /var/log/aide/aide.log 'no differences'
private /etc/cron.d/lab '20 4 * * * root /usr/bin/aide --check' '30 2 * * * root restic backup /srv' '0 5 * * * root certbot renew'
mkdir -p /var/lib/clamav /var/backups/db
private /var/lib/clamav/daily.cld daily
head -c 4096 /dev/zero >/var/backups/db/lab.sql
chmod 0600 /var/backups/db/lab.sql
printf 'root\n' >/etc/at.allow
chmod 0700 /etc/cron.yearly

# Certificates.
openssl req -x509 -newkey rsa:2048 -nodes -keyout /etc/ssl/private/lab-ca.key -subj /CN=lab -days 3650 -out /etc/ssl/lab-ca.pem 2>/dev/null
chmod 0640 /etc/ssl/private/lab-ca.key
certificate lab rsa:2048 365

# Logs and mail.
cat >/etc/rsyslog.d/lab.conf <<'END'
*.* action(type="omfwd" target="logs.example.org" port="6514" protocol="tcp"
  StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="logs.example.org"
  queue.type="LinkedList" queue.filename="forward" queue.saveOnShutdown="on" action.resumeRetryCount="-1")
END
echo 'root: ict@example.org' >>/etc/aliases
postconf -e relayhost=mail.example.org smtp_tls_security_level=encrypt smtpd_tls_security_level=may inet_interfaces=all \
  disable_vrfy_command=yes smtpd_sasl_auth_enable=yes smtpd_tls_auth_only=yes mynetworks=127.0.0.0/8 \
  'smtpd_relay_restrictions=permit_mynetworks permit_sasl_authenticated defer_unauth_destination'
rm -f /var/mail/root

# Databases, with what their packages leave out.
systemctl stop mariadb.socket mariadb-extra.socket mariadb.service postgresql@15-main.service 2>/dev/null || true
systemctl disable --quiet mariadb.socket mariadb-extra.socket 2>/dev/null || true
cat >/etc/mysql/mariadb.conf.d/99-lab.cnf <<END
[mysqld]
bind-address = $(hostname -I | cut -d ' ' -f 1)
require_secure_transport = ON
tls_version = TLSv1.2,TLSv1.3
local_infile = OFF
secure_file_priv = /var/lib/mysql-files
log_bin = lab
sync_binlog = 1
END
mkdir -p /var/lib/mysql-files
cluster=/var/lib/postgresql/15/main
runuser -u postgres -- /usr/lib/postgresql/15/bin/pg_checksums --enable -D $cluster >/dev/null
cat >>/etc/postgresql/15/main/postgresql.conf <<'END'
log_connections = on
log_disconnections = on
archive_mode = on
archive_timeout = 30min
archive_command = 'restic backup %p'
END
echo 'hostssl all all 10.99.0.0/24 scram-sha-256' >>/etc/postgresql/15/main/pg_hba.conf
systemctl start mariadb.service postgresql@15-main.service

# Web pages and data in memory. Apache does not run: its settings are read all the same, and port 80 stays closed.
systemctl disable --quiet --now apache2.service 2>/dev/null
a2dismod --quiet --force status >/dev/null
a2enmod --quiet ssl >/dev/null
sed -E -i 's/^([ \t]*Options) Indexes /\1 /' /etc/apache2/apache2.conf
sed -E -i 's/^(ServerTokens) .*/\1 Prod/; s/^(ServerSignature) .*/\1 Off/' /etc/apache2/conf-available/security.conf
sed -E -i 's/^([ \t]*SSLProtocol) .*/\1 TLSv1.2 TLSv1.3/' /etc/apache2/mods-available/ssl.conf
printf '%s\n' '<VirtualHost *:443>' 'SSLEngine on' '</VirtualHost>' >/etc/apache2/sites-enabled/lab.conf
printf 'session.%s\n' cookie_httponly=1 cookie_secure=1 use_strict_mode=1 'cookie_samesite="Lax"' \
  >/etc/php/8.2/apache2/conf.d/50-lab.ini

# Services.
mkdir -p /etc/systemd/system/backup-lab.service.d /etc/fapolicyd
for each in chrony ssh cron rsyslog; do
  mkdir -p "/etc/systemd/system/$each.service.d"
  printf '[Service]\nRestart=on-failure\n' >"/etc/systemd/system/$each.service.d/restart.conf"
done
unit backup-lab.service '[Service]' 'Type=oneshot' 'ExecStart=/bin/true'
unit backup-lab.timer '[Timer]' 'OnActiveSec=1' 'OnCalendar=daily' '[Install]' 'WantedBy=timers.target'
echo 'permissive = 0' >/etc/fapolicyd/fapolicyd.conf
daemons auditd falcon-sensor clamav-daemon fapolicyd prometheus-node-exporter
systemctl enable --quiet --now backup-lab.timer
systemctl reset-failed
chronyc waitsync 100 0 0 0.1 >/dev/null
: >$state/undo
