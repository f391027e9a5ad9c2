"""Whether a stack of PAM can end well although whoever asks for a secret was given none."""

from __future__ import annotations

import pytest

from secscan.probing import Unreadable
from secscan.syntax.pam import parse_rule
from secscan.syntax.pam_paths import ways_in

DEBIAN = ("auth [success=1 default=ignore] pam_unix.so nullok", "auth requisite pam_deny.so", "auth required pam_permit.so")
RHEL = (
    "auth required pam_env.so",
    "auth required pam_faildelay.so delay=2000000",
    "auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular",
    "auth [default=1 ignore=ignore success=ok] pam_localuser.so",
    "auth sufficient pam_unix.so",
    "auth [default=1 ignore=ignore success=ok] pam_usertype.so isregular",
    "auth sufficient pam_sss.so forward_pass",
    "auth required pam_deny.so",
)
LOCKING = (
    "auth required pam_faillock.so preauth",
    "auth [success=1 default=bad] pam_unix.so",
    "auth [default=die] pam_faillock.so authfail",
    "auth sufficient pam_faillock.so authsucc",
    "auth required pam_deny.so",
)
SUSE = ("auth required pam_env.so", "auth optional pam_gnome_keyring.so", "auth required pam_unix.so try_first_pass")


def ways(*lines, service="sudo", **refusing):
    return ways_in(service, [parse_rule(f"/etc/pam.d/x: {line}") for line in lines], **refusing)


@pytest.mark.parametrize("stack", [DEBIAN, RHEL, LOCKING, SUSE], ids=["debian", "rhel", "faillock", "suse"])
def test_what_distributions_install_lets_nobody_in(stack):
    assert ways(*stack) == ()
    assert ways("auth sufficient pam_rootok.so", *stack, service="su") == ()


@pytest.mark.parametrize(
    "line",
    [
        "auth sufficient pam_permit.so",
        "-auth sufficient pam_permit.so",
        "auth sufficient pam_wheel.so trust use_uid",
        "auth sufficient pam_rootok.so",  # sudo runs it as root
        "auth sufficient pam_succeed_if.so user ingroup ops",
        "auth [success=done default=ignore] pam_succeed_if.so uid = 1000",
        "auth [success=3 default=ignore] pam_succeed_if.so user = ada",
        "auth [success=2 default=ignore] pam_access.so",
        "auth sufficient pam_exec.so /usr/local/bin/ok",
        "auth sufficient pam_timestamp.so",
        "auth [default=done] pam_permit.so",
        "auth sufficient pam_u2f.so nouserok",
    ],
)
def test_a_shortcut_before_the_password_lets_in(line):
    assert ways(line, *DEBIAN)


@pytest.mark.parametrize(
    "line",
    [
        "auth required pam_permit.so",
        "auth optional pam_permit.so",
        "auth required pam_wheel.so use_uid",
        "auth [success=1 default=ignore] pam_succeed_if.so user = ada",  # past the password, into pam_deny
        "auth [success=ok default=bad] pam_access.so",
        "auth requisite pam_nologin.so",
        "account sufficient pam_permit.so",
        "auth sufficient pam_sss.so",
    ],
)
def test_a_line_that_ends_nothing_lets_nobody_in(line):
    assert ways(line, *DEBIAN) == ()


@pytest.mark.parametrize(
    "stack",
    [
        ("auth required pam_env.so", "auth optional pam_unix.so"),
        ("auth required pam_env.so", "auth [success=ok default=ignore] pam_unix.so"),
        ("auth [success=1 default=ignore] pam_unix.so", "auth optional pam_deny.so", "auth required pam_permit.so"),
        ("auth required pam_permit.so", "auth required pam_sss.so ignore_unknown_user"),
    ],
)
def test_a_password_that_need_not_be_right_lets_in(stack):
    assert ways(*stack)


def test_a_stack_that_is_never_won_lets_nobody_in():
    assert ways("auth required pam_deny.so") == ()
    assert ways() == ()


def test_the_rule_that_lets_in_is_told():
    assert ways("auth sufficient pam_permit.so", *DEBIAN) == ("/etc/pam.d/x: auth sufficient pam_permit.so",)


def test_a_module_that_nobody_knows_is_no_answer_where_it_decides():
    with pytest.raises(Unreadable, match="pam_special"):
        ways("auth sufficient pam_special.so", *DEBIAN)
    assert ways("auth required pam_special.so", *DEBIAN) == ()


def test_a_control_that_is_not_understood_is_no_answer():
    with pytest.raises(Unreadable, match="not understood"):
        ways("auth perhaps pam_env.so", *DEBIAN)


def test_what_lets_in_whom_another_module_refuses_is_told():
    wheel = "auth required pam_wheel.so use_uid"
    assert ways("auth sufficient pam_rootok.so", wheel, *DEBIAN, service="su", refusing={"pam_wheel.so"}) == ()
    assert ways("auth sufficient pam_unix.so", wheel, *DEBIAN, service="su", refusing={"pam_wheel.so"})
    assert ways(*DEBIAN, wheel, service="su", refusing={"pam_wheel.so"}) == ()
