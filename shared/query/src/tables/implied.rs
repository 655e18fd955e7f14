//! Filters on nested paths say something about our top-level columns, which have statistics and bloom filters: each top-level column
//! is, by the archive's format, the same value as its path. The implied filter is added, the original stays.

use std::net::IpAddr;

use datafusion::{
    common::{Column, ScalarValue},
    logical_expr::{BinaryExpr, Expr, Operator, expr::InList},
};
use trailkeep_archive::Category;

use crate::functions::spelled_by_cloudtrail;

/// A path in the OCSF columns, and our column of the same value.
const SAME: [(&[&str], &str); 6] = [
    (&["metadata", "uid"], "event_uid"),
    (&["actor", "user", "uid"], "principal_arn"),
    (&["actor", "user", "credential_uid"], "access_key_id"),
    (&["src_endpoint", "ip"], "source_ip"),
    (&["cloud", "region"], "region"),
    (&["cloud", "account", "uid"], "accountid"),
];

/// Filters on our columns that follow from one filter.
pub(super) fn implied(filter: &Expr) -> Vec<Expr> {
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => [implied(left), implied(right)].concat(),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => either(&implied(left), &implied(right)),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            let (path, value) = if matches!(**right, Expr::Literal(..)) { (left, right) } else { (right, left) };
            equal(path, std::slice::from_ref(value.as_ref()))
        }
        Expr::InList(InList { expr, list, negated: false }) => equal(expr, list),
        _ => Vec::new(),
    }
}

/// What follows from `a OR b`: for each column that both speak of, one or the other.
fn either(left: &[Expr], right: &[Expr]) -> Vec<Expr> {
    match (left, right) {
        ([left], [right]) => vec![left.clone().or(right.clone())],
        _ => Vec::new(),
    }
}

fn equal(tested: &Expr, values: &[Expr]) -> Vec<Expr> {
    let Some(texts) = values.iter().map(text_of).collect::<Option<Vec<&str>>>().filter(|texts| !texts.is_empty()) else {
        return Vec::new();
    };
    if let Some(filter) = or_absent(tested, values) {
        return vec![filter];
    }
    let column = match path_of(tested) {
        Some(path) => SAME.iter().find(|(same, _)| *same == path.as_slice()).map(|(_, column)| *column),
        None => address_column(tested, &texts),
    };
    if let Some(filter) = category(tested, &texts) {
        return vec![filter];
    }
    let Some(column) = column else { return Vec::new() };
    let column = Expr::Column(Column::new_unqualified(column));
    // Types have been reconciled before filters come here, so the literal must have the column's own.
    let mut literals: Vec<Expr> = texts.iter().map(|text| text_literal(text)).collect();
    match (literals.pop(), literals.is_empty()) {
        (Some(only), true) => vec![column.eq(only)],
        (Some(last), false) => vec![column.in_list([literals, vec![last]].concat(), false)],
        (None, _) => Vec::new(),
    }
}

/// Of `coalesce(a, b) = x`, as the optimizer spells it: `a = x OR a IS NULL`. Where `b` lies in `unmapped` this spares decoding that
/// for most rows.
fn or_absent(tested: &Expr, values: &[Expr]) -> Option<Expr> {
    let Expr::Case(case) = tested else { return None };
    let [(when, then)] = case.when_then_expr.as_slice() else { return None };
    let Expr::IsNotNull(checked) = when.as_ref() else { return None };
    let first = case.expr.is_none() && checked == then && path_of(then).is_some();
    first.then(|| then.as_ref().clone().in_list(values.to_vec(), false).or(then.as_ref().clone().is_null()))
}

fn text_literal(text: &str) -> Expr {
    Expr::Literal(ScalarValue::Utf8(Some(text.to_owned())), None)
}

fn text_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Literal(value, _) => value.try_as_str().flatten(),
        _ => None,
    }
}

/// The path of a nested access, outermost name first: `get_field(get_field(col, 'a'), 'b')` or `get_field(col, 'a', 'b')`.
fn path_of(expr: &Expr) -> Option<Vec<&str>> {
    match expr {
        Expr::Column(column) => Some(vec![column.name.as_str()]),
        Expr::Alias(alias) => path_of(&alias.expr),
        Expr::ScalarFunction(call) if call.name() == "get_field" => {
            let (base, names) = call.args.split_first()?;
            let mut path = path_of(base)?;
            for name in names {
                let Expr::Literal(name, _) = name else { return None };
                path.push(name.try_as_str().flatten()?);
            }
            Some(path)
        }
        _ => None,
    }
}

