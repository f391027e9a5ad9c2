# The backup host: a repository that restic writes over SFTP, and one that Borg may only add to.
set -e
pg_dropcluster --stop 15 main
for user in restic borg; do
  useradd -m -d "/srv/$user" -s /bin/sh -p '*' $user
  install -d -o $user -g $user -m 0700 "/srv/$user" "/srv/$user/.ssh"
done
cat /root/.ssh/app.pub /root/.ssh/far.pub >/srv/restic/.ssh/authorized_keys
echo "command=\"borg serve --append-only --restrict-to-path /srv/borg\",restrict $(cat /root/.ssh/app.pub)" >/srv/borg/.ssh/authorized_keys
