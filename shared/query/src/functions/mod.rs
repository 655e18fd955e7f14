//! Functions that questions about CloudTrail need beyond SQL's own, with Trino's names where Trino has them.

mod address;
mod json;
mod resources;
mod text_function;
mod unmapped;

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;

pub(crate) use address::spelled_by_cloudtrail;

/// `source_address(ip, domain, …)`: the first that is there; the `cloudtrail` view's `sourceipaddress`.
pub(crate) const SOURCE_ADDRESS: &str = "source_address";
/// `event_category(category)`: CloudTrail's spelling of the partition's category.
pub(crate) const EVENT_CATEGORY: &str = "event_category";
/// `json_member(text, key)`: what `text['key']` means for a column of JSON text.
pub(crate) const JSON_MEMBER: &str = "json_member";
/// `cidr_contains(block, address)`: what Trino's `contains(block, CAST(address AS IPADDRESS))` means.
pub(crate) const CIDR_CONTAINS: &str = "cidr_contains";

/// All of them.
pub(crate) fn all() -> Vec<Arc<ScalarUDF>> {
    let mut functions = Vec::new();
    functions.extend(address::functions());
    functions.extend(json::functions());
    functions.extend(unmapped::functions());
    functions.push(resources::function());
    functions.into_iter().map(Arc::new).collect()
}

/// Whether a function is one of ours; `None` where it is not.
pub(crate) fn named(name: &str) -> Option<Arc<ScalarUDF>> {
    all().into_iter().find(|function| function.name() == name)
}
