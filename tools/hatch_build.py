"""Build hook: a wheel or source archive carries the built faces; an editable install does not need them."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class Faces(BuildHookInterface[Any]):
    """Runs tools/faces.py before files are gathered. TIEFEN_SKIP_FACES=1 leaves them out."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the faces unless this is an editable install or an archive that has them."""
        root = Path(self.root)
        if (
            version == "editable"
            or os.environ.get("TIEFEN_SKIP_FACES")
            or not (root / "web").exists()
        ):
            return
        subprocess.run([sys.executable, "-m", "tools.faces"], cwd=root, check=True)
