"""How Sphinx builds the documentation: ``make docs``. The pages ask no other host for anything."""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT / "docs" / "_ext"))

project = "jifen"
author = "The jifen authors"
project_copyright = author
release = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]

extensions = ["myst_parser", "api_reference", "parameter_table", "rule_table", "shown", "worked"]
myst_enable_extensions = ["deflist", "fieldlist"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "_ext", "_made"]
nitpicky = True

html_theme = "furo"
html_title = "jifen 积分"
html_static_path = ["_static"]
html_css_files = ["tables.css"]
html_show_sphinx = False
html_copy_source = False