/// `source_address(source_ip, …)` of the `cloudtrail` view is an address or a name; where an address is asked for, it is `source_ip`.
fn address_column(expr: &Expr, texts: &[&str]) -> Option<&'static str> {
    let Expr::ScalarFunction(call) = expr else { return None };
    let addresses = texts.iter().all(|text| text.parse::<IpAddr>().is_ok());
    (call.name() == crate::functions::SOURCE_ADDRESS && addresses).then_some("source_ip")
}

/// `event_category(category)` of the `cloudtrail` view is the partition's category in CloudTrail's spelling.
fn category(expr: &Expr, texts: &[&str]) -> Option<Expr> {
    let Expr::ScalarFunction(call) = expr else { return None };
    let spelled = |category: &Category| texts.contains(&spelled_by_cloudtrail(category.as_str()));
    let wanted = Category::ALL.into_iter().filter(spelled).map(|category| text_literal(category.as_str())).collect();
    (call.name() == crate::functions::EVENT_CATEGORY).then(|| Expr::Column(Column::new_unqualified("category")).in_list(wanted, false))
}

/// The event ids that a conjunction of filters asks for; `None` where it may be any.
pub(super) fn event_uids(filters: &[Expr]) -> Option<Vec<String>> {
    filters.iter().find_map(event_uids_of)
}

fn event_uids_of(filter: &Expr) -> Option<Vec<String>> {
    let text = |value: &Expr| text_of(value).map(str::to_owned);
    let is_uid = |expr: &Expr| path_of(expr).is_some_and(|path| path == ["event_uid"]);
    match filter {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) if is_uid(left) => Some(vec![text(right)?]),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) if is_uid(right) => Some(vec![text(left)?]),
        // The engine writes short lists as alternatives.
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => Some([event_uids_of(left)?, event_uids_of(right)?].concat()),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => event_uids_of(left).or_else(|| event_uids_of(right)),
        Expr::InList(InList { expr, list, negated: false }) if is_uid(expr) => list.iter().map(text).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use datafusion::{functions::core::expr_ext::FieldAccessor, prelude::col};

    use super::*;

    fn text(value: &str) -> Expr {
        Expr::Literal(ScalarValue::Utf8(Some(value.to_owned())), None)
    }

    #[test]
    fn a_filter_on_a_path_is_one_on_our_column_too() {
        let filter = col("metadata").field("uid").eq(text("e-1"));
        assert_eq!(implied(&filter), vec![col("event_uid").eq(text("e-1"))]);
        let filter = text("AKIA").eq(col("actor").field("user").field("credential_uid"));
        assert_eq!(implied(&filter), vec![col("access_key_id").eq(text("AKIA"))]);
    }

    #[test]
    fn a_column_with_a_fallback_is_the_value_or_absent() {
        let kind = || col("actor").field("user").field("type");
        let fallback = datafusion::logical_expr::when(kind().is_not_null(), kind()).otherwise(col("unmapped").field("userIdentity.type"));
        let filter = fallback.expect("a case").eq(text("Root"));
        assert_eq!(implied(&filter), vec![kind().in_list(vec![text("Root")], false).or(kind().is_null())]);
    }

    #[test]
    fn either_of_two_ids_is_implied_as_either() {
        let uid = || col("metadata").field("uid");
        let filter = uid().eq(text("a")).or(uid().eq(text("b")));
        assert_eq!(implied(&filter), vec![col("event_uid").eq(text("a")).or(col("event_uid").eq(text("b")))]);
        let unrelated = uid().eq(text("a")).or(col("status").eq(text("Failure")));
        assert_eq!(implied(&unrelated), vec![]);
    }

    #[test]
    fn a_negated_list_implies_nothing() {
        let filter = col("metadata").field("uid").in_list(vec![text("a")], true);
        assert_eq!(implied(&filter), vec![]);
    }

    #[test]
    fn event_ids_are_found_among_the_filters() {
        let filters = [col("status").eq(text("x")), col("event_uid").in_list(vec![text("a"), text("b")], false)];
        assert_eq!(event_uids(&filters), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(event_uids(&filters[..1]), None);
        let uid = |value| col("event_uid").eq(text(value));
        let both = || Some(vec!["a".to_owned(), "b".to_owned()]);
        assert_eq!(event_uids(&[uid("a").or(uid("b"))]), both());
        assert_eq!(event_uids(&[filters[0].clone().and(uid("a").or(uid("b")))]), both());
        assert_eq!(event_uids(&[uid("a").or(filters[0].clone())]), None);
    }
}
