"""Prometheus metrics of one service. Labels are routes, outcomes and provider ids: never a person, never a lender."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.04, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """The counters of one application; each application has its own registry, so that two can live in one process."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self, service: str) -> None:
        self.registry = CollectorRegistry()
        name = f"zkattest_{service}"
        self.requests = Histogram(
            f"{name}_request_seconds",
            "HTTP requests by route and status",
            ("method", "route", "status"),
            registry=self.registry,
            buckets=_SECONDS,
        )
        self.answers = Counter(
            f"{name}_answers", "Answered questions by outcome", ("provider", "outcome"), registry=self.registry
        )
        self.stages = Histogram(
            f"{name}_stage_seconds", "Where an answer's time goes", ("stage",), registry=self.registry, buckets=_SECONDS
        )
        self.incidents = Counter(
            f"{name}_incidents", "Invalid proofs and unexpected errors", ("kind",), registry=self.registry
        )
        self.pending = Gauge(f"{name}_pending_credentials", "Credentials not yet in the log", registry=self.registry)
        self.refused = Gauge(
            f"{name}_refused_credentials", "Of the pending, those the verifier refused", registry=self.registry
        )
        self.log_size = Gauge(f"{name}_log_entries", "Entries in the log", registry=self.registry)

    def render(self) -> bytes:
        """The text a Prometheus server scrapes."""
        return generate_latest(self.registry)
