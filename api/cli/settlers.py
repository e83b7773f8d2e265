"""Where the proofs of a replay are verified: here, in processes of this machine, on a cluster; a sample once more."""

import secrets
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.failures import CommandError

if TYPE_CHECKING:
    from verifier.audit.sampling import Sample
    from verifier.audit.settling import Settler
    from verifier.checking import EngineName

JobsOption = Annotated[
    int,
    typer.Option("--jobs", metavar="N", min=1, max=256, help="Verify proofs in N processes, one for each core."),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler", metavar="ADDRESS", help="Verify proofs on a Dask cluster: tcp://host:8786.", show_default=False
    ),
]
SampleOption = Annotated[
    int,
    typer.Option("--sample", metavar="N", min=0, max=100_000, help="Verify N answers by the other engine as well."),
]
SeedOption = Annotated[
    str | None,
    typer.Option("--seed", metavar="TEXT", help="Draw the sample that this seed drew before.", show_default=False),
]


@dataclass(frozen=True, slots=True)
class Settlers:
    """Who settles the batches of a replay, how many of them may wait, and who is asked for a second opinion."""

    settle: "Settler | None"
    ahead: int
    sample: "Sample | None"
    where: str
    """The option that chose it, for messages."""


def settlers(
    stack: ExitStack, *, jobs: int, scheduler: str | None, engine: "EngineName", size: int, seed: str | None
) -> Settlers:
    """Start what settles; it is stopped with the stack.

    Raises:
        CommandError: both processes and a cluster are asked for, or there is no such cluster, or no Dask.
    """
    from api.audit.cluster import Cluster, ClusterMissing
    from api.audit.replaying import ReplayWorkers, WorkersLost

    if scheduler is not None and jobs > 1:
        raise CommandError(
            "proofs are verified here or on a cluster, not both",
            where=f"--scheduler {scheduler}",
            remedy="leave out --jobs",
            kind="usage",
        )
    drawn = _sample(stack, jobs=jobs, engine=engine, size=size, seed=seed)
    if scheduler is not None:
        where = f"--scheduler {scheduler}"
        try:
            cluster = stack.enter_context(Cluster(scheduler, engine=engine))
        except ClusterMissing as error:
            raise CommandError(
                "Dask is not installed", where=where, remedy="pip install 'zkattest[cluster]'", kind="cluster"
            ) from error
        except WorkersLost as error:
            raise CommandError(
                str(error), where=where, remedy="start `dask scheduler` and `dask worker`", kind="cluster"
            ) from error
        return Settlers(cluster.settle, cluster.ahead, drawn, where)
    if jobs > 1:
        workers = stack.enter_context(ReplayWorkers(jobs=jobs, engine=engine))
        return Settlers(workers.settle, workers.ahead, drawn, f"--jobs {jobs}")
    return Settlers(None, 0, drawn, "--jobs 1")


def _sample(stack: ExitStack, *, jobs: int, engine: "EngineName", size: int, seed: str | None) -> "Sample | None":
    """What the other engine verifies again, always on this machine: a cluster cannot bend it."""
    from api.audit.replaying import ReplayWorkers
    from verifier.audit.sampling import Sample

    if not size:
        return None
    other: EngineName = "reference" if engine == "fast" else "fast"
    settle = stack.enter_context(ReplayWorkers(jobs=jobs, engine=other)).settle if jobs > 1 else None
    return Sample(size, seed=seed or secrets.token_hex(8), engine=other, settler=settle)
