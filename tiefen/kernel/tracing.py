"""Traces: one story from a request through its commit to the jobs it left and the calls they made.

Off unless an address to send to is configured; then spans go out in batches from a thread of their
own (OTLP over HTTP). A span holds names, ids, states and durations: no query string, no header, no
body, nothing about a person.

Only requests and jobs begin a trace. Everything else is a part of one or is not traced, so an idle
worker says nothing.
"""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeAlias

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

Value: TypeAlias = str | int | bool
Maybe: TypeAlias = AbstractContextManager[Span | None]

_NOTHING: Maybe = nullcontext()
"""What every span is while tracing is off: one object, made once."""
_NOWHERE = Context()
_carrier = TraceContextTextMapPropagator()
_provider: Any = None
"""The SDK's tracer provider, None while tracing is off."""


def configure(url: str) -> None:
    """Send spans to the collector at `url` (its base address), or to nobody when empty.

    The standard variables OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, OTEL_TRACES_SAMPLER and
    OTEL_EXPORTER_OTLP_HEADERS are heeded.
    """
    global _provider
    close()
    if url:
        # By name: whoever sends no traces does not pay for loading what sends them.
        _provider = importlib.import_module("tiefen.kernel.otlp").provider(url)


def close() -> None:
    """Send what is left and stop."""
    global _provider
    if _provider is not None:
        _provider.shutdown()
        _provider = None


def begun(
    name: str,
    about: Mapping[str, Value],
    *,
    kind: SpanKind = SpanKind.SERVER,
    parent: str | None = None,
) -> Maybe:
    """A span that may begin a trace, or goes on with that of `parent` (a W3C traceparent)."""
    if _provider is None:
        return _NOTHING
    context = _carrier.extract({"traceparent": parent}, _NOWHERE) if parent else _NOWHERE
    return _span(_provider, name, kind, about, context)


def part(name: str, about: Mapping[str, Value], *, kind: SpanKind = SpanKind.INTERNAL) -> Maybe:
    """A span inside the open one; nothing when none is open."""
    if _provider is None or not trace.get_current_span().get_span_context().is_valid:
        return _NOTHING
    return _span(_provider, name, kind, about, None)


def carried() -> str | None:
    """The open span as a W3C traceparent, to be kept beside a job; None when none is open."""
    if _provider is None:
        return None
    carrier: dict[str, str] = {}
    _carrier.inject(carrier)
    return carrier.get("traceparent")


@contextmanager
def _span(
    provider: Any,
    name: str,
    kind: SpanKind,
    about: Mapping[str, Value],
    context: Context | None,
) -> Iterator[Span | None]:
    # An exception's text may quote what somebody typed: only its kind goes out.
    with provider.get_tracer("tiefen").start_as_current_span(
        name,
        context=context,
        kind=kind,
        attributes=dict(about),
        record_exception=False,
        set_status_on_exception=False,
    ) as span:
        try:
            yield span
        except BaseException as error:
            span.set_attribute("error.type", type(error).__name__)
            span.set_status(StatusCode.ERROR)
            raise
