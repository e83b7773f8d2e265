"""The clauses of a question: what a NO can be put down to, one by one.

The clauses are the operands of the outermost `&&`, `||` or `at_least`, or else the question itself. Nothing below them
is ever told apart.
"""

from collections.abc import Sequence

from circuits.errors import StatementError
from circuits.predicate import nodes, wording
from circuits.predicate.nodes import And, AtLeast, Node, Or
from circuits.predicate.question import Predicate


def clause_nodes(node: Node) -> tuple[Node, ...]:
    """List the clauses of a question's meaning."""
    match node:
        case And(operands) | Or(operands) | AtLeast(_, operands):
            return operands
    return (node,)


def clauses(predicate: Predicate) -> tuple[Predicate, ...]:
    """List the clauses of a question as questions of their own, in the order they are written in."""
    return tuple(
        Predicate(wording.canonical_text(node), node, predicate.schema_digest) for node in clause_nodes(predicate.ast)
    )


def concluded(node: Node, holds: Sequence[bool]) -> bool:
    """Conclude a question's answer from those to its clauses.

    Raises:
        StatementError: not one answer for each clause (the caller's fault).
    """
    if len(holds) != len(clause_nodes(node)):
        raise StatementError(f"{len(holds)} answers to {len(clause_nodes(node))} clauses")
    match node:
        case nodes.Or():
            return any(holds)
        case nodes.AtLeast(count, _):
            return sum(holds) >= count
    return all(holds)
