"""Mutant engines, and forgers that make each of them accept a false statement (protocol section 10)."""

import sys
from pathlib import Path

# what the forgeries share is plain modules beside them, and there is no package to import them from
sys.path.insert(0, str(Path(__file__).parent))
