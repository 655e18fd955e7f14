//! A log line as one JSON object: `timestamp`, `level`, `target`, `message`, `fields`, `spans` from the outermost in, `trace_id` and `span_id`.

use std::fmt;

use opentelemetry::{Context, trace::TraceContextExt};
use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    field::RecordFields,
    fmt::{
        FmtContext, FormatEvent, FormatFields, FormattedFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

/// Fields of a span as the inside of a JSON object: `"batch":"…","objects":3`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Members;

/// Events as lines.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lines;

#[derive(Default)]
struct Collected {
    fields: Map<String, Value>,
}

impl Collected {
    fn keep(&mut self, field: &Field, value: impl Into<Value>) {
        self.fields.insert(field.name().to_owned(), value.into());
    }

    /// The inside of the object, without its braces.
    fn members(&self) -> Result<String, fmt::Error> {
        let text = serde_json::to_string(&self.fields).map_err(|_| fmt::Error)?;
        let inside = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
        Ok(inside.unwrap_or_default().to_owned())
    }
}

impl Visit for Collected {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.keep(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.keep(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.keep(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.keep(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.keep(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let mut text = value.to_string();
        let mut cause = value.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        self.keep(field, text);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.keep(field, format!("{value:?}"));
    }
}

impl<'writer> FormatFields<'writer> for Members {
    fn format_fields<R: RecordFields>(&self, mut writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut collected = Collected::default();
        fields.record(&mut collected);
        writer.write_str(&collected.members()?)
    }

    fn add_fields(&self, current: &'writer mut FormattedFields<Self>, fields: &tracing::span::Record<'_>) -> fmt::Result {
        let mut collected = Collected::default();
        fields.record(&mut collected);
        let members = collected.members()?;
        if !current.fields.is_empty() && !members.is_empty() {
            current.fields.push(',');
        }
        current.fields.push_str(&members);
        Ok(())
    }
}

impl<S: Subscriber + for<'span> LookupSpan<'span>> FormatEvent<S, Members> for Lines {
    fn format_event(&self, context: &FmtContext<'_, S, Members>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut collected = Collected::default();
        event.record(&mut collected);
        let message = collected.fields.remove("message").unwrap_or_default();
        let (level, target) = (event.metadata().level(), Value::from(event.metadata().target()));
        write!(writer, "{{\"timestamp\":\"")?;
        SystemTime.format_time(&mut writer)?;
        write!(writer, "\",\"level\":\"{level}\",\"target\":{target},\"message\":{message},\"fields\":{{{}}}", collected.members()?)?;
        spans(context, &mut writer)?;
        trace(&mut writer)?;
        writeln!(writer, "}}")
    }
}

fn spans<S: Subscriber + for<'span> LookupSpan<'span>>(context: &FmtContext<'_, S, Members>, writer: &mut Writer<'_>) -> fmt::Result {
    let Some(scope) = context.event_scope() else { return Ok(()) };
    write!(writer, ",\"spans\":[")?;
    for (index, span) in scope.from_root().enumerate() {
        let name = Value::from(span.name());
        write!(writer, "{}{{\"name\":{name}", if index == 0 { "" } else { "," })?;
        let extensions = span.extensions();
        let fields = extensions.get::<FormattedFields<Members>>().map(|fields| fields.fields.as_str()).unwrap_or_default();
        write!(writer, "{}{fields}}}", if fields.is_empty() { "" } else { "," })?;
    }
    write!(writer, "]")
}

fn trace(writer: &mut Writer<'_>) -> fmt::Result {
    let context = Context::current();
    let span = context.span();
    let current = span.span_context();
    if !current.is_valid() {
        return Ok(());
    }
    write!(writer, ",\"trace_id\":\"{}\",\"span_id\":\"{}\"", current.trace_id(), current.span_id())
}
