# Makes the lab's host one that stands for a machine of its own, for checks that leave containers alone; after ways.sh.
# shellcheck shell=sh

printf '#!/bin/sh\necho kvm\n' >/usr/sbin/systemd-detect-virt
umount -l /run/host 2>/dev/null || true
rm -f /run/systemd/container /run/host/container-manager
# The kernel audits its own machine alone: a program in front of auditctl tells what is in two files.
cat >/usr/sbin/auditctl <<'END'
#!/bin/sh
case $1 in -l) cat /run/flips/audit-rules ;; -s) cat /run/flips/audit-status ;; esac
END
chmod 0755 /usr/sbin/systemd-detect-virt /usr/sbin/auditctl
echo 'No rules' >$state/audit-rules
printf '%s\n' 'enabled 1' 'failure 1' 'pid 1' 'rate_limit 0' 'backlog_limit 8192' 'lost 0' 'backlog 0' >$state/audit-status
