"""What the rules of nftables and iptables come to, by awk on the host.

What counts is what happens to a packet no rule names. A base chain's default is its first unconditional verdict, followed through
unconditional jumps, else its policy; of several chains at one hook the strictest decides, because a packet has to pass them all.
A rule that accepts whatever comes by the interface of the default route, all of TCP or UDP, or every new connection lets in nearly
everything: for an accept it counts as one without a condition, for a refusal it does not.

Both programs print `chain FAMILY TABLE NAME HOOK RULES V4 V6` for base chains, `rules N`, `chains N` and what hints at the tool.
"""

from __future__ import annotations

_RESOLVE = r"""
function verdict(key, family, at, depth,  i, result) {
  for (i = 1; i <= ends[key]; i++) {
    if (only[key, i] != "" && only[key, i] != family || place_of[key, i] != "" && place_of[key, i] != at) continue
    if (mostly[key, i]) {
      result = word[key, i]
      if (target[key, i] != "" && depth < 16) result = verdict(place[key] " " target[key, i], family, at, depth + 1)
      if (result == "accept") return result
      continue
    }
    if (word[key, i] == "accept" || word[key, i] == "drop" || word[key, i] == "reject") return word[key, i]
    if (word[key, i] == "return") return ""
    if (depth < 16 && (result = verdict(place[key] " " target[key, i], family, at, depth + 1)) != "") return result
    if (word[key, i] == "goto") return ""
  }
  return ""
}
# `at` names the hook where a condition always holds: packets that come in are for this host. `nearly` tells that one nearly does
function unconditional(family, at, what, where, nearly) {
  ends[key]++
  only[key, ends[key]] = family; place_of[key, ends[key]] = at; word[key, ends[key]] = what; target[key, ends[key]] = where
  mostly[key, ends[key]] = nearly
}
# whether names of interfaces (`eth*` and `eth+` are many) stand for one that leads out
function leads_out(names,  many, name, i, j, out, outer, stem) {
  many = split(names, name, /[ ,"{}]+/); outer = split(outside, out, " ")
  for (i = 1; i <= many; i++) for (j = 1; j <= outer; j++) {
    stem = name[i]
    if (sub(/[*+]$/, "", stem) ? index(out[j], stem) == 1 : stem == out[j]) return 1
  }
  return 0
}
function hint(tool) { if (!(tool in hinted)) print "hint " tool; hinted[tool] = 1 }
function hook_of(chain) { return (chain in hook) ? hook[chain] : "" }
function either(first, second) { return first != "" ? first : second }
function finish(  i) {
  for (i = 1; i <= bases; i++) {
    key = base[i]
    v4 = either(verdict(key, "ipv4", hook[key], 0), policy[key]); v6 = either(verdict(key, "ipv6", hook[key], 0), policy[key])
    print "chain", key, hook[key], rules[key] + 0, v4, v6
  }
  print "rules " total + 0
}
"""
READ_NFT = (
    _RESOLVE
    + r"""
BEGIN {
  logging = "^(prefix|level|flags|group|snaplen|queue-threshold|emerg|alert|crit|err|warn|notice|info|debug|audit|[0-9]+"
  logging = logging "|all|skuid|ether|ip|tcp|options|sequence|sequence,options|options,sequence)$"
}
# cuts out conditions that nearly every new packet from outside meets; tells whether there was one
function cut_wide(  side, found, names, not) {
  found = 0; side = hook_of(key) == "output" ? "oif" : "iif"
  if (match(text, side "(name)? (!= )?([{][^}]*[}]|\"[^\"]*\"|[^ ]+)")) {
    names = substr(text, RSTART, RLENGTH); not = sub(/^[a-z]+ != /, "", names); if (!not) sub(/^[a-z]+ /, "", names)
    if (names !~ /^(vmap|@)/ && leads_out(names) != not) found += sub(side "(name)? (!= )?([{][^}]*[}]|\"[^\"]*\"|[^ ]+)", "", text)
  }
  found += sub(/ct state ([{][^}]*new[^}]*[}]|[a-z,]*new[a-z,]*|!= invalid)/, "", text)
  found += sub(/(meta l4proto|ip protocol|ip6 nexthdr) ([{][^}]*(tcp|udp)[^}]*[}]|tcp|udp)/, "", text)
  found += sub(/(tcp|udp|th) dport [01]-65535/, "", text)
  found += sub(/ip [sd]addr 0\.0\.0\.0\/0|ip6 [sd]addr ::\/0/, "", text)
  return found > 0
}
function rule(line,  part, many, i, family, at, nearly) {
  total++; rules[key]++; text = line
  gsub(/xt target "REJECT"/, "reject", text); gsub(/xt match "comment"/, "", text); gsub(/"lo"/, "lo", text)
  if (hook_of(key) != "output") sub(/iif(name)? != lo/, "", text)
  gsub(/xt target "NFQUEUE"/, "queue", text); nearly = cut_wide()
  gsub(/"[^"]*"/, "", text)
  gsub(/\/\*[^*]*\*\//, "", text); gsub(/counter( packets [0-9]+ bytes [0-9]+)?/, "", text); gsub(/(^|[ \t])comment/, "", text)
  family = ""
  if (sub(/meta nfproto ipv4/, "", text)) family = "ipv4"; else if (sub(/meta nfproto ipv6/, "", text)) family = "ipv6"
  at = ""; if (sub(/fib daddr type local|(meta )?pkttype (host|unicast)/, "", text)) at = "input"
  sub(/^[ \t]+/, "", text); sub(/[ \t]+$/, "", text)
  many = split(text, part, /[ \t]+/)
  if (part[1] == "log") {
    for (i = 2; i <= many && part[i] ~ logging; i++) ;
    text = ""
    for (; i <= many; i++) text = text (text == "" ? "" : " ") part[i]
    many = split(text, part, " ")
  }
  if (text == "accept" || text == "drop" || text == "return") unconditional(family, at, text, "", nearly)
  else if (part[1] == "reject" && (many == 1 || part[2] == "with")) unconditional(family, at, "reject", "", nearly)
  else if (part[1] == "queue") unconditional(family, at, "accept", "", nearly)  # a program judges, and may let everything pass
  else if ((part[1] == "jump" || part[1] == "goto") && many == 2) unconditional(family, at, part[1], part[2], nearly)
}
/^\tflags .*dormant/ { dormant[family, table] = 1; next }
/^table / { family = $2; table = $3; if (table == "firewalld") hint("firewalld"); next }
/^\tchain / && (family == "ip" || family == "ip6" || family == "inet") && !((family, table) in dormant) {
  name = $2; key = family " " table " " name; place[key] = family " " table; inside = 1; held = ""
  if (name == "ufw-user-input" || name == "ufw-before-input") hint("ufw")
  if (name == "INPUT_ZONES") hint("firewalld")
  if (name == "INPUT" && table == "filter") hint("iptables")
  next
}
/^\t[}]/ { inside = 0; next }
!inside { next }
{
  line = held $0; held = ""
  plain = line; gsub(/"[^"]*"/, "", plain)
  if (gsub(/[{]/, "{", plain) > gsub(/[}]/, "}", plain)) { held = line " "; next }
  if (line ~ /^[ \t]*type [a-z]+ hook /) {
    if (line ~ /type filter hook (input|forward|output) /) {
      base[++bases] = key
      hook[key] = line; sub(/.* hook /, "", hook[key]); sub(/ .*/, "", hook[key])
      policy[key] = line ~ /policy drop;/ ? "drop" : "accept"
      if (!(table == "filter" && name == toupper(hook[key]) && family != "inet") && table != "firewalld") hint("nftables")
    }
    next
  }
  if (line !~ /^[ \t]*$/ && line !~ /^[ \t]*(comment|devices = )/) rule(line)
}
END { finish(); print "read nft" }"""
)
READ_IPTABLES = (
    _RESOLVE
    + r"""
/^\*/ { table = substr($0, 2); next }
table != "filter" { next }
/^:/ {
  name = substr($1, 2); key = family " filter " name; place[key] = family " filter"
  if (name ~ /^ufw6?-user-input$/) hint("ufw")
  if (name == "INPUT_ZONES") hint("firewalld")
  if (name == "INPUT" || name == "FORWARD" || name == "OUTPUT") {
    base[++bases] = key; hook[key] = tolower(name); policy[key] = tolower($2)
  }
  next
}
/^-A / {
  hint("iptables"); total++; key = family " filter " $2; rules[key]++
  text = $0; gsub(/"([^"\\]|\\.)*"/, "Q", text); sub(/^-A [^ ]+ ?/, "", text)
  gsub(/-m comment --comment [^ ]+ ?/, "", text); if (hook_of(key) != "output") sub(/^! -i lo /, "", text)
  sub(/ --reject-with [^ ]+/, "", text); if (text ~ /-j NFQUEUE/) sub(/-j NFQUEUE.*/, "-j ACCEPT", text)
  side = hook_of(key) == "output" ? "-o" : "-i"; nearly = 0
  if (match(text, "(! )?" side " [^ ]+ ")) {
    names = substr(text, RSTART, RLENGTH); not = sub(/^! /, "", names); sub(/^-. /, "", names)
    if (leads_out(names) != not) nearly += sub("(! )?" side " [^ ]+ ", "", text)
  }
  nearly += sub(/-m (state --state|conntrack --ctstate) [A-Z,]*NEW[A-Z,]* /, "", text)
  nearly += sub(/-m (tcp|udp|multiport) --dports? [01]:65535 /, "", text)
  nearly += sub(/-p (tcp|udp) /, "", text); sub(/-m (tcp|udp) /, "", text)
  at = ""; if (sub(/-m addrtype --dst-type LOCAL |-m pkttype --pkt-type (host|unicast) /, "", text)) at = "input"
  many = split(text, part, " ")
  if (many == 2 && (part[1] == "-j" || part[1] == "-g")) {
    if (part[2] ~ /^(ACCEPT|DROP|REJECT|RETURN)$/) unconditional("", at, tolower(part[2]), "", nearly > 0)
    else if ((family " filter " part[2]) in place) {
      unconditional("", at, part[1] == "-g" ? "goto" : "jump", part[2], nearly > 0)
    }
  }
}
END { finish(); print "read " source }"""
)
