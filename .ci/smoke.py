"""Install a wheel into an empty environment and import every module of it; what is left of the service without Django.

Usage: ``python .ci/smoke.py WHEEL UV``. Versions are those of requirements-dev.txt.
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import venv

IMPORT_ALL = """
import importlib, importlib.resources, pkgutil, sys
import jifen
names = [m.name for m in pkgutil.walk_packages(jifen.__path__, "jifen.") if not m.name.endswith("__main__")]
edge = [name for name in names if name.startswith(("jifen.api", "jifen.service"))]
for name in names:
    if name not in edge:
        importlib.import_module(name)
if "django" in sys.modules:
    raise SystemExit("something left of the service imports Django")
importlib.import_module("jifen.service.databases").start_django()
for name in edge:
    importlib.import_module(name)
files = importlib.resources.files("jifen")
for needed in ("py.typed", "plan/parameters.yaml", "service/moving/maps/crmeb.yaml"):
    if not files.joinpath(needed).is_file():
        raise SystemExit(f"the wheel lacks {needed}")
print(f"the wheel imports: {len(names)} modules, Django only at the edge")
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
