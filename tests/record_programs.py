"""Records what the programs of `tests/python` and `tests/tools` print. Run with CPython 3.14 from the repository's root:

    python3.14 tests/record_programs.py [NAME...]

Without names, every program whose answer is missing or has changed is told and written anew. The environment is the one that
`crates/ophi/tests/programs.rs` gives to `ophi`.
"""

import os
import pathlib
import subprocess
import sys

FOLDERS = [pathlib.Path(__file__).parent / name for name in ("python", "tools")]
ENVIRONMENT = {
    "PYTHONIOENCODING": "utf-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHON_COLORS": "0",
    "PYTHONHASHSEED": "0",
}


def answer(program):
    done = subprocess.run(
        [sys.executable, program.name], cwd=program.parent, env=os.environ | ENVIRONMENT, capture_output=True, timeout=120
    )
    text = done.stdout.decode()
    if done.returncode:
        if text and not text.endswith("\n"):
            text += "\n"
        lines = done.stderr.decode().strip().splitlines()
        text += f"<exit {done.returncode}: {lines[-1] if lines else ''}>\n"
    return text


def main(names):
    if sys.version_info[:2] != (3, 14) or sys.implementation.name != "cpython":
        sys.exit("record with CPython 3.14 only")
    for program in sorted(p for folder in FOLDERS for p in folder.glob("*.py")):
        if names and program.stem not in names:
            continue
        golden = program.with_suffix(".txt")
        text = answer(program)
        if not golden.exists() or golden.read_text() != text:
            golden.write_text(text)
            print("written:", golden.name)


if __name__ == "__main__":
    main(sys.argv[1:])
