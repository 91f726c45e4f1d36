"""The workflow that publishes the book: pinned, with the least rights, and passed by zizmor."""

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
    done = lint(ROOT / ".github/workflows")
    assert done.returncode == 0, done.stdout + done.stderr


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
