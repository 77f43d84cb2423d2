"""Install a wheel into an empty environment, without Django, and import every module of it.

Usage: ``python .ci/smoke.py WHEEL UV``. Versions are those of requirements-dev.txt.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import venv

IMPORT_ALL = """
import importlib, importlib.resources, importlib.util, pkgutil
import jifen
names = [m.name for m in pkgutil.walk_packages(jifen.__path__, "jifen.") if not m.name.endswith("__main__")]
for name in names:
    importlib.import_module(name)
if importlib.util.find_spec("django"):
    raise SystemExit("the wheel brings Django with it")
files = importlib.resources.files("jifen")
for needed in ("py.typed", "plan/parameters.yaml"):
    if not files.joinpath(needed).is_file():
        raise SystemExit(f"the wheel lacks {needed}")
print(f"the wheel imports: {len(names)} modules, without Django")
"""


def main(wheel: str, uv: str) -> None:
    """Raise ``CalledProcessError`` if the wheel does not install, import or start."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=False)
        python = str(pathlib.Path(folder, "bin", "python"))
        install = [uv, "pip", "install", "--quiet", "--python", python, "--constraint", "requirements-dev.txt"]
        environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
        subprocess.run([*install, str(pathlib.Path(wheel).resolve())], check=True, env=environment)
        subprocess.run([python, "-I", "-c", IMPORT_ALL], check=True, cwd=folder)
        command = str(pathlib.Path(folder, "bin", "jifen"))
        subprocess.run([command, "--help"], check=True, cwd=folder, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main(*sys.argv[1:])
