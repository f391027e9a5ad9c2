"""Where content is found."""

from secscan import places


def test_the_repository_is_found_when_nothing_is_installed_beside_the_package():
    assert (places.report_templates() / "html" / "page.html").is_file()
    assert places.checks().name == "checks"
    assert places.baselines().name == "baselines"
    assert (places.schemas() / "assessment-1.schema.json").is_file()


def test_a_wheel_with_content_is_preferred_to_its_surroundings(tmp_path, monkeypatch):
    package = tmp_path / "secscan"
    (package / "_content" / "checks").mkdir(parents=True)
    monkeypatch.setattr(places, "_PACKAGE", package)
    assert places.checks() == package / "_content" / "checks"
