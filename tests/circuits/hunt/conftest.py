"""The under-constraint hunt: for random questions, is there any assignment at all that gives a false answer?"""

import sys
from pathlib import Path

# what the hunt shares is plain modules beside the tests, and there is no package to import them from; the prover
# without scruples lives with the forgeries
sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent / "forgeries")]
