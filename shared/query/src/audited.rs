//! What the auditor knows, in `events` and `cloudtrail` themselves: columns that are there for a statement that names one of them, and that `*`
//! leaves out. So nobody pays for them, or fails because of them, who did not ask.

use std::ops::ControlFlow;

use datafusion::sql::{
    parser::Statement,
    sqlparser::ast::{
        ExceptSelectItem, ExcludeSelectItem, Ident, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind,
        Statement as SqlStatement, TableFactor, Visit, VisitMut, Visitor, VisitorMut, WildcardAdditionalOptions,
    },
};

use crate::naming::words;

/// What the auditor's knowledge adds to a view of events.
pub(crate) const AUDITED: [&str; 4] = ["verified", "account_name", "account_ou_path", "account_tags"];
/// The tables that have these columns where they are named.
const TABLES: [&str; 2] = ["events", "cloudtrail"];

/// Whether a statement names one of the columns, so that `events` and `cloudtrail` must have them; if so, takes them out of what `*` means there.
///
/// `*` over several tables together is left as it is, since a name may be another table's. Where a `WITH` calls something `events`, or tables are
/// joined by all names that they share, the columns would change what is meant: there they are in `audited_events` only.
pub(crate) fn offered(statement: &mut Statement) -> bool {
    let words = words(statement);
    let named = AUDITED.iter().any(|name| words.contains(*name)) && TABLES.iter().any(|name| words.contains(*name));
    if !named || words.contains("natural") {
        return false;
    }
    match statement {
        Statement::Statement(sql) => {
            if !matches!(sql.as_ref(), SqlStatement::Query(_) | SqlStatement::Explain { .. })
                || Visit::visit(sql.as_ref(), &mut Shadowed).is_break()
            {
                return false;
            }
            let _: ControlFlow<()> = sql.visit(&mut Wildcards);
            true
        }
        Statement::Explain(explain) => offered(&mut explain.statement),
        _ => false,
    }
}

/// Ends where a `WITH` takes the name of one of the tables.
struct Shadowed;

impl Visitor for Shadowed {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let with = query.with.iter().flat_map(|with| &with.cte_tables);
        let mut shadowing = with.filter(|table| TABLES.iter().any(|name| table.alias.name.value.eq_ignore_ascii_case(name)));
        if shadowing.next().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Leaves the columns out of wildcards.
struct Wildcards;

impl VisitorMut for Wildcards {
    type Break = ();

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        let relations: Vec<&TableFactor> =
            select.from.iter().flat_map(|table| std::iter::once(&table.relation).chain(table.joins.iter().map(|j| &j.relation))).collect();
        let called: Vec<String> = relations.iter().filter_map(|relation| called(relation)).collect();
        let alone = relations.len() == 1 && called.len() == 1;
        for item in &mut select.projection {
            match item {
                SelectItem::Wildcard(options) if alone => leave_out(options),
                SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options)
                    if last(name).is_some_and(|name| called.contains(&name)) =>
                {
                    leave_out(options);
                }
                _ => {}
            }
        }
        ControlFlow::Continue(())
    }
}

/// What one of the tables is called in a `FROM`; none for other relations.
fn called(relation: &TableFactor) -> Option<String> {
    let TableFactor::Table { name, alias, args: None, .. } = relation else { return None };
    let table = last(name).filter(|name| TABLES.contains(&name.as_str()))?;
    Some(alias.as_ref().map_or(table, |alias| alias.name.value.to_lowercase()))
}

fn last(name: &ObjectName) -> Option<String> {
    Some(name.0.last()?.as_ident()?.value.to_lowercase())
}

fn leave_out(options: &mut WildcardAdditionalOptions) {
    let mut left_out: Vec<String> = match &options.opt_exclude {
        Some(ExcludeSelectItem::Single(name)) => last(name).into_iter().collect(),
        Some(ExcludeSelectItem::Multiple(names)) => names.iter().filter_map(last).collect(),
        None => Vec::new(),
    };
    let excepted = options.opt_except.iter().flat_map(|except| std::iter::once(&except.first_element).chain(&except.additional_elements));
    left_out.extend(excepted.map(|name| name.value.to_lowercase()));
    let mut more = AUDITED.iter().filter(|name| !left_out.iter().any(|left_out| left_out == *name)).map(|name| Ident::new(*name));
    match &mut options.opt_except {
        Some(except) => except.additional_elements.extend(more),
        None => {
            let Some(first_element) = more.next() else { return };
            options.opt_except = Some(ExceptSelectItem { first_element, additional_elements: more.collect() });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;
    use crate::statement::parse;

    #[test]
    fn wildcards_leave_out_what_has_to_be_named() {
        let all = "verified, account_name, account_ou_path, account_tags";
        for (sql, expected) in [
            ("SELECT *, verified FROM events", format!("SELECT * EXCEPT ({all}), verified FROM events")),
            (
                "SELECT e.* FROM events AS e WHERE verified IS NULL",
                format!("SELECT e.* EXCEPT ({all}) FROM events AS e WHERE verified IS NULL"),
            ),
            (
                "SELECT * EXCEPT (unmapped, verified) FROM cloudtrail",
                "SELECT * EXCEPT (unmapped, verified, account_name, account_ou_path, account_tags) FROM cloudtrail".to_owned(),
            ),
            (
                "SELECT * EXCLUDE (verified) FROM events",
                "SELECT * EXCLUDE (verified) EXCEPT (account_name, account_ou_path, account_tags) FROM events".to_owned(),
            ),
            (
                "SELECT * FROM (SELECT * FROM events WHERE verified = 'x') AS t",
                format!("SELECT * FROM (SELECT * EXCEPT ({all}) FROM events WHERE verified = 'x') AS t"),
            ),
            ("SELECT * FROM events AS e CROSS JOIN accounts WHERE e.verified IS NULL", String::new()),
            ("SELECT verified FROM events UNION ALL SELECT 'x'", String::new()),
        ] {
            let mut statement = parse(sql).unwrap();
            assert!(offered(&mut statement), "{sql}");
            assert_eq!(statement.to_string(), if expected.is_empty() { sql } else { expected.as_str() });
        }
    }

    #[test]
    fn who_does_not_name_them_is_not_offered_them() {
        for sql in [
            "SELECT * FROM events",
            "SELECT verified FROM audited_events",
            "WITH events AS (SELECT 1 AS verified) SELECT * FROM events",
            "SELECT verified FROM events NATURAL JOIN sources",
            "DESCRIBE events",
        ] {
            let (mut statement, before) = (parse(sql).unwrap(), parse(sql).unwrap());
            assert!(!offered(&mut statement), "{sql}");
            assert_eq!(statement.to_string(), before.to_string());
        }
    }
}
