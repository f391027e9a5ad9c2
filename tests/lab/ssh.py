"""A client's side of SSH: its key, the host keys it knows and its configuration, in a home folder of its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key as OpenSSH writes it: the private file's text, and the public line without comment."""

    private: str
    public: str


def new_key(kind: str = "ed25519") -> KeyPair:
    """A fresh key of kind ed25519 or ecdsa."""
    key = ed25519.Ed25519PrivateKey.generate() if kind == "ed25519" else ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return KeyPair(private, key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode())


class Client:
    """A home folder with .ssh in it. Host names of the lab are written into its configuration."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.folder = home / ".ssh"
        self.folder.mkdir(mode=0o700, parents=True)
        self.key, self.config, self.known_hosts = (self.folder / name for name in ("id_ed25519", "config", "known_hosts"))
        pair = new_key()
        self.public = pair.public
        write_private(self.key, pair.private)
        write_private(self.known_hosts, "")
        write_private(self.config, "")
        self._aliases: dict[str, dict[str, str]] = {}

    @property
    def environment(self) -> dict[str, str]:
        """What a program needs in its environment to be this client and no other."""
        return {"HOME": str(self.home), "XDG_CACHE_HOME": str(self.home / ".cache"), "SSH_AUTH_SOCK": "", "SSH_ASKPASS": "false"}

    def know(self, address: str, keys: Iterable[str], port: int = 22) -> None:
        """Believe these public keys of a host."""
        name = address if port == 22 else f"[{address}]:{port}"
        with self.known_hosts.open("a") as stream:
            stream.writelines(f"{name} {key}\n" for key in keys)

    def alias(self, name: str, address: str, **options: str) -> None:
        """Give a host a name; options are those of ssh_config, such as Port or ProxyJump."""
        self._aliases[name] = {"HostName": address, **options}
        common = {
            "IdentityFile": str(self.key), "IdentitiesOnly": "yes", "UserKnownHostsFile": str(self.known_hosts), "User": "scan",
            "GlobalKnownHostsFile": "none", "BatchMode": "yes", "StrictHostKeyChecking": "yes", "UpdateHostKeys": "no",
        }  # fmt: skip
        blocks = {**self._aliases, "*": common}
        text = "".join(f"Host {host}\n" + "".join(f"  {key} {value}\n" for key, value in of.items()) for host, of in blocks.items())
        write_private(self.config, text)

    def ssh(self, host: str, *words: str, user: str = "scan") -> list[str]:
        """The command that runs words on a host by OpenSSH."""
        return ["ssh", "-F", str(self.config), "-l", user, host, *words]


def write_private(path: Path, text: str) -> None:
    """A file that only its owner reads, whole or not there."""
    partial = path.with_name(f".{path.name}.partial")
    partial.touch(mode=0o600)
    partial.write_text(text)
    partial.replace(path)
