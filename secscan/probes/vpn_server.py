"""Servers of OpenVPN and strongSwan that people sign in to, and what they ask for: a certificate, and something more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from secscan.model.probe import Answer, Arguments, Attribute, Observation, Observed, Probe, Question
from secscan.model.values import Record, Type, Unobservable, Value
from secscan.probing import Unreadable, closed_lines, reply

# Of a plugin or script only its own path is printed. What stands between <tags> are keys and certificates.
_SCRIPT = r"""wanted='^(server|server-bridge|server-ipv6|mode|client-cert-not-required|verify-client-cert|auth-user-pass-verify'
wanted="$wanted|plugin|management-client-auth|auth-user-pass-optional|config)\$"
show_openvpn() {
  for file in /etc/openvpn/*.conf /etc/openvpn/server/*.conf; do
    if [ ! -e "$file" ]; then continue; fi
    if [ ! -r "$file" ]; then printf 'fault %s cannot be read by this user\n' "$file"; continue; fi
    printf 'openvpn %s\n' "$file"
    tr -d '\r' <"$file" | awk -v wanted="$wanted" '
      /^[ \t]*<\// { inside = 0; next }
      /^[ \t]*</ { inside = 1; next }
      inside || /^[ \t]*([#;]|$)/ { next }
      {
        gsub(/["\047]/, ""); sub(/^--/, "", $1)
        if ($1 ~ wanted) print "| " $1 " " ($2 ~ /^[#;]/ ? "" : $2)
      }'
  done
}
show_strongswan() {
  if ! have swanctl; then printf 'fault strongSwan runs, and there is no swanctl command\n'
  elif told=$(swanctl --list-conns 2>/dev/null); then
    printf '%s\n' "$told" | awk '
      /^[^ ].*: IKEv/ { name = $0; sub(/: IKEv.*/, "", name); print "strongswan " name; next }
      /^  remote: / { print "| from " substr($0, 11); next }
      /^  remote .*authentication:$/ { sub(/^  remote /, ""); sub(/ authentication:$/, ""); print "| asks " $0 }'
  else printf 'fault strongSwan: %s\n' "$(swanctl --list-conns 2>&1 >/dev/null | tr '\n' ' ')"; fi
}
if ! have awk; then printf 'unobservable: there is no awk command\n'; part 0 0; exit 0; fi
if [ ! -e /proc/self ]; then printf 'unobservable: /proc is not mounted, so what runs is not known\n'; part 0 0; exit 0; fi
charon=''
for comm in /proc/[0-9]*/comm; do
  called=''
  { IFS= read -r called <"$comm"; } 2>/dev/null
  case $called in charon | charon-systemd | charon-nm) if [ "$called" != charon-nm ]; then charon=yes; fi ;; esac
