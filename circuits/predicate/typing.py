"""From the sentence to its meaning: every comparison gets its types from the schema, or the text is refused."""

from collections.abc import Iterator

from circuits import calendar
from circuits.attributes import Attribute, Attributes, AttributeType
from circuits.errors import EncodingError, PredicateSyntaxError, PredicateTypeError, ValueRefused
from circuits.predicate import hints, nodes, syntax
from circuits.predicate.linear import Arithmetic, Linear
from circuits.predicate.nodes import Operator, Unit
from circuits.values import normal_text

MAX_ATOMS = 16

_WORDS = (AttributeType.ENUM, AttributeType.TEXT)


def typed(text: str, tree: syntax.Node, schema: Attributes) -> nodes.Node:
    """Give a syntax tree its meaning under a schema.

    Raises:
        PredicateTypeError: it has none; the position is that of what is to blame.
        PredicateSyntaxError: more than 16 comparisons.
    """
    atoms = list(_comparisons(tree))
    if len(atoms) > MAX_ATOMS:
        raise PredicateSyntaxError(text, atoms[MAX_ATOMS].at, f"a question has at most {MAX_ATOMS} comparisons")
    return _Typing(text, schema).question(tree)


class _Typing:
    def __init__(self, text: str, schema: Attributes) -> None:
        self.text = text
        self.schema = schema
        self.arithmetic = Arithmetic(text, schema)

    def question(self, node: syntax.Node) -> nodes.Node:  # noqa: C901  # one case for each kind of sentence
        """Type what must be true or false."""
        match node:
            case syntax.Junction(_, operator, operands):
                return _joined(nodes.And if operator == "&&" else nodes.Or, tuple(map(self.question, operands)))
            case syntax.Negation(_, operand):
                return nodes.negated(self.question(operand))
            case syntax.Call(_, "at_least", arguments):
                return self._at_least(node, arguments)
            case syntax.Truth(at, _):
                raise self._refuse(at, "true and false alone are no question")
        match node:
            case syntax.Relation():
                return self._relation(node)
            case syntax.Membership():
                return self._membership(node)
            case syntax.Name(at, name):
                attribute = self._attribute(node)
                if attribute.type is AttributeType.BOOL:
                    return nodes.Flag(name)
                raise self._refuse(at, f"{name} is {attribute.type}; compare it with something")
        hint = ""
        if isinstance(node, syntax.String):
            hint = "; a string alone is no question, a list of them stands after in"
        elif isinstance(node, syntax.Call) and node.name == "age":
            hint = ", such as age(...) >= 21"
        raise self._refuse(node.at, f"expected a comparison{hint}")

    def _refuse(self, at: int, reason: str) -> PredicateTypeError:
        return PredicateTypeError(self.text, at, reason)

    def _attribute(self, name: syntax.Name) -> Attribute:
        if name.name not in self.schema:
            raise self.arithmetic.unknown(name.at, name.name)
        return self.schema.attribute(name.name)

    def _typed_name(self, node: syntax.Node, *types: AttributeType) -> Attribute | None:
        """Return the attribute a node names, if it names one of these types."""
        if not isinstance(node, syntax.Name):
            return None
        attribute = self._attribute(node)
        return attribute if attribute.type in types else None

    def _at_least(self, node: syntax.Call, arguments: tuple[syntax.Node, ...]) -> nodes.Node:
        count, *operands = arguments
        if len(operands) < 2:
            raise self._refuse(node.at, "at_least takes a number and two or more questions")
        if not isinstance(count, syntax.Number) or count.places or not 1 <= count.digits <= len(operands):
            raise self._refuse(count.at, f"at_least starts with a whole number from 1 to {len(operands)}, written out")
        return nodes.AtLeast(count.digits, tuple(map(self.question, operands)))

    def _relation(self, node: syntax.Relation) -> nodes.Node:
        operator, left, right = nodes.OPERATORS[node.operator], node.left, node.right
        special = self._special(operator, left, right, node.at)
        if special is None:
            special = self._special(operator.mirrored, right, left, node.at)
        if special is not None:
            return special
        return self.arithmetic.compare(operator, self.arithmetic.fold(left), self.arithmetic.fold(right), node.at)

    def _special(self, operator: Operator, left: syntax.Node, right: syntax.Node, at: int) -> nodes.Node | None:
        """Type a comparison whose left side is not a number; None if it is one, or a literal."""
        match left:
            case syntax.Call(_, "age", arguments):
                return self._age(operator, left, arguments, right)
            case syntax.Negation():
                raise self._refuse(at, "a question is not compared with anything; write !(...) around a comparison")
            case syntax.Relation() | syntax.Membership() | syntax.Junction():
                raise self._refuse(at, "a question is not compared with anything")
            case syntax.Call(_, "at_least", _):
                raise self._refuse(at, "a question is not compared with anything")
        if attribute := self._typed_name(left, AttributeType.DATE):
            return self._date(operator, attribute, right)
        if attribute := self._typed_name(left, AttributeType.BOOL):
            return self._truth(operator, attribute, right, at)
        if attribute := self._typed_name(left, *_WORDS):
            if operator not in (Operator.EQ, Operator.NE):
                raise self._refuse(at, f"{attribute.name} is {attribute.type}: only == and != and in")
            member = self._member(attribute, (right,))
            return member if operator is Operator.EQ else nodes.negated(member)
        return None

    def _age(
        self, operator: Operator, call: syntax.Call, arguments: tuple[syntax.Node, ...], right: syntax.Node
    ) -> nodes.Node:
        attribute = self._typed_name(arguments[0], AttributeType.DATE) if len(arguments) == 1 else None
        if attribute is None:
            at = arguments[0].at if len(arguments) == 1 else call.at
            raise self._refuse(at, "age takes one attribute that is a date")
        years = self._number(right)
        if years is None or years.decimal_at >= 0:
            raise self._refuse(right.at, "an age is compared with a whole number of years")
        return nodes.Age(operator, attribute.name, years.constant)

    def _number(self, node: syntax.Node) -> Linear | None:
        """Fold a number without attributes; None if it is something else."""
        pending = [node]
        while pending:
            match pending.pop():
                case syntax.Number():
                    continue
                case syntax.Minus(_, operand):
                    pending.append(operand)
                case syntax.Sum(_, left, right) | syntax.Product(_, left, right):
                    pending += [left, right]
                case _:
                    return None
        return self.arithmetic.fold(node)

    def _date(self, operator: Operator, attribute: Attribute, right: syntax.Node) -> nodes.Node:
        unit = Unit(AttributeType.DATE)
        if other := self._typed_name(right, AttributeType.DATE):
            if other.name == attribute.name:
                raise self._refuse(right.at, "the attributes cancel out")
            if attribute.name < other.name:
                return nodes.Compare(operator, ((1, attribute.name), (-1, other.name)), 0, unit)
            return nodes.Compare(operator.mirrored, ((1, other.name), (-1, attribute.name)), 0, unit)
        return nodes.Compare(operator, ((1, attribute.name),), self._day(attribute, right), unit)

    def _day(self, attribute: Attribute, node: syntax.Node) -> int:
        match node:
            case syntax.Call(_, "date", (syntax.String(at, content),)):
                try:
                    return calendar.day_number(content)
                except EncodingError as error:
                    raise self._refuse(at, str(error)) from error
            case syntax.Call(at, "date", _):
                raise self._refuse(at, 'date takes one string, date("2008-11-22")')
        at = syntax.start(node)
        raise self._refuse(at, f"{attribute.name} is a date; compare it with {hints.day(self.text, at)}")

    def _truth(self, operator: Operator, attribute: Attribute, right: syntax.Node, at: int) -> nodes.Node:
        if operator not in (Operator.EQ, Operator.NE):
            raise self._refuse(at, f"{attribute.name} is bool: only == and !=")
        if not isinstance(right, syntax.Truth):
            raise self._refuse(right.at, f"{attribute.name} is bool; compare it with true or false")
        flag = nodes.Flag(attribute.name)
        return flag if right.truth == (operator is Operator.EQ) else nodes.Not(flag)

    def _membership(self, node: syntax.Membership) -> nodes.Node:
        if not isinstance(node.operand, syntax.Name):
            negation = isinstance(node.operand, syntax.Negation)
            hint = "; for not in, write !(... in [...])" if negation else ""
            raise self._refuse(node.operand.at, f"only an attribute can be in a list{hint}")
        attribute = self._attribute(node.operand)
        if attribute.type is AttributeType.BOOL:
            raise self._refuse(node.at, f"{attribute.name} is bool; a list tells nothing about it")
        if attribute.type in _WORDS:
            return self._member(attribute, node.items)
        unit = Unit(attribute.type, attribute.currency, attribute.period)
        constants = tuple(sorted({self._item(attribute, unit, item) for item in node.items}))
        if len(constants) == 1:
            return nodes.Compare(Operator.EQ, ((1, attribute.name),), constants[0], unit)
        return nodes.Among(attribute.name, constants, unit)

    def _item(self, attribute: Attribute, unit: Unit, item: syntax.Node) -> int:
        if attribute.type is AttributeType.DATE:
            return self._day(attribute, item)
        number = self._number(item)
        if number is None:
            raise self._refuse(item.at, f"{attribute.name} is {attribute.type}; list numbers")
        return self.arithmetic.constant(number, unit)

    def _member(self, attribute: Attribute, items: tuple[syntax.Node, ...]) -> nodes.Node:
        encoded: dict[str, int] = {}
        for item in items:
            if not isinstance(item, syntax.String):
                quotes = ", in quotes" if isinstance(item, syntax.Name) else ""
                raise self._refuse(item.at, f"{attribute.name} is {attribute.type}; compare it with a string{quotes}")
            encoded[item.content] = self._word(attribute, item)
        words = tuple(sorted(encoded))
        return nodes.Member(attribute.name, words, tuple(encoded[word] for word in words))

    def _word(self, attribute: Attribute, item: syntax.String) -> int:
        try:
            encoded = attribute.encode(item.content)
        except (ValueRefused, EncodingError) as error:
            hint = f", {hints.listed(item.content, attribute.values)}" if attribute.values else ""
            raise self._refuse(item.at, f"{error}{hint}") from error
        if attribute.type is AttributeType.TEXT and normal_text(item.content) != item.content:
            # CEL compares code points: what is no normal form would be equal here and unequal there
            raise self._refuse(item.at, f"a string is in Unicode's normal form NFC; {hints.normal(item.content)}")
        return encoded


def _comparisons(tree: syntax.Node) -> Iterator[syntax.Node]:
    """Walk what has to be typed as comparisons, from left to right."""
    match tree:
        case syntax.Junction(_, _, operands) | syntax.Call(_, "at_least", (_, *operands)):
            for operand in operands:
                yield from _comparisons(operand)
        case syntax.Negation(_, operand):
            yield from _comparisons(operand)
        case syntax.Truth():
            return
        case _:
            yield tree


def _joined(kind: type[nodes.And | nodes.Or], operands: tuple[nodes.Node, ...]) -> nodes.Node:
    """Join operands, taking apart those that are joined in the same way."""
    flat: list[nodes.Node] = []
    for operand in operands:
        flat += operand.operands if isinstance(operand, kind) else (operand,)
    return kind(tuple(flat))
