#!/usr/bin/env python3
"""Holds README.md to the program: its table of commands to docs/COMMANDS.md, its table of options to `--help`.

    check_readme.py SERVER       SERVER is the built tally-server
    check_readme.py --self-test

Each side has to name what the other names; HELP of a container needs no name.
"""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def section(text, heading):
    """What stands between the heading and the next of its rank; a table of it is wanted, so there has to be one."""
    found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if not found:
        sys.exit(f"README.md has no section '{heading}'")
    return found.group(1)


def rows(text):
    return [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("|--")]


def cells(row):
    """A `\\|` is part of its cell."""
    return re.split(r"(?<!\\)\|", row)[1:]


def commands_of_readme(readme):
    """Cells like: `A` `B` (`SUB` `OTHER`; words) become A, B, "B SUB", "B OTHER"."""
    named = set()
    for row in rows(section(readme, "Commands of this version")):
        for command, _, subcommands in re.findall(r"`([A-Z_.]+)`( \(([^)]*)\))?", cells(row)[1]):
            named.add(command)
            named |= {f"{command} {sub}" for sub in re.findall(r"`([A-Z-]+)`", subcommands)}
    return named


def commands_of_reference(reference):
    return {name for name in re.findall(r"^\| \*\*([A-Z_.]+(?: [A-Z-]+)?)\*\*", reference, re.MULTILINE)
            if not name.endswith(" HELP")}


def options_of_readme(readme):
    return {option for row in rows(section(readme, "Options")) for option in re.findall(r"--[a-z-]+", cells(row)[0])}


def options_of_help(text):
    return set(re.findall(r"^ +(?:-\w,)?(--[a-z-]+)", text, re.MULTILINE))


def compared(names):
    """Of CLUSTER, MODULE and FUNCTION all is refused or empty, and DEBUG has no rows for its subcommands: their own names will do."""
    return {name for name in names if name.split()[0] not in ("CLUSTER", "MODULE", "FUNCTION", "DEBUG") or " " not in name}


def differences(what, readme, program):
    return ([f"README.md lacks the {what} {name}" for name in sorted(program - readme)] +
            [f"README.md has the {what} {name}, the program does not" for name in sorted(readme - program)])


def check(readme, reference, usage):
    return (differences("command", compared(commands_of_readme(readme)), compared(commands_of_reference(reference))) +
            differences("option", options_of_readme(readme), options_of_help(usage)))


def self_test():
    readme = ("## Options\n| option | default |\n|---|---|\n| `--port N` | 1 |\n| `--help`, `--version` | |\n"
              "## Commands of this version\n| family | commands |\n|---|---|\n| a | `GET` `CLIENT` (`ID`; not more) `CLUSTER` |\n## More\n")
    reference = "| **GET** key | 2 |\n| **CLIENT**  | -2 |\n| **CLIENT ID**  | 2 |\n| **CLIENT HELP**  | 2 |\n| **CLUSTER**  | 2 |\n| **CLUSTER INFO**  | 2 |\n"
    usage = "Options:\n  -h,--help   x\n  -v,--version\n  --port N=1  like --other\n"
    cases = [
        (readme, reference, usage, []),
        (readme.replace("`GET` ", ""), reference, usage, ["README.md lacks the command GET"]),
        (readme.replace("`ID`", "`IDS`"), reference, usage,
         ["README.md lacks the command CLIENT ID", "README.md has the command CLIENT IDS, the program does not"]),
        (readme.replace(" (`ID`; not more)", ""), reference, usage, ["README.md lacks the command CLIENT ID"]),
        (readme, reference, usage + "  --dir PATH\n", ["README.md lacks the option --dir"]),
        (readme.replace("--port", "--ports"), reference, usage,
         ["README.md lacks the option --port", "README.md has the option --ports, the program does not"]),
    ]
    for readme, reference, usage, expected in cases:
        found = check(readme, reference, usage)
        if found != expected:
            sys.exit(f"self-test: expected {expected}, found {found}")


def main():
    if sys.argv[1:] == ["--self-test"]:
        return self_test()
    usage = subprocess.run([sys.argv[1], "--help"], capture_output=True, text=True, check=True).stdout
    found = check((ROOT / "README.md").read_text(), (ROOT / "docs" / "COMMANDS.md").read_text(), usage)
    if found:
        sys.exit("\n".join(found))


if __name__ == "__main__":
    main()
