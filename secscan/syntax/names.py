"""Lines of /etc/passwd, /etc/group and /etc/shadow as the GNU C library takes them: blanks before a line, short lines, signs.

`toor::0:0` alone is an account of root without a password, and so is one with the user id `+0`. Tried with getent of glibc 2.36.
"""

from __future__ import annotations

# id(TEXT), an awk function: the id as decimal digits, empty when it is none
ID_AWK = r"""
function id(text) {
  sub(/^[ \t\r\f\v]+/, "", text)
  if (text !~ /^([+-]?0+|[+]?[0-9]+)$/) return ""
  sub(/^[+-]/, "", text); sub(/^0+/, "", text)
  if (length(text) > 10 || text + 0 > 4294967295) return ""
  return text == "" ? "0" : text
}
"""