done
told=$(
  if [ -d /etc/openvpn ]; then
    if [ ! -r /etc/openvpn ] || { [ -d /etc/openvpn/server ] && [ ! -r /etc/openvpn/server ]; }; then
      printf 'fault /etc/openvpn cannot be listed by this user\n'
    else show_openvpn; fi
  fi
  if [ -n "$charon" ]; then show_strongswan
  else
    for file in /etc/swanctl/conf.d/*.conf; do
      if [ -s "$file" ]; then printf 'fault strongSwan is set up, and does not run\n'; break; fi
    done
  fi
)
if [ -n "$told" ]; then printf '%s\nend\n' "$told"; else printf 'absent\n'; fi
part 0 0"""
# Plugins that ask for something; openvpn-plugin-down-root.so and others do not.
_ASKING = re.compile(r"auth|pam|radius|ldap|duo|otp|mfa|oidc", re.IGNORECASE)


def ask(calls: Sequence[Arguments]) -> Question:
    """A few lines of each file of OpenVPN, one `swanctl --list-conns`."""
    return Question(_SCRIPT, ("/etc/openvpn/*.conf", "/etc/openvpn/server/*.conf", "swanctl --list-conns", "/proc/*/comm", "awk"))


def read(call: Arguments, answer: Answer) -> Observation:
    """`openvpn FILE` and `| DIRECTIVE VALUE`, `strongswan NAME` and `| from ADDRESS`, `| asks METHOD`; then `end`."""
    said = reply(answer, "a VPN server")
    if said:
        return said
    found: list[tuple[str, str, list[tuple[str, str]]]] = []
    for line in closed_lines(answer):
        kind, _, rest = line.partition(" ")
        if kind == "fault":
            return Unobservable(rest.strip())
        if kind in {"openvpn", "strongswan"} and rest:
            found.append((kind, rest, []))
        elif kind == "|" and found:
            word, _, value = rest.partition(" ")
            found[-1][2].append((word, value))
        else:
            raise Unreadable(f"not a line about a VPN server: {line[:120]!r}")
    if not found:
        raise Unreadable("neither a VPN server nor `absent`")
    servers = tuple(
        record for kind, name, said_of_it in found for record in (_openvpn if kind == "openvpn" else _strongswan)(name, said_of_it)
    )
    return Observed({"servers": servers, "count": len(servers)})


def _openvpn(name: str, directives: Sequence[tuple[str, str]]) -> Iterable[Record]:
    """A file of OpenVPN, when it is a server's; what a later line says holds. Source: openvpn(8)."""
    last = dict(directives)
    if "config" in last:
        unknown = Unobservable(f"{name} includes another file, which is not followed")
        return ({"name": name, "program": "openvpn", "certificate": unknown, "second_factor": unknown},)
    if not last.keys() & {"server", "server-bridge", "server-ipv6"} and last.get("mode") != "server":
        return ()
    certificate = last.get("verify-client-cert", "none" if "client-cert-not-required" in last else "require")
    plugins = [value for word, value in directives if word == "plugin"]
    asks = bool(last.keys() & {"auth-user-pass-verify", "management-client-auth"}) or any(
        map(_ASKING.search, map(_file_name, plugins))
    )
    return ({
        "name": name, "program": "openvpn", "certificate": certificate == "require",
        "second_factor": asks and "auth-user-pass-optional" not in last,
    },)  # fmt: skip


def _file_name(path: str) -> str:
    return path.rpartition("/")[2]


def _strongswan(name: str, facts: Sequence[tuple[str, str]]) -> Iterable[Record]:
    """A connection that anybody may begin, from any address; one between two sites has the address of the other one."""
    if not any("%any" in value or value.startswith("0.0.0.0/0") for word, value in facts if word == "from"):
        return ()
    methods = [value for word, value in facts if word == "asks"]
    certificate: Value = any(method in {"public key", "EAP_TLS"} for method in methods)
    second = any((method.startswith("EAP") and method != "EAP_TLS") or method.lower().startswith("xauth") for method in methods)
    return ({"name": name, "program": "strongswan", "certificate": certificate, "second_factor": second},)


PROBE = Probe(
    name="vpn_server",
    summary="Servers of OpenVPN and strongSwan that people sign in to, and what they ask for",
    arguments=(),
    attributes=(
        Attribute(
            "servers",
            Type.RECORDS,
            "the servers; tunnels between two sites are none, and WireGuard knows keys of devices only",
            (
                Attribute("name", Type.TEXT, "the file of OpenVPN, the connection of strongSwan"),
                Attribute("program", Type.TEXT, "openvpn or strongswan"),
                Attribute("certificate", Type.BOOLEAN, "nobody comes in without a certificate"),
                Attribute("second_factor", Type.BOOLEAN, "a plugin, a script or EAP asks for something more, from everybody"),
            ),
        ),
        Attribute("count", Type.INTEGER, "how many of them"),
    ),
    ask=ask,
    read=read,
    example=(
        "openvpn /etc/openvpn/server/staff.conf\n| server 10.8.0.0\n"
        "| plugin /usr/lib/x86_64-linux-gnu/openvpn/plugins/openvpn-plugin-auth-pam.so\nend\n"
    ),
    time_limit_s=30,
    needs_root=True,
)
