"""Ways through a stack of PAM: what lets somebody in although modules that should say no did say no.

The stack is run as the library runs it (_pam_dispatch_aux of Linux-PAM), with every answer that each module might give. Only
modules are named here of which it is known what they do; of others it is not known whether they ask for a secret.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from secscan.probing import Unreadable
from secscan.syntax.pam import Rule, module_name

_CONTROLS = {
    "required": {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "bad"},
    "requisite": {"success": "ok", "new_authtok_reqd": "ok", "ignore": "ignore", "default": "die"},
    "sufficient": {"success": "done", "new_authtok_reqd": "done", "default": "ignore"},
    "optional": {"success": "ok", "new_authtok_reqd": "ok", "default": "ignore"},
}
_NO = ("auth_err", "user_unknown", "authinfo_unavail", "perm_denied")
_ANY = ("success", "ignore", *_NO)
_ASKING = """unix unix2 tcb sss ldap krb5 winbind google_authenticator oath duo u2f yubico radius_auth radius tacplus pkcs11 p11
fprintd systemd_home ssh_agent_auth userdb mysql pgsql pwdfile otpw opie aad himmelblau vas3 centrifydc lsass"""
_TELLING = """permit rootok wheel succeed_if access listfile localuser usertype env faildelay faillock tally tally2 nologin
securetty time group cap ecryptfs gnome_keyring kwallet kwallet5 mount echo debug warn exec shells xauth rhosts
timestamp script deny console fscrypt sepermit selinux lastlog lastlog2 motd keyinit limits umask loginuid mail
systemd issue ftp tty_audit namespace canonicalize_user setquota stress mkhomedir oddjob_mkhomedir passwdqc
pwquality cracklib rundir"""
ASKING = frozenset(f"pam_{name}.so" for name in _ASKING.split())
_KNOWN = ASKING | {f"pam_{name}.so" for name in _TELLING.split()}
_OWN_CALLERS = {"su", "su-l"}  # run these modules as the user who calls; sudo, login and sshd run them as root, whoever calls


def ways_in(service: str, stack: Sequence[Rule], refusing: Collection[str] = ASKING) -> tuple[str, ...]:
    """The rules with whose success the auth stack of a service ends well although all `refusing` modules refuse; empty when none.

    Unreadable where that hangs on a module of which nothing is known, or on a control that is not understood.
    """
    rules = [rule for rule in stack if rule.type == "auth"]

    def answers(rule: Rule, unknown: tuple[str, ...]) -> tuple[str, ...]:
        name = module_name(rule.module)
        if name not in _KNOWN and name not in refusing:
            return unknown
        return _answers(service, rule, refusing)

    surely = _way(rules, lambda rule: answers(rule, _NO))
    if surely is not None:
        return surely
    perhaps = _way(rules, lambda rule: answers(rule, _ANY))
    if perhaps is not None:
        strange = next((rule for rule in rules if module_name(rule.module) not in _KNOWN | set(refusing)), None)
        raise Unreadable(f"it is not known whether {strange.module if strange else 'a module'} asks for a secret")
    return ()


def _answers(service: str, rule: Rule, refusing: Collection[str]) -> tuple[str, ...]:
    name, given = module_name(rule.module), rule.arguments
    if name in refusing:
        optional = name not in {"pam_unix.so", "pam_wheel.so"} and {"nullok", "nouserok"} & set(given)
        silent = any(word.startswith("ignore_") for word in given)
        return _ANY if optional else (*_NO, "ignore") if silent else _NO
    if name == "pam_deny.so":
        return ("auth_err",)
    if name == "pam_wheel.so" and "trust" not in given:
        return ("ignore", "perm_denied")
    by_root = name == "pam_rootok.so" or (
        name == "pam_succeed_if.so" and "use_uid" in given and bool(re.search(r"(^| )uid (=|eq) 0( |$)", " ".join(given)))
    )
    return _NO if by_root and service in _OWN_CALLERS else _ANY


def _way(rules: Sequence[Rule], answers: Callable[[Rule], tuple[str, ...]]) -> tuple[str, ...] | None:
    """The rules that said yes on one way to success; None when there is no such way."""
    seen: set[tuple[int, str]] = set()
    ways: list[tuple[int, str, tuple[str, ...]]] = [(0, "undecided", ())]
    while ways:
        place, state, path = ways.pop(0)
        if place == len(rules):
            if state == "good":
                return path
            continue
        if (place, state) in seen:
            continue
        seen.add((place, state))
        rule = rules[place]
        for answer in answers(rule):
            action = _action(rule, answer)
            after, steps = _step(action, answer, state)
            further = (*path, str(rule)) if answer == "success" else path
            if steps == 0:
                if after == "good":
                    return further
            elif place + steps <= len(rules):
                ways.append((place + steps, after, further))
                if action.isdigit() and (answer, state) == ("success", "undecided"):  # pam.conf(5) says so, the library mostly not
                    ways.append((place + steps, "good", further))
    return None


def _action(rule: Rule, answer: str) -> str:
    control = _CONTROLS.get(rule.control)
    if control is None:
        if not re.fullmatch(r"\[\s*([a-z_]+=([a-z]+|\d+)\s*)+\]", rule.control):
            raise Unreadable(f"the control {rule.control[:80]!r} is not understood")
        control = dict(re.findall(r"([a-z_]+)=([a-z]+|\d+)", rule.control))
    return control.get(answer, control.get("default", "bad"))


def _step(action: str, answer: str, state: str) -> tuple[str, int]:
    """The state after a rule (undecided, good, or lost), and how many rules on; 0 when it is decided."""
    if action.isdigit():
        return state, int(action) + 1
    if action == "reset":
        return "undecided", 1
    if action in {"bad", "die"}:
        return "lost", 0 if action == "die" else 1
    if action in {"ok", "done"}:
        if state in {"undecided", "good"} and answer != "ignore":
            state = "good" if answer == "success" else "failed"
        return state, 0 if action == "done" and state in {"good", "failed"} else 1
    if action != "ignore":
        raise Unreadable(f"the action {action[:40]!r} is not understood")
    return state, 1
