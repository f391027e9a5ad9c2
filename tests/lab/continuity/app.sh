# The application host: files that restic and Borg save to the vault every hour, and one restore that is tried and recorded.
set -e
pg_dropcluster --stop 15 main
mkdir -p /srv/erp/letters /etc/restic /etc/borg
head -c 3000000 /dev/urandom >/srv/erp/pictures.bin
for number in 1 2 3 4 5 6 7 8; do seq $number 40000 >"/srv/erp/letters/$number.txt"; done
(umask 077 && echo 'a-password-of-the-lab' >/etc/restic/password)
cat >/usr/local/sbin/backup-erp <<'END'
#!/bin/sh
set -e
export HOME=/root
restic -q -r sftp:restic@vault:/srv/restic/erp --password-file /etc/restic/password backup /srv/erp
export BORG_PASSPHRASE='a passphrase of the lab'
borg create "ssh://borg@vault/srv/borg/erp::erp-{now}" /srv/erp
END
chmod 0700 /usr/local/sbin/backup-erp
cat >/etc/systemd/system/backup-erp.service <<'END'
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/backup-erp
END
cat >/etc/systemd/system/backup-erp.timer <<'END'
[Timer]
OnActiveSec=0
OnUnitActiveSec=1h
[Install]
WantedBy=timers.target
END
restic -q -r sftp:restic@vault:/srv/restic/erp --password-file /etc/restic/password init
BORG_PASSPHRASE='a passphrase of the lab' borg init -e repokey ssh://borg@vault/srv/borg/erp
systemctl daemon-reload
systemctl enable --quiet --now backup-erp.timer
while [ "$(systemctl show -P Result -P ActiveState backup-erp.service | tr '\n' ' ')" != 'success inactive ' ] ||
  [ "$(systemctl show -P ExecMainExitTimestamp backup-erp.service)" = '' ]; do
  if systemctl is-failed --quiet backup-erp.service; then journalctl -u backup-erp.service >&2; exit 1; fi
  sleep 0.2
done

mkdir -p /var/lib/secscan/restore-tests /srv/tried
started=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
restic -q -r sftp:restic@vault:/srv/restic/erp --password-file /etc/restic/password restore latest --target /srv/tried
diff -r /srv/erp /srv/tried/srv/erp
finished=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
bytes=$(find /srv/tried -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }')
rm -r /srv/tried
cat >/var/lib/secscan/restore-tests/files.json <<END
{"service": "erp", "data_set": "files", "started": "$started", "finished": "$finished", "bytes": $bytes, "full_bytes": $bytes,
 "result": "pass", "verified_by": "every file compared", "by": "the lab"}
END
