//! Trace context in a message's attributes: W3C's where it was sent along, else what X-Ray left.
//! Sources: <https://www.w3.org/TR/trace-context/>; X-Ray Developer Guide, "Tracing header"; SQS Developer Guide, "AWS X-Ray and Amazon SQS".

use std::collections::HashMap;

use aws_sdk_sqs::types::MessageAttributeValue;
use trailkeep_pipeline::ports::queue::TraceContext;

pub(super) const PARENT: &str = "traceparent";
pub(super) const STATE: &str = "tracestate";

/// The attributes of a message that is sent.
pub(super) fn attributes(trace: &TraceContext) -> Option<HashMap<String, MessageAttributeValue>> {
    let attribute = |value: &str| MessageAttributeValue::builder().data_type("String").string_value(value).build();
    let known: HashMap<_, _> =
        trace.attributes().map(|(name, value)| (name.to_owned(), attribute(value).expect("an attribute with its type is whole"))).collect();
    (!known.is_empty()).then_some(known)
}

/// The context of a message that was received; `x_ray` is SQS's own attribute `AWSTraceHeader`.
pub(super) fn of(attributes: &HashMap<String, MessageAttributeValue>, x_ray: Option<&str>) -> TraceContext {
    let text = |name: &str| attributes.get(name).and_then(|value| value.string_value.clone()).filter(|value| !value.is_empty());
    match text(PARENT) {
        Some(traceparent) => TraceContext { traceparent: Some(traceparent), tracestate: text(STATE) },
        None => TraceContext { traceparent: x_ray.and_then(from_x_ray), tracestate: None },
    }
}

/// `Root=1-<8 hex>-<24 hex>;Parent=<16 hex>;Sampled=0|1` in W3C's form.
fn from_x_ray(header: &str) -> Option<String> {
    let field = |name: &str| header.split(';').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='));
    let root = field("Root")?.strip_prefix("1-")?.replace('-', "").to_ascii_lowercase();
    let parent = field("Parent")?.to_ascii_lowercase();
    let hex = |text: &str, length: usize| text.len() == length && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let flags = if field("Sampled") == Some("1") { "01" } else { "00" };
    (hex(&root, 32) && hex(&parent, 16)).then(|| format!("00-{root}-{parent}-{flags}"))
}

#[cfg(test)]
mod tests {
    use super::from_x_ray;

    #[test]
    fn an_x_ray_header_becomes_a_traceparent() {
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=1:8:2";
        assert_eq!(from_x_ray(header).as_deref(), Some("00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01"));
        let unsampled = from_x_ray("Sampled=0;Parent=53995C3F42CD8AD8;Root=1-5759e988-bd862e3fe1be46a994272793");
        assert_eq!(unsampled.as_deref(), Some("00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-00"));
        for header in ["", "Root=1-5759e988-bd862e3fe1be46a994272793", "Root=2-x;Parent=y", "Root=1-5759e988-ä;Parent=53995c3f42cd8ad8"] {
            assert_eq!(from_x_ray(header), None, "{header}");
        }
    }
}
