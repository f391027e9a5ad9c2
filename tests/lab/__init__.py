"""A lab of real hosts: Debian machines with systemd and sshd that boot in a second, inside namespaces that end with their owner."""
