"""The catalogue of checks as pages: written from the files, and compared with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from secscan import places
from secscan.cli import run


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with content of its own, which is the current one."""
    (tmp_path / "checks" / "texts").mkdir(parents=True)
    text = (places.checks() / "kernel" / "kernel_addresses_randomised.yaml").read_text()
    path = tmp_path / "checks" / "texts" / "motd_is_short.yaml"
    path.write_text(text.replace("id: kernel_addresses_randomised", "id: motd_is_short"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_catalogue_has_a_page_for_every_check_and_says_what_is_out_of_date(own: Path, capsys: pytest.CaptureFixture[str]):
    assert run(["check", "pages", "pages", "--content", "."]) == 0
    assert "`checks/texts/motd_is_short.yaml`" in (own / "pages/texts/motd_is_short.md").read_text()
    assert "(texts/motd_is_short.md)" in (own / "pages/README.md").read_text()
    assert run(["check", "pages", "pages", "--content", ".", "--check"]) == 0
    (own / "pages/texts/motd_is_short.md").write_text("# What it was")
    (own / "pages/texts/gone.md").write_text("# A check that is no more")
    (own / "pages/ssh/sshd_root_login_disabled.md").unlink()
    capsys.readouterr()
    assert run(["check", "pages", "pages", "--content", ".", "--check"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "pages/ssh/sshd_root_login_disabled.md: is missing",
        "pages/texts/motd_is_short.md: is out of date",
        "pages/texts/gone.md: is the page of no check",
    ]
    assert run(["check", "pages", "pages", "--content", "."]) == 0
    assert not (own / "pages/texts/gone.md").exists()
