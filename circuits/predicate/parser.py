"""Recursive descent over CEL's grammar, cut down to what can be proven; never deeper than 16 levels.

Precedence, weakest first: `||`, `&&`, one comparison or `in`, `+ -`, `*`, prefix `!` and `-`. notes/language.md has the
grammar.
"""

from collections.abc import Callable

from circuits.errors import PredicateSyntaxError
from circuits.predicate import hints
from circuits.predicate.syntax import (
    Call,
    Junction,
    Membership,
    Minus,
    Name,
    Negation,
    Node,
    Number,
    Product,
    Relation,
    String,
    Sum,
    Truth,
)
from circuits.predicate.tokens import Token, number, tokenize

MAX_DEPTH = 16
MAX_HEIGHT = 32
"""Google's CEL parses no expression higher than that; the CEL specification promises less."""
MAX_ITEMS = 64
RELATIONS = ("<", "<=", ">", ">=", "==", "!=")
FUNCTIONS = ("age", "date", "at_least")

_WORDS = ("and", "or", "not")


def parse_syntax(text: str) -> Node:
    """Parse a text to its syntax tree.

    Raises:
        PredicateSyntaxError: not a sentence of the language, or a limit exceeded.
    """
    parser = _Parser(text)
    node = parser.disjunction()
    parser.require_end()
    return node


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokenize(text)
        self.next = 0
        self.token = self.tokens[0]
        self.depth = 0
        self.height = 0  # of the node just parsed: operators, calls and lists above one another, down to a leaf

    def disjunction(self) -> Node:
        return self._junction("||", self._conjunction)

    def require_end(self) -> None:
        if self.token.kind != "end":
            raise self._unexpected("the question should end here")

    def _take(self) -> Token:
        token = self.token
        self.next += 1
        self.token = self.tokens[self.next]
        return token

    def _at_symbol(self, *symbols: str) -> bool:
        return self.token.text in symbols and self.token.kind == "symbol"

    def _at_in(self) -> bool:
        return self.token.text == "in" and self.token.kind == "name"

    def _require(self, symbol: str) -> None:
        if not self._at_symbol(symbol):
            raise self._unexpected(f"expected {symbol}")
        self._take()

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise PredicateSyntaxError(self.text, self.token.at, f"nested deeper than {MAX_DEPTH} levels")

    def _higher(self, at: int, *below: int) -> int:
        """Put a node on top of others.

        Raises:
            PredicateSyntaxError: higher than CEL's parser goes.
        """
        self.height = 1 + max(below)
        if self.height > MAX_HEIGHT:
            reason = f"more than {MAX_HEIGHT} levels of signs and calls; each + - * of a row is a level, as in CEL"
            raise PredicateSyntaxError(self.text, at, reason)
        return self.height

    def _unexpected(self, wanted: str) -> PredicateSyntaxError:
        token = self.token
        if token.kind == "end":
            reason = "an empty question" if token is self.tokens[0] else f"the question ends too early, {wanted}"
        else:
            reason = self._hint(token, self.tokens[self.next - 1] if self.next else None, wanted)
        return PredicateSyntaxError(self.text, token.at, reason)

    def _hint(self, token: Token, last: Token | None, wanted: str) -> str:  # noqa: C901, PLR0911  # one for each mistake
        """Guess what was meant by a token that cannot stand here, from the one before it."""
        if token.kind == "name" and (hint := hints.word(token.text, self.tokens[self.next + 1].text)):
            return hint
        if last is None:
            return f"{wanted}; a list stands after in only" if token.text == "[" else wanted
        pair = (last.text, token.text)
        if last.kind == "number" and (token.text == "," or token.kind == "number"):
            return f"{wanted}; numbers are written without separators"
        if last.kind == "number" and token.kind == "name":
            return f"{wanted}; a number has no unit, the schema says what it counts"
        if last.kind == "name" and last.text in FUNCTIONS and token.text != ")":
            return f"{wanted}; {last.text} is a function: write {last.text}(...)"
        if pair == ("<", ">"):
            return "write != for unequal"
        if pair == ("*", "*"):
            return "there are no powers"
        if token.text == "+":
            return f"{wanted}; a number has no plus sign"
        if token.text == "in" and last.text in ("!", "!="):
            return hints.NOT_IN
        if pair == ("[", "]") or token.text == "[":
            return f"{wanted}; a list {'stands after in only' if token.text == '[' else 'has at least one item'}"
        if pair[0] == "in":
            return f"{wanted}; a list stands in brackets, even a list of one"
        if last.kind == "name" and token.kind == "name":
            return f"{wanted}; a name has no blanks"
        return wanted

    def _junction(self, operator: str, operand: Callable[[], Node]) -> Node:
        operands, heights = [operand()], [self.height]
        at = self.token.at
        while self._at_symbol(operator):
            self._take()
            operands.append(operand())
            heights.append(self.height)
        if len(operands) == 1:
            return operands[0]
        self._higher(at, *heights)
        return Junction(at, operator, tuple(operands))

    def _conjunction(self) -> Node:
        return self._junction("&&", self._comparison)

    def _comparison(self) -> Node:
        left = self._sum()
        node, height = left, self.height
        if self._at_symbol(*RELATIONS):
            operator = self._take()
            node = Relation(operator.at, operator.text, left, self._sum())
            self._higher(operator.at, height, self.height)
        elif self._at_in():
            at = self._take().at
            node = Membership(at, left, self._items())
            self._higher(at, height, self.height)
        if node is not left and (self._at_symbol(*RELATIONS) or self._at_in()):
            raise self._unexpected("comparisons do not chain; join them with &&")
        return node

    def _items(self) -> tuple[Node, ...]:
        start = self.token.at
        self._require("[")
        items: list[Node] = []
        height = 0
        while True:
            if len(items) == MAX_ITEMS:
                raise PredicateSyntaxError(self.text, self.token.at, f"a list has at most {MAX_ITEMS} items")
            items.append(self._sum())
            height = max(height, self.height)
            if not self._at_symbol(","):
                break
            self._take()
        self._require("]")
        self._higher(start, height)
        return tuple(items)

    def _sum(self) -> Node:
        node, height = self._product(), self.height
        while self._at_symbol("+", "-"):
            operator = self._take()
            node = Sum(operator.at, node, self._product(), operator.text == "-")
            height = self._higher(operator.at, height, self.height)
        return node

    def _product(self) -> Node:
        node, height = self._prefixed(), self.height
        while self._at_symbol("*"):
            at = self._take().at
            node = Product(at, node, self._prefixed())
            height = self._higher(at, height, self.height)
        return node

    def _prefixed(self) -> Node:
        if not self._at_symbol("!", "-"):
            return self._primary()
        self._deeper()
        operator = self._take()
        if self._at_symbol("!", "-") and not self._at_symbol(operator.text):
            raise self._unexpected("! and - do not mix")
        operand = self._prefixed()
        if operator.text == "!" or not isinstance(operand, Number):  # a number has its minus sign on its own level
            self._higher(operator.at, self.height)
        self.depth -= 1
        return Negation(operator.at, operand) if operator.text == "!" else Minus(operator.at, operand)

    def _primary(self) -> Node:
        token = self.token
        self.height = 1
        if token.kind == "number":
            self._take()
            return Number(token.at, *number(token, self.text))
        if token.kind == "string":
            self._take()
            return String(token.at, token.text)
        if self._at_symbol("("):
            self._deeper()
            self._take()
            node = self.disjunction()
            self._require(")")
            self.depth -= 1
            return node
        if token.kind != "name" or token.text == "in" or token.text.lower() in _WORDS:
            raise self._unexpected("expected an attribute, a number, a string or (")
        self._take()
        if token.text in ("true", "false"):
            return Truth(token.at, token.text == "true")
        return self._call(token) if self._at_symbol("(") else Name(token.at, token.text)

    def _call(self, name: Token) -> Node:
        if name.text not in FUNCTIONS:
            raise PredicateSyntaxError(self.text, name.at, f"the functions are {', '.join(FUNCTIONS)}")
        self._deeper()
        self._take()
        arguments, heights = [self.disjunction()], [self.height]
        while self._at_symbol(","):
            self._take()
            arguments.append(self.disjunction())
            heights.append(self.height)
        self._require(")")
        self._higher(name.at, *heights)
        self.depth -= 1
        return Call(name.at, name.text, tuple(arguments))
