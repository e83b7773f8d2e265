"""Truth tables in one integer: bit r is a formula's value where comparison j holds exactly if bit j of r is set.

Sixteen comparisons make tables of 8 KiB, on which a whole formula is a few dozen machine-speed operations. Nothing here
grows with the size of a list, with thresholds or with bounds.
"""

from collections.abc import Mapping

from circuits.predicate.nodes import And, AtLeast, Atom, Node, Not, Or

MAX_ATOMS = 16


class Tables:
    """Tables over some number of comparisons, at most MAX_ATOMS."""

    def __init__(self, atoms: int) -> None:
        self.all = (1 << (1 << atoms)) - 1
        self.atoms = tuple(self.all // ((1 << (1 << j)) + 1) << (1 << j) for j in range(atoms))

    def of(self, node: Node, places: Mapping[Atom, int]) -> int:
        """Tabulate a formula; places number its comparisons."""
        match node:
            case Not(operand):
                return self.all ^ self.of(operand, places)
            case And(operands):
                return self._at_least(len(operands), operands, places)
            case Or(operands):
                return self._at_least(1, operands, places)
            case AtLeast(count, operands):
                return self._at_least(count, operands, places)
        return self.atoms[places[node]]

    def rows(self, holding: int, among: int) -> int:
        """Tabulate: of the comparisons in the mask `among`, exactly those in `holding` hold."""
        table = self.all
        for j, atom in enumerate(self.atoms):
            if among >> j & 1:
                table &= atom if holding >> j & 1 else self.all ^ atom
        return table

    def _at_least(self, count: int, operands: tuple[Node, ...], places: Mapping[Atom, int]) -> int:
        reached = [self.all] + [0] * count
        for operand in operands:
            table = self.of(operand, places)
            for k in range(count, 0, -1):
                reached[k] |= reached[k - 1] & table
        return reached[count]
