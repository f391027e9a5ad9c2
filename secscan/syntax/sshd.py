"""Configuration of the OpenSSH server: names and values as they are called today, where it is, and what stands in Match blocks."""

from __future__ import annotations

import re
import shlex

from secscan.model.values import Unobservable

_KNOWN = """AcceptEnv AddressFamily AllowAgentForwarding AllowGroups AllowStreamLocalForwarding AllowTcpForwarding AllowUsers
AuthenticationMethods AuthorizedKeysCommand AuthorizedKeysCommandUser AuthorizedKeysFile AuthorizedPrincipalsCommand
AuthorizedPrincipalsCommandUser AuthorizedPrincipalsFile Banner CASignatureAlgorithms ChannelTimeout ChrootDirectory Ciphers
ClientAliveCountMax ClientAliveInterval Compression DebianBanner DenyGroups DenyUsers DisableForwarding ExposeAuthInfo
FingerprintHash ForceCommand GatewayPorts GSSAPIAuthentication GSSAPICleanupCredentials GSSAPIKexAlgorithms
GSSAPIKeyExchange GSSAPIStoreCredentialsOnRekey GSSAPIStrictAcceptorCheck HostbasedAcceptedAlgorithms
HostbasedAuthentication HostbasedUsesNameFromPacketOnly HostCertificate HostKey HostKeyAgent HostKeyAlgorithms IgnoreRhosts
IgnoreUserKnownHosts IPQoS KbdInteractiveAuthentication KerberosAuthentication KerberosGetAFSToken KerberosOrLocalPasswd
KerberosTicketCleanup KexAlgorithms ListenAddress LoginGraceTime LogLevel LogVerbose MACs MaxAuthTries MaxSessions MaxStartups
ModuliFile PAMServiceName PasswordAuthentication PermitEmptyPasswords PermitListen PermitOpen PermitRootLogin PermitTTY
PermitTunnel PermitUserEnvironment PermitUserRC PerSourceMaxStartups PerSourceNetBlockSize PerSourcePenalties
PerSourcePenaltyExemptList PidFile Port PrintLastLog PrintMotd PubkeyAcceptedAlgorithms PubkeyAuthentication
PubkeyAuthOptions RDomain RefuseConnection RekeyLimit RequiredRSASize RevokedKeys SecurityKeyProvider SetEnv
SshdAuthPath SshdSessionPath StreamLocalBindMask StreamLocalBindUnlink StrictModes Subsystem SyslogFacility TCPKeepAlive
TrustedUserCAKeys UnusedConnectionTimeout UseDNS UseLogin UsePAM UsePrivilegeSeparation VersionAddendum X11DisplayOffset
X11Forwarding X11UseLocalhost XAuthLocation"""
OPTIONS = tuple(_KNOWN.split())
OLD_NAMES = {
    "challengeresponseauthentication": "kbdinteractiveauthentication",
    "skeyauthentication": "kbdinteractiveauthentication",
    "pubkeyacceptedkeytypes": "pubkeyacceptedalgorithms",
    "hostbasedacceptedkeytypes": "hostbasedacceptedalgorithms",
    "dsaauthentication": "pubkeyauthentication",
    "keepalive": "tcpkeepalive",
}
OLD_VALUES = {("permitrootlogin", "without-password"): "prohibit-password"}  # one meaning, and sshd -T prints the old spelling
# has it resolve its configuration, with the options its service is started with
RESOLVE_SSHD = r"""alone() {
  unshare -m sh -c 'mount -n -t tmpfs -o mode=755,size=64k tmpfs /run && mkdir /run/sshd && exec "$@"' sh "$@"
}
attempt() { # OPTION...
  code=0
  out=$("$sshd" -T "$@" 2>/dev/null) || code=$?
  if [ "$code" = 0 ] && [ -n "$out" ]; then return; fi
  said=$("$sshd" -T "$@" 2>&1 >/dev/null)
  [ "$code" != 0 ] || code=1
  case $said in
    *'privilege separation directory: /run/'* | *'no hostkeys available'*)
      if out=$("$sshd" -G -T "$@" 2>/dev/null) && [ -n "$out" ]; then code=0
      elif out=$(alone "$sshd" -T "$@" 2>/dev/null) && [ -n "$out" ]; then code=0; fi
      ;;
  esac
}
resolve() { # OPTION...: sets $code, and $out or $said
  attempt "$@"
  # Match blocks about ports or addresses of this host cannot be passed by without a client: then one that nobody knows is named
  case "$code $* " in
    '0 '* | *' -C '*) ;;
    *) attempt "$@" -C user=unknown,host=192.0.2.1,addr=192.0.2.1,laddr=192.0.2.2,lport=22 ;;
  esac
}
"""
# scan FILE CRITERIA DEPTH: `match FILE:LINE CRITERIA: SETTING` for every setting in a Match block, files included; where $every is
# not empty also `set FILE:LINE: SETTING` for those outside, in the order in which sshd reads them
LIST_MATCHES = r"""blank=' 	'
scan() ( # FILE CRITERIA DEPTH
  criteria=$2 number=0
  [ "$3" -le 16 ] || exit 0
  if [ ! -r "$1" ]; then printf 'fault %s cannot be read by this user\n' "$1"; exit 0; fi
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    line=${line#"${line%%[!$blank]*}"}
    case $line in
      '' | '#'*) continue ;;
      \"*) line=${line#?} line="${line%%\"*} ${line#*\"}" ;;
    esac
    word=${line%%[$blank=\"]*}
    rest=${line#"$word"}
    rest=${rest#"${rest%%[!$blank=]*}"}
    case $word in
      [Mm][Aa][Tt][Cc][Hh]) criteria="${2:+$2, }$rest" ;;
      [Ii][Nn][Cc][Ll][Uu][Dd][Ee])
        set -f
        for pattern in $rest; do
          pattern=${pattern#\"}
          pattern=${pattern%\"}
          case $pattern in '#'*) break ;; /*) ;; *) pattern=/etc/ssh/$pattern ;; esac
          above=${pattern%/*}
          if [ -d "$above" ] && [ ! -r "$above" ]; then printf 'fault %s cannot be listed by this user\n' "$above"; fi
          set +f
          for file in $pattern; do
            if [ -f "$file" ]; then scan "$file" "$criteria" $(($3 + 1)); fi
          done
          set -f
        done
        set +f
        ;;
      *)
        if [ -n "$criteria" ]; then printf 'match %s:%s %s: %s\n' "$1" "$number" "$criteria" "$line"
        elif [ -n "${every:-}" ]; then printf 'set %s:%s: %s\n' "$1" "$number" "$line"; fi
        ;;
    esac
  done <"$1"
)
"""
# values_of KEYWORD [all] (in small letters), after FIND_SSHD and LIST_MATCHES: the value that holds for everybody, or all of them,
# as `set VALUE`, those of Match blocks as `match VALUE`; `fault REASON` where not all can be read. Needs neither root nor sshd.
VALUES_OF = r"""values_of() {
  if [ -n "$doubt" ]; then printf 'fault %s\n' "$doubt"; fi
  if [ ! -e "$conf" ]; then return; fi
  {
    printf '%s' "$started" | sed 's/^/set started:0: /'
    every=yes
    scan "$conf" '' 0
  } | awk -v keyword="$1" -v all="${2:-}" '
    /^fault / { print; next }
    {
      kind = $1
      if (kind == "set") { if (!match($0, /^set [^:]*:[0-9]+: /)) next }
      else if (!match($0, /^match [^:]*:[0-9]+ .*: /)) next
      line = substr($0, RLENGTH + 1)
      name = line
      sub(/[ \t="].*/, "", name)
      if (tolower(name) != keyword || (kind == "set" && known++ && all == "")) next
      line = substr(line, length(name) + 1)
      sub(/^[ \t=]+/, "", line); sub(/[ \t]#.*/, "", line); gsub(/["\r]/, "", line)
      print kind, line
    }'
}
"""


def keyword_and_value(setting: str) -> tuple[str, str]:
    """Keyword (as it is called today) and value of a configuration line, quotes and comment removed."""
    name, rest = re.fullmatch(r"([^\s=\"]*)[\s=]*(.*)", setting).groups()  # type: ignore[union-attr] # matches any line
    try:
        words = shlex.split(rest, comments=True)
    except ValueError:
        words = rest.split()
    return OLD_NAMES.get(name.lower(), name.lower()), " ".join(words)


def read_seconds(value: str) -> float | Unobservable:
    """TIME FORMATS of sshd_config(5): 600, 10m, 1h30m."""
    if not re.fullmatch(r"(\d{1,9}[smhdw]?)+", value, re.IGNORECASE):
        return Unobservable(f"{value[:60]!r} is not a time")
    units = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
    return float(sum(int(digits) * units[unit.lower()] for digits, unit in re.findall(r"(\d+)([a-zA-Z]?)", value)))
