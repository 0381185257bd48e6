"""Prometheus metrics of the process: the golden signals per route, and the state of the jobs."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

registry = CollectorRegistry()
requests = Counter(
    "tiefen_requests_total", "Requests answered", ["route", "method", "status"], registry=registry
)
latency = Histogram(
    "tiefen_request_seconds",
    "Time to answer",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    registry=registry,
)
jobs = Counter("tiefen_jobs_total", "Jobs ended", ["name", "outcome"], registry=registry)
job_age = Gauge(
    "tiefen_job_oldest_seconds", "Age of the oldest due job", ["lane"], registry=registry
)
dead_jobs = Gauge("tiefen_jobs_dead", "Dead-lettered jobs", registry=registry)


def render() -> bytes:
    """The exposition text."""
    return generate_latest(registry)
