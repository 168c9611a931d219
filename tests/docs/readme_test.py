#!/usr/bin/python3
"""What README.md and docs/ show is what is there: files quoted are quoted exactly, links and scripts exist, and every package
that is installed is explained.

    readme_test.py FOLDER
"""

import pathlib
import re
import sys


def findings(root):
    readme = (root / "README.md").read_text()
    pages = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    quoted_files = set()
    for page in pages:
        quotations = re.findall(r"<!-- (\S+), held by tests/docs -->\n```\w+\n(.*?)```", page.read_text(), re.DOTALL)
        for file, quoted in quotations:
            quoted_files.add(file)
            if (root / file).read_text() != quoted:
                yield f"{page.relative_to(root)}: what it shows of {file} is not what is in it"
        if len(quotations) != page.read_text().count("held by tests/docs"):
            yield f"{page.relative_to(root)}: has a mark without its quotation; has the mark changed?"
    for file in [root / "config/opampd.minimal.yaml"]:
        if str(file.relative_to(root)) not in quoted_files:
            yield f"{file.relative_to(root)}: is shown nowhere"

    for page in pages:
        for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
            if not (page.parent / link).exists():
                yield f"{page.relative_to(root)}: links to {link}, which does not exist"
    for script in sorted(set(re.findall(r"\bscripts/\w+(?:\.\w+)?", readme))):
        if not (root / script).exists():
            yield f"README.md: names {script}, which does not exist"

    packages = {line for line in (root / "scripts/packages.txt").read_text().splitlines() if line and line[0] != "#"}
    explained = (root / "docs/dependencies.md").read_text()
    tools = {"pkg-config", "util-linux", "ca-certificates", "curl", "dbus", "systemd", "systemd-sysv", "python3-venv", "chromium-driver"}
    for package in sorted(packages - tools):
        if f"`{package}`" not in explained:
            yield f"docs/dependencies.md: says nothing of {package}, which scripts/packages.txt installs"


def main():
    found = list(findings(pathlib.Path(sys.argv[1])))
    print("\n".join(found) or "docs: what is shown is what is there")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
