"""The language against Google's CEL: the same text, the same values, the same answer."""

import sys
from pathlib import Path

# what these tests and the fuzz target share is plain modules beside them, and there is no package to import them from
sys.path.insert(0, str(Path(__file__).parent))
