//! W3C trace context, in and out: what came with a message becomes the parent of a span or a link of it, what goes out carries the current one.
//!
//! Anything that is not as <https://www.w3.org/TR/trace-context/> has it is ignored: a queue is an input that others can write to.

use std::collections::HashMap;

use opentelemetry::{
    Context,
    propagation::TextMapPropagator,
    trace::{SpanContext, TraceContextExt},
};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Longest `tracestate` that is taken over, in bytes (Trace Context, §3.3.1.5: vendors should propagate at least 512).
pub const MAX_TRACESTATE_BYTES: usize = 512;

/// The span that a message was sent in; `None` where its context is missing or not valid.
pub fn parent_of(traceparent: Option<&str>, tracestate: Option<&str>) -> Option<SpanContext> {
    let traceparent = traceparent.filter(|text| well_formed(text))?;
    let mut headers = HashMap::from([("traceparent".to_owned(), traceparent.to_owned())]);
    if let Some(state) = tracestate.filter(|state| state.len() <= MAX_TRACESTATE_BYTES) {
        headers.insert("tracestate".to_owned(), state.to_owned());
    }
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &headers);
    let parent = context.span().span_context().clone();
    parent.is_valid().then_some(parent)
}

/// `version-trace-parent-flags`, lower-case hexadecimal of their lengths. Later versions may go on after the flags.
fn well_formed(traceparent: &str) -> bool {
    let parts: Vec<&str> = traceparent.split('-').collect();
    let hexadecimal = |text: &str, length| text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let lengths = [2, 32, 16, 2];
    parts.len() >= 4
        && parts.iter().zip(lengths).all(|(part, length)| hexadecimal(part, length))
        && parts[0] != "ff"
        && (parts[0] != "00" || parts.len() == 4)
}

/// Makes `parent` the parent of a span that was not entered yet. Does nothing where spans are not traced.
pub fn set_parent(span: &Span, parent: &SpanContext) {
    // It fails where spans are not traced or this one has begun: telemetry is no reason to stop.
    let _ = span.set_parent(Context::new().with_remote_span_context(parent.clone()));
}

/// Links a span to another one: for the one span that works on what many have sent.
pub fn add_link(span: &Span, other: &SpanContext) {
    span.add_link(other.clone());
}

/// `traceparent` and `tracestate` of the current span, to send along. Both are missing where spans are not traced.
pub fn current_trace() -> (Option<String>, Option<String>) {
    let own = Span::current().context();
    // A span that is logged and not traced stands inside one that is.
    if own.span().span_context().is_valid() { headers_of(&own) } else { headers_of(&Context::current()) }
}

/// `traceparent` and `tracestate` of a span.
pub fn trace_of(span: &Span) -> (Option<String>, Option<String>) {
    headers_of(&span.context())
}

fn headers_of(context: &Context) -> (Option<String>, Option<String>) {
    let mut headers = HashMap::new();
    TraceContextPropagator::new().inject_context(context, &mut headers);
    let state = headers.remove("tracestate").filter(|state| !state.is_empty());
    (headers.remove("traceparent"), state)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing::level_filters::LevelFilter;
    use tracing_subscriber::{Layer, layer::SubscriberExt};

    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_valid_context_is_read() {
        let parent = parent_of(Some(PARENT), Some("vendor=x")).unwrap();
        assert_eq!(parent.trace_id().to_string(), TRACE);
        assert_eq!(parent.span_id().to_string(), "00f067aa0ba902b7");
        assert!(parent.is_sampled() && parent.is_remote());
        assert_eq!(parent.trace_state().header(), "vendor=x");
        let later = parent_of(Some(&PARENT.replacen("00", "cc", 1).replace("-01", "-01-more")), None);
        assert_eq!(later.unwrap().trace_id().to_string(), TRACE);
    }

    #[test]
    fn what_is_not_valid_is_ignored() {
        let short = PARENT.replace("4bf9", "");
        for traceparent in [
            "",
            "nonsense",
            short.as_str(),
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-+1",
            "00-ßßßßßßßßßßßßßßßß-00f067aa0ba902b7-01",
        ] {
            assert_eq!(parent_of(Some(traceparent), None), None, "{traceparent:?}");
        }
        assert_eq!(parent_of(None, Some("vendor=x")), None);
        for state in ["no pairs", "a=b,,=".repeat(200).as_str()] {
            assert_eq!(parent_of(Some(PARENT), Some(state)).unwrap().trace_state().header(), "", "{state:?}");
        }
    }

    #[test]
    fn a_span_continues_its_parents_trace_and_sends_it_on() {
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = tracing::info_span!("delivery");
            set_parent(&span, &parent_of(Some(PARENT), Some("vendor=x")).unwrap());
            add_link(&span, &parent_of(Some(PARENT), None).unwrap());
            let (traceparent, tracestate) = span.in_scope(current_trace);
            let traceparent = traceparent.unwrap();
            assert!(traceparent.starts_with(&format!("00-{TRACE}-")) && traceparent.ends_with("-01"), "{traceparent}");
            assert_ne!(traceparent, PARENT, "the span has an id of its own");
            assert_eq!(tracestate.as_deref(), Some("vendor=x"));
        });
    }

    #[test]
    fn a_span_that_is_only_logged_sends_the_one_around_it_on() {
        let provider = SdkTracerProvider::builder().build();
        let traced = tracing_opentelemetry::layer().with_tracer(provider.tracer("test")).with_filter(LevelFilter::INFO);
        let logged = tracing_subscriber::fmt::layer().with_writer(std::io::sink);
        tracing::subscriber::with_default(tracing_subscriber::registry().with(traced).with(logged), || {
            let outer = tracing::info_span!("delivery");
            let inner = outer.in_scope(|| tracing::debug_span!("call").in_scope(current_trace));
            assert!(inner.0.is_some());
            assert_eq!(inner, trace_of(&outer));
        });
    }

    #[test]
    fn untraced_spans_send_nothing_and_set_nothing() {
        let span = tracing::info_span!("untraced");
        set_parent(&span, &parent_of(Some(PARENT), None).unwrap());
        add_link(&span, &parent_of(Some(PARENT), None).unwrap());
        assert_eq!(span.in_scope(current_trace), (None, None));
    }
}
