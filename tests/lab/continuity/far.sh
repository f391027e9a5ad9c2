# The other site: it fetches what the first one saved, lets nobody take it away, and runs a standby restored from it.
set -e
install -o postgres -g postgres -m 0640 /root/pgbackrest.conf /etc/pgbackrest.conf
cat >/usr/local/sbin/backup-mirror <<'END'
#!/bin/sh
set -e
export HOME=/root
rsync -rt --inplace --omit-dir-times --exclude=/locks/ restic@vault:/srv/restic/erp/ /srv/restic/erp/
mkdir -p /srv/restic/erp/locks
rsync -rt --delete --chown=postgres:postgres postgres@db:/var/lib/pgbackrest/ /var/lib/pgbackrest/
END
chmod 0700 /usr/local/sbin/backup-mirror
cat >/etc/systemd/system/backup-mirror.service <<'END'
[Service]
Type=oneshot
ExecStart=/usr/local/sbin/backup-mirror
END
cat >/etc/systemd/system/backup-mirror.timer <<'END'
[Timer]
OnActiveSec=0
OnUnitActiveSec=1h
[Install]
WantedBy=timers.target
END
mkdir -p /srv/restic/erp
chmod 0700 /srv/restic /srv/restic/erp
systemctl daemon-reload
systemctl enable --quiet --now backup-mirror.timer
while [ "$(systemctl show -P Result -P ActiveState backup-mirror.service | tr '\n' ' ')" != 'success inactive ' ] ||
  [ "$(systemctl show -P ExecMainExitTimestamp backup-mirror.service)" = '' ]; do
  if systemctl is-failed --quiet backup-mirror.service; then journalctl -u backup-mirror.service >&2; exit 1; fi
  sleep 0.2
done
find /srv/restic/erp -type d -exec chattr +a {} +

systemctl stop postgresql@15-main.service
data=/var/lib/postgresql/15/main
rm -r $data
mkdir -p /var/lib/secscan/restore-tests
started=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
runuser -u postgres -- pgbackrest --stanza=main --type=standby \
  --recovery-option='primary_conninfo=host=db user=follower password=follow-the-lab' restore
systemctl start postgresql@15-main.service
finished=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
rows=$(runuser -u postgres -- psql -At -d postgres -c 'SELECT count(*) FROM ledger')
[ "$rows" = 20000 ]
bytes=$(du -sb $data | cut -f 1)
cat >/var/lib/secscan/restore-tests/ledger.json <<END
{"service": "ledger", "data_set": "books", "started": "$started", "finished": "$finished", "bytes": $bytes, "full_bytes": $bytes,
 "result": "pass", "verified_by": "row count", "by": "the lab"}
END
