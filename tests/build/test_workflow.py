"""What the repository's host runs and shows: workflows pinned, with the least rights, and passed by zizmor; forms."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from wasm.assets import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PAGES = ROOT / ".github/workflows/pages.yml"
PULLS = ROOT / ".github/workflows/pull-request.yml"
FORMS = sorted(path for path in (ROOT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml")
PINNED = re.compile(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")


@pytest.fixture(scope="module")
def jobs() -> dict[str, Any]:
    """The jobs of the workflow."""
    return yaml.safe_load(PAGES.read_text())["jobs"]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """What zizmor says, at its strictest and without asking anybody."""
    command = [Path(sys.executable).with_name("zizmor"), "--offline", "--no-progress", "--persona=auditor"]
    return subprocess.run([*command, folder], check=False, capture_output=True, text=True)


def test_zizmor_finds_nothing() -> None:
    done = lint(ROOT / ".github")
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("dependabot.yml", *(path.name for path in WORKFLOWS)):
        assert f"{name}\n" in re.sub(r"\x1b\[[\d;]*m", "", done.stderr), f"zizmor did not read {name}"


def test_zizmor_would_find_a_loose_pin(tmp_path: Path) -> None:
    loose = re.sub(r"(deploy-pages)@[0-9a-f]+ # (v\d+)\S*", r"\1@\2", PAGES.read_text())
    (tmp_path / "pages.yml").write_text(loose)
    done = lint(tmp_path / "pages.yml")
    assert done.returncode != 0 and "unpinned-uses" in done.stdout


def test_every_action_is_pinned_by_commit_and_names_its_version() -> None:
    for path in WORKFLOWS:
        used = [line for line in path.read_text().splitlines() if "uses:" in line]
        assert used and all(PINNED.search(line) for line in used), path


def test_rights_are_given_only_where_nothing_of_ours_runs(jobs: dict[str, Any]) -> None:
    assert yaml.safe_load(PAGES.read_text())["permissions"] == {}
    assert set(jobs["build"]["permissions"].values()) == {"read"}
    deploy = jobs.pop("deploy")
    assert deploy["permissions"] == {"pages": "write", "id-token": "write", "attestations": "write"}
    assert all(right == "read" for job in jobs.values() for right in job["permissions"].values())
    assert not any("checkout" in step.get("uses", "") for step in deploy["steps"])
    assert not any("make" in step.get("run", "").split() for step in deploy["steps"])


def test_what_is_attested_is_what_make_hosted_packs(tmp_path: Path) -> None:
    """The same command stands in the Makefile, where anybody can repeat it, and in the job that has the rights."""
    texts = [re.sub(r"\s+", " ", text.read_text()) for text in (ROOT / "Makefile", PAGES)]
    found = [re.findall(r"tar --sort=name .*? -cf", text) for text in texts]
    assert found[0] == found[1] and len(found[0]) == 1
    site = tmp_path / "site"
    (site / "part").mkdir(parents=True)
    (site / "part/page.html").write_text("page")
    (site / "index.html").write_text("front")
    sums = []
    for number, mode in enumerate((0o600, 0o644)):
        for path in site.rglob("*"):
            path.chmod(mode | 0o100 if path.is_dir() else mode)
        archive = tmp_path / f"{number}.tar"
        command = found[0][0].replace("\\", "").split()
        subprocess.run([*command, archive, "site"], check=True, cwd=tmp_path)
        sums.append(archive.read_bytes())
    assert sums[0] == sums[1]


def test_a_pull_request_gets_no_rights_and_no_secret() -> None:
    text = PULLS.read_text()
    workflow = yaml.safe_load(text)
    assert workflow[True] == {"pull_request": None}  # YAML reads `on` as true
    assert workflow["permissions"] == {} and "secrets." not in text and "GITHUB_TOKEN" not in text
    assert workflow["concurrency"]["cancel-in-progress"] is True
    for job in workflow["jobs"].values():
        assert job["permissions"] == {"contents": "read"} and 0 < job["timeout-minutes"] <= 60
        checkouts = [step for step in job["steps"] if "checkout" in step.get("uses", "")]
        assert [step["with"]["persist-credentials"] for step in checkouts] == [False]
        assert not any("cache" in step.get("uses", "") for step in job["steps"])


def test_a_pull_request_runs_in_the_same_place_as_what_is_published(jobs: dict[str, Any]) -> None:
    there = yaml.safe_load(PULLS.read_text())["jobs"]
    assert {job["container"] for job in there.values()} == {jobs["build"]["container"]}
    assert [step for step in there["test"]["steps"] if step.get("name") == "Test"] == [
        step for step in jobs["build"]["steps"] if step.get("name") == "Test"
    ]


def test_the_summary_says_where_the_book_is(tmp_path: Path) -> None:
    steps = yaml.safe_load(PULLS.read_text())["jobs"]["book"]["steps"]
    upload = next(step for step in steps if "upload-artifact" in step.get("uses", ""))
    say = next(step for step in steps if "GITHUB_STEP_SUMMARY" in step.get("run", ""))
    assert upload["with"]["name"] == say["env"]["BOOK"] and upload["with"]["retention-days"] == 14
    where = {"PATH": "/usr/bin:/bin", "BOOK": "book-7", "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md")}
    subprocess.run(["sh", "-e", "-c", say["run"]], check=True, env=where)
    said = (tmp_path / "summary.md").read_text()
    assert "**book-7**" in said and "`python3 -m http.server --directory site 8000`" in said
    for path in upload["with"]["path"].split():
        assert path in said


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_asks_what_it_needs(path: Path) -> None:
    """GitHub shows no form that it cannot read, and says so only to those who look for it."""
    form = yaml.safe_load(path.read_text())
    assert set(form) == {"name", "description", "labels", "body"}
    ids = [field["id"] for field in form["body"]]
    assert len(ids) == len(set(ids)) and all(re.fullmatch(r"[a-z-]+", id) for id in ids)
    for field in form["body"]:
        assert set(field) <= {"type", "id", "attributes", "validations"} and field["attributes"]["label"]
        assert field["type"] in ("input", "textarea", "dropdown")
        assert ("options" in field["attributes"]) == (field["type"] == "dropdown")
        assert field.get("validations", {"required": True}) == {"required": True}


def test_the_lists_of_python_packages_agree() -> None:
    """Who changed one of them runs `make lock`."""
    wanted = re.findall(r"^([\w-]+)(?:\[\w+\])?==(\S+)$", (ROOT / "requirements.in").read_text(), re.MULTILINE)
    locked = dict(re.findall(r"^([\w-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    assert len(wanted) > 20
    assert {name: locked.get(name) for name, _ in wanted} == dict(wanted)


def test_nobody_is_named_who_is_not_there() -> None:
    lines = (ROOT / ".github/CODEOWNERS").read_text().splitlines()
    active = [line for line in lines if line.strip() and not line.startswith("#")]
    assert not any("ORGANISATION" in line for line in active)
    for line in lines:
        if match := re.match(r"# (/\S*)\s+@", line):
            assert (ROOT / match[1].strip("/")).exists(), match[1]
