# The database host: a PostgreSQL server whose log pgBackRest archives, encrypted, and a full backup of it.
set -e
install -d -o postgres -g postgres -m 0700 /var/lib/postgresql/.ssh
install -o postgres -g postgres -m 0600 /root/.ssh/far.pub /var/lib/postgresql/.ssh/authorized_keys
install -o postgres -g postgres -m 0640 /root/pgbackrest.conf /etc/pgbackrest.conf
cat >>/etc/postgresql/15/main/postgresql.conf <<'END'
listen_addresses = '*'
archive_mode = on
archive_timeout = 5min
archive_command = 'pgbackrest --stanza=main archive-push %p'
wal_keep_size = 64MB
END
echo 'host replication follower 10.99.0.0/24 scram-sha-256' >>/etc/postgresql/15/main/pg_hba.conf
systemctl restart postgresql@15-main.service
as_postgres() { runuser -u postgres -- "$@"; }
as_postgres psql -q -d postgres <<'END'
CREATE ROLE follower REPLICATION LOGIN PASSWORD 'follow-the-lab';
CREATE TABLE ledger AS SELECT number, md5(number::text) AS entry FROM generate_series(1, 20000) AS number;
END
as_postgres pgbackrest --stanza=main stanza-create
cat >/etc/systemd/system/pgbackrest.service <<'END'
[Service]
Type=oneshot
User=postgres
ExecStart=/usr/bin/pgbackrest --stanza=main backup
END
cat >/etc/systemd/system/pgbackrest.timer <<'END'
[Timer]
OnActiveSec=0
OnUnitActiveSec=1h
[Install]
WantedBy=timers.target
END
systemctl daemon-reload
systemctl enable --quiet --now pgbackrest.timer
while [ "$(systemctl show -P Result -P ActiveState pgbackrest.service | tr '\n' ' ')" != 'success inactive ' ] ||
  [ "$(systemctl show -P ExecMainExitTimestamp pgbackrest.service)" = '' ]; do
  if systemctl is-failed --quiet pgbackrest.service; then journalctl -u pgbackrest.service >&2; exit 1; fi
  sleep 0.2
done
