"""Faults of the sites, one at a time: how each is made and mended, and everything that must then be seen otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

Key = tuple[str, str]


@dataclass(frozen=True)
class Fault:
    """A fault, the same on each of its hosts. `outcomes` and `figures` are all that change, with what they become."""

    hosts: tuple[str, ...]
    cause: str
    mend: str
    outcomes: Mapping[Key, str] = field(default_factory=dict)
    figures: Mapping[Key, str] = field(default_factory=dict)


OF_REPOSITORIES = (
    "backup_repositories_append_only", "backup_repositories_encrypted", "backup_repositories_reach_back",
    "backup_repositories_undamaged", "backup_repositories_unlocked", "backup_repositories_without_gaps",
    "restic_repositories_fresh",
)  # fmt: skip
_SQL = "runuser -u postgres -- psql -q -At -d postgres"
_WAIT = "for try in $(seq 60); do [ \"$({sql} -c '{what}')\" = t ] && break; sleep 0.2; done; [ \"$({sql} -c '{what}')\" = t ]"
_PACK = "pack=$(find /srv/restic/erp/data -type f -size +500k | sort | head -n 1)"
_TESTS = "/var/lib/secscan/restore-tests"


def _until(what: str) -> str:
    """Shell that waits until the server says so."""
    return _WAIT.format(sql=_SQL, what=what)


FAULTS: Mapping[str, Fault] = {
    "the timer of the backups is stopped": Fault(
        ("app",),
        "systemctl disable --quiet --now backup-erp.timer",
        "systemctl enable --quiet --now backup-erp.timer",
        {
            ("app", "backup_scheduled"): "fail",
            **dict.fromkeys((("app", "backup_runs_succeed"), ("app", "backup_failures_reported")), "not_applicable"),
        },
    ),
    "the far copy is deleted": Fault(
        ("far",),
        "chattr -R -a /srv/restic/erp && rm -r /srv/restic/erp",
        "install -d -m 0700 /srv/restic/erp; systemctl start backup-mirror.service;"
        " find /srv/restic/erp -type d -exec chattr +a {} +",
        {
            ("service erp", "service_survives_loss_of_its_site"): "fail",
            ("service erp", "service_survives_attack_on_backups"): "error",  # nobody knows who may delete in the vault
            ("service erp", "service_copies_spread"): "error",
            **dict.fromkeys((("far", check) for check in OF_REPOSITORIES), "not_applicable"),
        },
        {("erp", "site_loss"): "measured, missed", ("erp", "cyber"): "unknown, unknown", ("files", "3-2-1-1-0"): "unknown"},
    ),
    "a byte of a pack in the vault is changed": Fault(
        ("vault",),
        f"{_PACK}; chmod u+w $pack; cp -p $pack /root/pack; printf x | dd of=$pack bs=1 seek=1000 conv=notrunc status=none;"
        " touch -r /root/pack $pack",
        f"{_PACK}; cat /root/pack >$pack; touch -r /root/pack $pack",
        {("vault", "backup_repositories_undamaged"): "fail", ("service erp", "service_copies_spread"): "fail"},
        {("files", "3-2-1-1-0"): "missed"},
    ),
    "pgBackRest no longer encrypts": Fault(
        ("db",),
        "sed -i.kept /cipher/d /etc/pgbackrest.conf; mv /var/lib/pgbackrest /var/lib/pgbackrest.kept;"
        " install -d -o postgres -g postgres -m 0750 /var/lib/pgbackrest;"
        " runuser -u postgres -- pgbackrest --stanza=main stanza-create; runuser -u postgres -- pgbackrest --stanza=main backup",
        "rm -r /var/lib/pgbackrest; mv /var/lib/pgbackrest.kept /var/lib/pgbackrest;"
        " mv /etc/pgbackrest.conf.kept /etc/pgbackrest.conf; runuser -u postgres -- pgbackrest --stanza=main backup",
        {("db", "pgbackrest_backups_encrypted"): "fail"},
    ),
    "the log of the database cannot be archived": Fault(
        ("db",),
        f"{_SQL} -c \"ALTER SYSTEM SET archive_command = '/bin/false'\" -c 'SELECT pg_reload_conf()'"
        " -c \"SELECT pg_logical_emit_message(false, 'lab', 'something to archive')\" -c 'SELECT pg_switch_wal()'"
        f" >/dev/null; {_until('SELECT last_failed_time > last_archived_time FROM pg_stat_archiver')}",
        f"{_SQL} -c 'ALTER SYSTEM RESET archive_command' -c 'SELECT pg_reload_conf()' >/dev/null;"
        f" {_until('SELECT last_archived_time > last_failed_time FROM pg_stat_archiver')}",
        {("db", "postgresql_archive_keeps_up"): "fail"},
    ),
    "the standby no longer follows": Fault(
        ("far",),
        f"{_SQL} -c \"ALTER SYSTEM SET primary_conninfo = 'host=db port=1 user=follower'\" -c 'SELECT pg_reload_conf()' >/dev/null;"
        f" {_until('SELECT count(*) = 0 FROM pg_stat_wal_receiver')}",
        f"{_SQL} -c \"ALTER SYSTEM SET primary_conninfo = 'host=db user=follower password=follow-the-lab'\""
        f" -c 'SELECT pg_reload_conf()' >/dev/null; {_until('SELECT count(*) = 1 FROM pg_stat_wal_receiver')}",
        {("far", "postgresql_standbys_follow"): "fail"},
    ),
    "the last restore of the files is too long ago": Fault(
        ("app",),
        f"cp -p {_TESTS}/files.json /root/files.json; then=$(date -u -d '100 days ago' +%Y-%m-%d);"
        f' sed -E -i "s/[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}T/${{then}}T/g" {_TESTS}/files.json',
        f"cp -p /root/files.json {_TESTS}/files.json",
        {
            ("service erp", "service_restores_tested"): "fail",
            ("service erp", "service_recovers_in_time"): "error",  # its rate serves to estimate, and an estimate is never enough
        },
        {("erp", "rto"): "estimated, partly met"},
    ),
    "the last restore of the files failed": Fault(
        ("app",),
        f'cp -p {_TESTS}/files.json /root/files.json; sed -i \'s/"pass"/"fail"/\' {_TESTS}/files.json',
        f"cp -p /root/files.json {_TESTS}/files.json",
        {("service erp", "service_restores_tested"): "fail", ("service erp", "service_recovers_in_time"): "fail"},
        {("erp", "rto"): "measured, missed"},
    ),
    "the clock of the vault is wrong": Fault(
        ("vault",),
        "printf 'LD_PRELOAD=%s\\nFAKETIME=+60\\n' \"$(find /usr/lib -name libfaketime.so.1)\" >/etc/environment;"
        " cp /etc/pam.d/sudo /root/sudo; echo 'session required pam_env.so' >>/etc/pam.d/sudo",
        ": >/etc/environment; cp /root/sudo /etc/pam.d/sudo",
        {("organization", "fleet_clocks_agree"): "fail"},
    ),
    "nothing was saved for three hours": Fault(
        ("vault", "far"),
        "cp -pr /srv/restic/erp/snapshots /root/; touch -d '3 hours ago' /srv/restic/erp/snapshots/*",
        "cd /root/snapshots; for file in *; do touch -r $file /srv/restic/erp/snapshots/$file; done",
        {
            ("service erp", "service_data_loss_within_objective"): "fail",
            ("service erp", "service_gaps_within_objective"): "fail",
            ("service erp", "service_survives_loss_of_its_site"): "fail",
            ("service erp", "service_survives_attack_on_backups"): "error",
        },
        {
            ("erp", "rpo_now"): "measured, missed",
            ("erp", "worst_gap"): "measured, missed",
            ("erp", "site_loss"): "measured, missed",
            ("erp", "cyber"): "unknown, unknown",
        },
    ),
}
