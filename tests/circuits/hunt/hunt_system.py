"""Equations mod N over unknowns that may be bounded, and gates between them: conclusions first, then choices."""

from collections.abc import Iterator, Sequence

from hunt_algebra import Affine, N, added, centred, combination, inverse, multiple, replaced, roots, scaled

Domain = range | frozenset[int]
MAX_FAN = 64
GUESSES = (1, 0, N - 1, 2)


class ContradictionError(Exception):
    """No assignment in this branch."""


class System:
    """Equations and gates over unknowns, some of which are known to lie in a range or in a set."""

    def __init__(self, unknowns: int) -> None:
        self.unknowns = unknowns
        self.domains: dict[int, Domain] = {}
        self.gates: dict[int, tuple[Affine, Affine, Affine]] = {}
        self.equations: dict[int, Affine] = {}
        self.solved: list[tuple[int, Affine]] = []
        self._where: dict[int, set[int]] = {}
        self._next = 0
        self._short: list[int] = []
        self._dirty_gates: dict[int, None] = {}
        self._dirty_equations: dict[int, None] = {}

    def copy(self) -> "System":
        twin = System(self.unknowns)
        twin.domains, twin.gates, twin.equations = dict(self.domains), dict(self.gates), dict(self.equations)
        twin.solved, twin._next = list(self.solved), self._next
        twin._where = {x: set(keys) for x, keys in self._where.items()}
        return twin

    def add_equation(self, form: Affine) -> None:
        key = self._next = self._next + 1
        self.equations[key] = form
        self._note(key, form)
        self._touch(key)

    def add_gate(self, gate: tuple[Affine, Affine, Affine]) -> None:
        key = self._next = self._next + 1
        self.gates[key] = gate
        for form in gate:
            self._note(key, form)
        self._touch(key)

    def _note(self, key: int, form: Affine) -> None:
        for x in form[0]:
            self._where.setdefault(x, set()).add(key)

    def _touch(self, key: int) -> None:
        if key in self.gates:
            self._dirty_gates[key] = None
        elif len(self.equations[key][0]) <= 2:
            self._short.append(key)
        else:
            self._dirty_equations[key] = None

    def propagate(self) -> None:
        """Draw every conclusion that needs no choice; ContradictionError if there is no assignment."""
        while True:
            if self._short:
                key = self._short.pop()
                if key in self.equations:
                    self._settle_equation(key)
            elif self._dirty_gates:
                self._settle_gate(self._dirty_gates.popitem()[0])
            elif self._dirty_equations:
                key = self._dirty_equations.popitem()[0]
                if key in self.equations:
                    self._settle_equation(key)
            else:
                return

    def _substitute(self, unknown: int, by: Affine) -> None:
        self.solved.append((unknown, by))
        self.domains.pop(unknown, None)
        for key in self._where.pop(unknown, set()):
            if key in self.gates:
                self.gates[key] = tuple(  # type: ignore[assignment]  # still three
                    replaced(form, unknown, by) if unknown in form[0] else form for form in self.gates[key]
                )
            elif key in self.equations and unknown in self.equations[key][0]:
                self.equations[key] = replaced(self.equations[key], unknown, by)
            else:
                continue
            self._note(key, by)
            self._touch(key)

    def _restrict(self, unknown: int, candidates: Iterator[int] | Sequence[int]) -> None:
        domain = self.domains.get(unknown)
        kept = frozenset(x for x in candidates if domain is None or x in domain)
        if not kept:
            raise ContradictionError
        if len(kept) == 1:
            self._substitute(unknown, ({}, next(iter(kept))))
        elif kept != domain:
            self.domains[unknown] = kept
            for key in self._where.get(unknown, ()):
                if key in self.equations or key in self.gates:
                    self._touch(key)

    def _settle_equation(self, key: int) -> None:
        terms, const = self.equations[key]
        if not terms:
            del self.equations[key]
            if const:
                raise ContradictionError
            return
        open_ones = [x for x in terms if x not in self.domains]
        if open_ones:
            x = min(open_ones, key=lambda x: len(self._where[x]))
            del self.equations[key]
            self._substitute(x, self._solved_for(x, (terms, const)))
        elif len(terms) == 1:
            ((x, c),) = terms.items()
            del self.equations[key]
            self._restrict(x, [-const * inverse(c) % N])
        elif len(terms) == 2 and (chosen := [x for x in terms if isinstance(self.domains[x], frozenset)]):
            y = chosen[0]
            x = next(z for z in terms if z != y)
            by = self._solved_for(x, (terms, const))
            factor, domain = by[0][y], self.domains[x]
            kept = [v for v in self.domains[y] if (factor * v + by[1]) % N in domain]
            del self.equations[key]
            self._substitute(x, by)
            self._restrict(y, kept)
        else:
            self._bound(key)

    def _solved_for(self, x: int, form: Affine) -> Affine:
        rest = {y: c for y, c in form[0].items() if y != x}
        return scaled((rest, form[1]), -inverse(form[0][x]) % N)

    def _settle_gate(self, key: int) -> None:
        left, right, out = self.gates[key]
        for one, other in ((left, right), (right, left)):
            if not one[0]:
                del self.gates[key]
                self.add_equation(added(out, other, -one[1]))
                return
        factor, share = multiple(right[0], left[0]), multiple(out[0], left[0])
        if factor is None or share is None:
            return
        # with u = left's terms: (u + l)(factor u + r) = share u + o
        candidates = roots(factor, right[1] + factor * left[1] - share, left[1] * right[1] - out[1])
        del self.gates[key]
        if candidates is None:
            return
        if len(left[0]) == 1:
            ((x, c),) = left[0].items()
            down = inverse(c)
            self._restrict(x, [u * down % N for u in candidates])
            return
        u = self.unknowns
        self.unknowns += 1
        self._restrict(u, candidates)
        self.add_equation(added((left[0], 0), ({u: 1}, 0) if u in self.domains else self.solved[-1][1], -1))

    def _bound(self, key: int) -> None:
        """Settle an equation over bounded unknowns, where it is one between integers."""
        integer = self._integer(key)
        if integer is None:
            return
        terms, total, spans = integer
        least, greatest = sum(low for low, _ in spans.values()), sum(high for _, high in spans.values())
        if not least <= total <= greatest:
            raise ContradictionError
        for x, c in terms.items():
            low, high = spans[x]
            domain = self.domains[x]
            room = range(total - (greatest - high), total - (least - low) + 1)
            if isinstance(domain, frozenset):
                kept = [v for v in domain if c * v in room]
                if len(kept) < len(domain):
                    self._restrict(x, kept)
                    self._touch_again(key)
                    return
            elif _count(fitting := _fitting(domain, c, room)) <= 1:
                self._restrict(x, fitting)
                self._touch_again(key)
                return

    def _touch_again(self, key: int) -> None:
        if key in self.equations:
            self._touch(key)

    def _integer(self, key: int) -> tuple[dict[int, int], int, dict[int, tuple[int, int]]] | None:
        """Scale an equation so that it cannot wrap around N: terms, total, and what each term can be worth."""
        form = self.equations[key]
        for factor in (1, *(inverse(c) for c in form[0].values())):
            terms, const = scaled(form, factor)
            small = {x: centred(c) for x, c in terms.items()}
            spans = {}
            for x, c in small.items():
                domain = self.domains[x]
                ends = (
                    (c * min(domain), c * max(domain))
                    if isinstance(domain, frozenset)
                    else (c * domain[0], c * domain[-1])
                )
                spans[x] = (min(ends), max(ends))
            least, greatest = sum(low for low, _ in spans.values()), sum(high for _, high in spans.values())
            if greatest - least < N:
                return small, least + (-const - least) % N, spans
        return None

    def branches(self) -> tuple[Iterator["System"], bool]:
        """Split into systems one of which has every assignment; False if they may not have every one."""
        alive = self.gates.keys() | self.equations.keys()
        sets = [(len(d), x) for x, d in self.domains.items() if isinstance(d, frozenset)]
        sets = [(size, -len(self._where.get(x, set()) & alive), x) for size, x in sets]
        if sets := [choice for choice in sets if choice[1]]:
            *_, x = min(sets)
            return (self._with(({x: 1}, -v % N)) for v in sorted(self.domains[x])), True
        for left, right, out in self.gates.values():
            shares = combination(out[0], left[0], right[0])
            if shares is not None:
                # left right = x left + y right + z, that is (left - y)(right - x) = z + x y
                x, y = shares
                z = (out[1] - x * left[1] - y * right[1]) % N
                if (z + x * y) % N == 0:
                    return (self._with(form) for form in (added(left, ({}, -y)), added(right, ({}, -x)))), True
        for key in self.equations:
            if integer := self._integer(key):
                terms, total, spans = integer
                x = max(terms, key=lambda x: abs(terms[x]))
                rest = [spans[y] for y in terms if y != x]
                room = range(total - sum(high for _, high in rest), total - sum(low for low, _ in rest) + 1)
                fitting = _fitting(self.domains[x], terms[x], room)
                if _count(fitting) <= MAX_FAN:
                    return (self._with(({x: 1}, -v % N)) for v in fitting), True
        form = next((gate[side] for gate in self.gates.values() for side in (1, 0)), None)
        if form is None:
            x = next(iter(next(iter(self.equations.values()))[0]))
            form = ({x: 1}, 0)
        return (self._with(added(form, ({}, -v))) for v in GUESSES), False

    def _with(self, form: Affine) -> "System":
        twin = self.copy()
        twin.add_equation(form)
        return twin

    def worth(self) -> tuple[dict[int, int], set[int]]:
        """Give every unknown a value, free ones the first of their domain; and list what hangs on those."""
        worth: dict[int, int] = {}
        loose: set[int] = set()
        known = {x for x, _ in self.solved}
        for x in range(self.unknowns):
            if x not in known:
                domain = self.domains.get(x, frozenset({0}))
                worth[x] = min(domain) if isinstance(domain, frozenset) else domain[0]
                loose.add(x)
        for x, (terms, const) in reversed(self.solved):
            worth[x] = (sum(c * worth[y] for y, c in terms.items()) + const) % N
            if not loose.isdisjoint(terms):
                loose.add(x)
        return worth, loose


def _fitting(domain: Domain, c: int, room: range) -> range:
    """The values v of a range with c v in room."""
    low, high = (room[0], room[-1]) if c > 0 else (room[-1], room[0])
    least, greatest = -(-low // c), high // c
    return range(max(least, domain[0]), min(greatest, domain[-1]) + 1)


def _count(domain: range) -> int:
    """The length, also of one that is too long for len."""
    return max(domain.stop - domain.start, 0)
