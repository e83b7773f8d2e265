"""Cases that are asked of `answer.check`: a log, an answer that is accepted, and others in its place."""

from world import NOW, TRUST

from verifier.entries.kinds import encode

PINS = TRUST.to_json()


class Asking:
    """Cases of one topic against one log: its entries and the accepted answer stand once in the file."""

    def __init__(self, topic, world, name, entry, why):
        self.topic, self.world, self.name = topic, world, name
        self.body = encode(entry, NOW).decode()
        topic.shared |= {f"log-{name}": world.bodies, name: self.body}
        self.input = {"pins": PINS, "entries": world.bodies, "answer": self.body}
        topic.accept(name, "answer.check", self.input, why)

    def refused(self, name, answer, why, **changes):
        """Another answer's entry or body in the place of the accepted one."""
        body = answer if isinstance(answer, str) else encode(answer, NOW).decode()
        argument = self.input | {"entries": self.world.bodies, "answer": body} | changes
        self.topic.reject(f"{self.name}-{name}", "answer.check", argument, why, mutates=self.name)

    def accepted(self, name, answer, why, **changes):
        """Another answer that is as good."""
        body = encode(answer, NOW).decode()
        argument = self.input | {"entries": self.world.bodies, "answer": body} | changes
        self.topic.accept(f"{self.name}-{name}", "answer.check", argument, why)
