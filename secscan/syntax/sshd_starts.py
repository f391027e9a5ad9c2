"""How an SSH server of OpenSSH is started: where it is, its configuration, and the options of its services and processes.

Options win over the configuration, and may name another one. They stand in units of systemd and their drop-ins, in files of
variables that units or init scripts read, and in the command lines of servers that run.
"""

from __future__ import annotations

from secscan.syntax.servers import STARTS_WITH_HOST
from secscan.syntax.systemd import SETTINGS_OF, SYSTEMD_IS_INIT

# finds sshd ($sshd, empty when there is none), its configuration ($conf), and the options it is started with ("$@"; those of -o
# also in $started, one a line). Every service that starts with the host and every server that runs must agree on them: otherwise
# $doubt says who does not, for then one of them has settings that nobody looked at.
FIND_SSHD = (
    SYSTEMD_IS_INIT
    + STARTS_WITH_HOST
    + SETTINGS_OF
    + r"""sshd=$(command -v sshd) || for sshd in /usr/lib/ssh/sshd /usr/libexec/sshd ''; do [ ! -x "$sshd" ] || break; done
usual=/etc/ssh/sshd_config
[ -e "$usual" ] || [ ! -e /usr/etc/ssh/sshd_config ] || usual=/usr/etc/ssh/sshd_config
newline='
'
keep() { # LETTER VALUE: an option that counts, one a line in $told; in $counted those that make a difference
  case $1$2 in
    C* | E* | b* | k* | u* | "f$usual" | o[Pp][Ii][Dd][Ff][Ii][Ll][Ee]*) return ;;
    c*) set -- o "HostCertificate $2" ;;
    g*) set -- o "LoginGraceTime $2" ;;
    h*) set -- o "HostKey $2" ;;
  esac
  told=$told-$1$2$newline
  case $1 in p) ;; *) counted=$counted-$1$2$newline ;; esac
}
read_options() { # WORDS: the options in a command line of sshd; $odd when it is not understood, $asks when sshd is only asked
  told='' counted='' odd='' asks='' after='' value='' open=''
  case $1 in *[\\\`\$]*) odd=yes ;; esac
  set -f
  for word in $1; do
    word=${word#[\"\']} word=${word%[\"\']}
    if [ -n "$open" ]; then
      case $word in
        -*) keep "$after" "$value" ;;
        *) value="$value $word"; continue ;; # sshd takes no words but options: a blank within a value
      esac
    elif [ -n "$after" ]; then value=$word open=yes; continue; fi
    after='' value='' open=''
    case $word in
      --*) odd=yes ;;
      -?*) ;;
      '') continue ;;
      *) odd=yes ;;
    esac
    word=${word#-}
    while [ -n "$word" ] && [ -z "$odd" ]; do
      after=${word%"${word#?}"} word=${word#?}
      case $after in
        [bcfghkopuCE])
          value=$word word=''
          if [ -n "$value" ]; then open=yes; fi
          continue
          ;;
        [46]) keep "$after" '' ;;
        [tTGQV]) asks=yes ;;
        [DRdeiqr]) ;;
        *) odd=yes ;;
      esac
      after=''
    done
  done
  set +f
  if [ -n "$open" ]; then keep "$after" "$value"; elif [ -n "$after" ]; then odd=yes; fi
}
started_by() { # WHO WORDS
  read_options "$2"
  if [ -n "$asks" ]; then return; fi
  if [ -n "$odd" ]; then doubt=${doubt:-"the options with which $1 starts sshd are not understood"}
  elif [ -z "$way" ]; then way=$1 words=$told compared=$counted
  elif [ "$counted" != "$compared" ]; then doubt=${doubt:-"$way and $1 start sshd with different options"}; fi
}
last_value() { # NAME FILE...: the last value of a variable in files of such
  name=$1
  shift
  for file in "$@"; do
    [ -r "$file" ] || continue
    while IFS= read -r line || [ -n "$line" ]; do
      case $line in "$name="*) printf '%s\n' "${line#*=}" ;; esac
    done <"$file"
  done | tail -n 1
}
variable() { # NAME: its value for the unit whose $assigned are at hand
  found=$(printf '%s' "$assigned" | while IFS= read -r line; do
    case $line in
      Environment=*"$1="*)
        line=${line#*=}
        case $line in [\"\']*) ;; *[[:blank:]]*) line='' ;; esac
        line=${line#[\"\']} line=${line%[\"\']}
        case $line in "$1="*[\"\']*) printf '%s\n' '\' ;; "$1="*) printf '%s\n' "${line#*=}" ;; *) printf '%s\n' '\' ;; esac
        ;;
    esac
  done | tail -n 1)
  files=$(printf '%s' "$assigned" | while IFS= read -r line; do
    case $line in EnvironmentFile=*) line=${line#*=}; last_value "$1" "${line#-}" ;; esac
  done | tail -n 1)
  printf '%s' "${files:-$found}"
}
unit_words() { # UNIT: the words that follow sshd in the command line of a unit of systemd; `\` where that cannot be told
  assigned='' command=''
  while IFS= read -r line; do
    line=${line#*: }
    case $line in
      Environment= | EnvironmentFile=) assigned='' ;;
      Environment=* | EnvironmentFile=*) assigned=$assigned$line$newline ;;
      ExecStart=) command='' ;;
      ExecStart=*) command=${line#*=} ;;
    esac
  done <<EOS
$(settings_of "system/$1" Service)
EOS
  while :; do case $command in [-:+!]*) command=${command#?} ;; *) break ;; esac done
  case $command in
    *%*) printf '%s' '\'; return ;; # specifiers of systemd
    /*/sshd | /*/sshd\ *) ;;
    *) printf '%s' '\'; return ;;
  esac
  set -f
  for word in $command; do
    case $word in
      */sshd) ;;
      '$'[A-Z_]* | '${'[A-Z_]*'}')
        word=${word#?} word=${word#\{}
        printf '%s ' "$(variable "${word%\}}")"
        ;;
      *) printf '%s ' "$word" ;;
    esac
  done
  set +f
}
units_of_sshd() { # names of units that start sshd. Generators make some for a host's own sockets and for virtual machines: left out
  set -- /etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system /usr/lib/systemd/system /lib/systemd/system
  {
    for directory; do
      for unit in ssh.service sshd.service ssh@.service sshd@.service; do [ ! -f "$directory/$unit" ] || printf '%s\n' "$unit"; done
      grep -lsE '^[[:blank:]]*ExecStart[[:blank:]]*=.*/sshd([^-A-Za-z0-9_.]|$)' \
        "$directory"/*.service "$directory"/*.service.d/*.conf
    done
  } | sed 's|/[^/]*[.]conf$||; s|[.]d$||; s|.*/||' | sort -u | while IFS= read -r unit; do
    for directory; do
      [ -e "$directory/$unit" ] || [ -L "$directory/$unit" ] || continue
      [ -f "$directory/$unit" ] && ! is_masked "$unit" && printf '%s\n' "$unit"
      break
    done
  done
}
in_force() { # UNIT: whether it starts with the host
  case $1 in
    *@.service)
      for link in /etc/systemd/system/*.wants/"${1%@.service}.socket" /usr/lib/systemd/system/*.wants/"${1%@.service}.socket"; do
        [ ! -L "$link" ] || return 0
      done
      starts_with_host "${1%.service}*"
      ;;
    *) starts_with_host "${1%.service}" ;;
  esac
}
servers_of_sshd() { # `PID WORDS` of every server that runs; children that serve one client, and containers, left out
  home=$(readlink /proc/self/ns/pid 2>/dev/null)
  for directory in /proc/[0-9]*; do
    name=''
    { IFS= read -r name <"$directory/comm"; } 2>/dev/null
    [ "$name" = sshd ] || continue
    grep -qs '^Uid:[[:blank:]]0[[:blank:]]' "$directory/status" || continue # how users call their own programs says nothing
    at=$(readlink "$directory/ns/pid" 2>/dev/null)
    [ -z "$at" ] || [ "$at" = "$home" ] || continue
    line=$(tr '\000\n' '  ' 2>/dev/null <"$directory/cmdline")
    case $line in
      'sshd: '*' [listener]'*) line=${line#sshd: } line=${line%%' [listener]'*} ;;
      'sshd: /'*) line=${line#sshd: } ;;
      'sshd: '* | '') continue ;;
    esac
    case $line in
      sshd | */sshd) line='' ;;
      *sshd\ *) line=${line#*sshd } ;;
      *) line='\' ;;
    esac
    printf '%s %s\n' "${directory#/proc/}" "$line"
  done
}
doubt='' way='' words='' compared='' others=''
units=''
if systemd_is_init; then units=$(units_of_sshd); fi
for unit in $units; do
  if in_force "$unit"; then started_by "$unit" "$(unit_words "$unit")"; else others="$others $unit"; fi
done
if [ -z "$units" ]; then
  set -- /etc/sysconfig/sshd /etc/sysconfig/ssh /etc/default/ssh /etc/conf.d/sshd
  started_by 'its service' "$(last_value OPTIONS "$@") $(last_value SSHD_OPTS "$@") $(
    last_value CRYPTO_POLICY /etc/crypto-policies/back-ends/opensshserver.config "$@"
  )"
fi
servers=$(servers_of_sshd)
while read -r pid line; do
  [ -z "$pid" ] || started_by "process $pid" "$line"
done <<EOS
$servers
EOS
if [ -z "$way$doubt" ]; then
  for unit in $others; do started_by "$unit" "$(unit_words "$unit")"; done
fi
# shellcheck disable=SC2034 # not every probe needs all of it
conf=$usual started=''
set -f
IFS=$newline
set -- words
# shellcheck disable=SC2034
for word in $words; do
  set -- "$@" "$word"
  case $word in
    -o*) started=$started${word#-o}$newline ;;
    -f*) conf=${word#-f} ;;
  esac
done
IFS=" 	$newline"
shift
set +f
"""
)
