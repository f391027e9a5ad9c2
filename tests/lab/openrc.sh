# Brings a host up with OpenRC: run levels with services that run, that never ran, that failed, that died, that nothing will start again.
set -eu
rm -rf /etc/runlevels /etc/init.d/*
for level in sysinit boot default nonetwork shutdown more; do mkdir -p /etc/runlevels/$level; done
service() { # NAME LINE...: a service that runs a sleeping process of its own
  name=$1
  shift
  {
    printf '#!/sbin/openrc-run\n'
    printf '%s\n' "$@"
  } >"/etc/init.d/$name"
  chmod 755 "/etc/init.d/$name"
}
daemon() { # NAME LINE...: a daemon with a pid file
  name=$1
  shift
  service "$name" 'command=/bin/sleep' "command_args='1000$((at = at + 1))'" 'command_background=yes' "pidfile=/run/$name.pid" "$@"
}
at=0
service sshd 'command=/usr/sbin/sshd' 'pidfile=/run/sshd.pid' 'start_pre() { mkdir -p /run/sshd; }'
daemon labd 'depend() { need needed; }'
daemon needed
daemon by-hand
daemon never
daemon at-shutdown
daemon stacked
daemon dies
service cron 'command=/usr/sbin/cron'
service dropbear 'command=/usr/sbin/dropbear' 'command_args="-R -p 2222 $DROPBEAR_OPTS"' 'start_pre() { mkdir -p /etc/dropbear; }'
service fails 'start() { return 1; }'
for name in supervised abandoned; do
  service $name 'supervisor=supervise-daemon' 'command=/bin/sleep' 'command_args=10098'
done
for name in sshd labd dies cron dropbear fails supervised abandoned; do rc-update --quiet add $name default; done
rc-update --quiet add stacked more
rc-update --quiet --stack add more default
rc-update --quiet add at-shutdown shutdown
openrc sysinit
openrc boot
openrc default || :
rc-service by-hand start
kill -9 "$(cat /run/dies.pid)" "$(cat /run/supervise-abandoned.pid)"
