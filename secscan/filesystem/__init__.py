"""What the probes of the file system share: lines about files, globs that notice what they may not see, tables of mounts."""
