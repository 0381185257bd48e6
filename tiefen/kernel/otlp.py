"""Sends spans to an OpenTelemetry collector, in batches, from a thread of its own.

Loaded by `kernel.tracing` when an address is configured and not before: the libraries behind it
cost every start a third of a second.
"""

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


def provider(url: str) -> TracerProvider:
    """A source of spans that go to the collector at `url`, its base address."""
    made = TracerProvider(resource=Resource.create({"service.name": "tiefen"}))
    exporter = OTLPSpanExporter(endpoint=url.rstrip("/") + "/v1/traces", timeout=5)
    made.add_span_processor(BatchSpanProcessor(exporter))
    return made
