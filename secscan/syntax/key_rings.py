"""Key rings and signatures as a host shows them: without what a signature proves, most of their size, which judges nothing."""

from __future__ import annotations

from secscan.probing import quote

_LARGE_KIB, _TRIMMED_KIB = 2048, 256  # of a file: more is not read; more than this is shown as it is, for awk holds it in memory
# The armoured blocks of a kind; in a file of sources they are indented, and a dot stands for an empty line.
_BLOCKS_AWK = """{ sub(/^[ \\t]+/, ""); sub(/[ \\t\\r]+$/, "") }
$0 == "-----BEGIN PGP " kind "-----" { inside = 1 }
inside { print "+" ($0 == "." ? "" : $0) }
$0 == "-----END PGP " kind "-----" { inside = 0 }"""
# Numbers of od or lines of an armoured block to packets in hexadecimals. A signature (RFC 9580, 5.2) ends after what it says,
# before its numbers; pictures are left out. What is not understood is shown as it came, so that reading it says why.
_TRIM_AWK = r"""function number(at, bytes,   sum) {
  for (sum = 0; bytes > 0; bytes--) sum = sum * 256 + b[at++]
  return sum
}
function said(at, size,   place, wide, area) {
  if (b[at] == 3) return size < 19 ? -1 : 19
  if (b[at] != 4 && b[at] != 6) return -1
  wide = b[at] == 6 ? 4 : 2; place = 4
  for (area = 0; area < 2; area++) {
    if (place + wide > size) return -1
    place += wide + number(at + place, wide)
  }
  return place > size ? -1 : place
}
function trim(   at, tag, size, kept, text, piece, i, form) {
  text = ""
  for (at = 1; at <= n; at += size) {
    if (b[at] < 128) return ""
    if (b[at] >= 192) {
      tag = b[at] - 192; form = b[at + 1]
      if (form < 192) { size = form; at += 2 }
      else if (form < 224) { size = (form - 192) * 256 + b[at + 2] + 192; at += 3 }
      else if (form == 255) { size = number(at + 2, 4); at += 6 }
      else return ""
    }
    else {
      tag = int((b[at] - 128) / 4); form = b[at] % 4
      if (form == 3) return ""
      form = form == 2 ? 4 : form + 1; size = number(at + 1, form); at += 1 + form
    }
    if (at + size > n + 1) return ""
    if (tag == 17) continue
    kept = tag == 2 ? said(at, size) : size
    if (kept < 0 || kept > 65535) return ""
    piece = sprintf("=%02xff0000%04x", 192 + tag, kept)
    for (i = at; i < at + kept; i++) {
      piece = piece hex[b[i]]
      if ((i - at) % 400 == 399) { text = text piece "\n"; piece = "=" }
    }
    text = text piece "\n"
  }
  return text
}
function decode(line,   i, c) {
  for (i = 1; i <= length(line); i++) {
    c = substr(line, i, 1); letters++
    if (c == "=") { pads++; continue }
    if (!(c in value) || pads) { odd = 1; return }
    held = held * 64 + value[c]; bits += 6
    if (bits >= 8) { bits -= 8; b[++n] = int(held / two[bits]); held = held % two[bits] }
  }
}
BEGIN {
  for (i = 0; i < 256; i++) hex[i] = sprintf("%02x", i)
  for (i = two[0] = 1; i < 16; i++) two[i] = two[i - 1] * 2
  all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  for (i = 0; i < 64; i++) value[substr(all, i + 1, 1)] = i
}
form == "bytes" { for (i = 1; i <= NF; i++) b[++n] = $i + 0; next }
/^\+-----BEGIN / { n = lines = body = odd = held = bits = letters = pads = 0 }
{ raw[++lines] = $0; line = substr($0, 2) }
line == "" { body = 1; next }
line ~ /^-----END / {
  text = odd || letters % 4 || pads > 2 || !n ? "" : trim()
  if (text != "") printf "%s", text
  else { for (i = 1; i <= lines; i++) print raw[i] }
  n = lines = 0; next
}
body && line !~ /^(=|-----)/ { decode(line) }
END {
  if (form != "bytes") { for (i = 1; i <= lines; i++) print raw[i]; exit }
  text = n ? trim() : ""
  if (text != "") { printf "%s", text; exit }
  for (i = 1; i <= n; i++) {
    if (i % 400 == 1) printf "="
    printf "%s", hex[b[i]]
    if (i % 400 == 0 || i == n) print ""
  }
}"""
# show WORD KIND FILE...: a line `WORD FILE`, then what the file holds of that kind: `=HEX`, or `+ARMOUR` if not understood.
SHOW = f"""blocks={quote(_BLOCKS_AWK)}
trim={quote(_TRIM_AWK)}
show() {{
  word=$1 kind=$2
  shift 2
  for file do
    [ -f "$file" ] || continue
    if [ ! -r "$file" ]; then printf 'closed %s\\n' "$file"; continue; fi
    printf '%s %s\\n' "$word" "$file"
    case $(od -An -N1 -tx1 "$file" | tr -d ' ') in
      88 | 89 | 8a | 98 | 99 | 9a | c2 | c6)
        size=$(wc -c <"$file")
        if [ "$size" -gt {_LARGE_KIB * 1024} ]; then printf 'large\\n'
        elif [ "$size" -gt {_TRIMMED_KIB * 1024} ]; then od -An -v -tx1 "$file" | tr -d ' ' | sed 's/^/=/'
        else od -An -v -tu1 "$file" | awk -v form=bytes "$trim"; fi
        ;;
      *) awk -v kind="$kind" "$blocks" "$file" 2>/dev/null | awk -v form=armour "$trim" ;;
    esac
  done
}}
"""
