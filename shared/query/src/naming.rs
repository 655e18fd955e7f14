//! Names of columns: what `SELECT api.operation` is called, and which columns a statement can mean.

use std::{collections::HashSet, ops::ControlFlow};

use datafusion::sql::{
    parser::Statement,
    sqlparser::ast::{Expr, Ident, Query, Select, SelectItem, SetExpr, Statement as SqlStatement, TableFactor, Visit, Visitor},
};

/// The columns of a view that a statement can mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mentioned {
    /// All of them.
    All,
    /// Those with one of these names, in lower case.
    Words(HashSet<String>),
}

impl Mentioned {
    /// Every word of the statement is taken for a name, so that no name is missed.
    pub(crate) fn by(statement: &Statement) -> Self {
        let words = words(statement);
        if words.contains("natural") || has_wildcard(statement) { Self::All } else { Self::Words(words) }
    }

    /// Leaves out the columns that are not meant; one is always left.
    pub(crate) fn narrow(&self, view: &mut Statement) {
        let (Self::Words(words), Statement::Statement(sql)) = (self, view) else { return };
        let SqlStatement::Query(query) = sql.as_mut() else { return };
        let SetExpr::Select(select) = query.body.as_mut() else { return };
        let last = select.projection.last().cloned();
        select.projection.retain(|item| output_name(item).is_none_or(|name| words.contains(&name.value)));
        if select.projection.is_empty() {
            select.projection.extend(last);
        }
    }
}

/// Every word of a statement, in lower case, whether or not it is a name.
pub(crate) fn words(statement: &Statement) -> HashSet<String> {
    let text = statement.to_string().to_lowercase();
    text.split(|c: char| !(c.is_alphanumeric() || c == '_')).map(str::to_owned).collect()
}

fn has_wildcard(statement: &Statement) -> bool {
    match statement {
        Statement::Statement(sql) => sql.visit(&mut Wildcards).is_break(),
        Statement::Explain(explain) => has_wildcard(&explain.statement),
        _ => true,
    }
}

struct Wildcards;

impl Visitor for Wildcards {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let wild = |select: &Select| {
            select.projection.is_empty()
                || select.projection.iter().any(|item| matches!(item, SelectItem::Wildcard(_) | SelectItem::QualifiedWildcard(..)))
        };
        match query.body.as_ref() {
            SetExpr::Select(select) if !wild(select) => ControlFlow::Continue(()),
            SetExpr::Select(_) => ControlFlow::Break(()),
            body if selects(body).iter().any(|select| wild(select)) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// The selects of a union; what is nested deeper is visited by itself.
fn selects(body: &SetExpr) -> Vec<&Select> {
    match body {
        SetExpr::Select(select) => vec![select],
        SetExpr::SetOperation { left, right, .. } => [selects(left), selects(right)].concat(),
        _ => Vec::new(),
    }
}

fn output_name(item: &SelectItem) -> Option<&Ident> {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => Some(alias),
        SelectItem::UnnamedExpr(Expr::Identifier(name)) => Some(name),
        SelectItem::UnnamedExpr(Expr::CompoundIdentifier(path)) => path.last(),
        _ => None,
    }
}

/// `SELECT api.operation` is called `operation`, as in Trino; where that name is taken, `api.operation`.
pub(crate) fn name_nested_columns(select: &mut Select) {
    let relations: Vec<String> = select
        .from
        .iter()
        .flat_map(|table| std::iter::once(&table.relation).chain(table.joins.iter().map(|j| &j.relation)))
        .filter_map(relation_name)
        .collect();
    let names: Vec<String> = select.projection.iter().filter_map(output_name).map(|name| name.value.to_lowercase()).collect();
    for item in &mut select.projection {
        let SelectItem::UnnamedExpr(Expr::CompoundIdentifier(path)) = item else { continue };
        let qualified = path.first().is_some_and(|first| relations.contains(&first.value.to_lowercase()));
        let below = path.get(usize::from(qualified)..).unwrap_or_default();
        let [_, .., last] = below else { continue };
        let short = last.value.to_lowercase();
        let taken = names.iter().filter(|name| **name == short).count() > 1;
        let dotted = || below.iter().map(|part| part.value.to_lowercase()).collect::<Vec<_>>().join(".");
        let alias = Ident::with_quote('"', if taken { dotted() } else { short });
        *item = SelectItem::ExprWithAlias { expr: Expr::CompoundIdentifier(path.clone()), alias };
    }
}

fn relation_name(relation: &TableFactor) -> Option<String> {
    match relation {
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
            Some(alias.name.value.to_lowercase())
        }
        TableFactor::Table { name, .. } => Some(name.0.last()?.as_ident()?.value.to_lowercase()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;
    use crate::statement::parse;

    #[test]
    fn only_what_is_mentioned_is_left_of_a_view() {
        let view = || parse("SELECT a AS x, b AS y, eventday FROM events").unwrap();
        let narrowed = |sql: &str| {
            let mut view = view();
            Mentioned::by(&parse(sql).unwrap()).narrow(&mut view);
            view.to_string()
        };
        assert_eq!(narrowed("SELECT X FROM v"), "SELECT a AS x FROM events");
        assert_eq!(narrowed("SELECT count(*) FROM v"), "SELECT eventday FROM events");
        for all in
            ["SELECT * FROM v", "SELECT x FROM (SELECT * FROM v)", "SELECT x FROM v UNION SELECT * FROM v", "EXPLAIN SELECT v.* FROM v"]
        {
            assert_eq!(narrowed(all), view().to_string(), "{all}");
        }
    }

    #[test]
    fn nested_columns_are_called_by_their_last_name_where_it_is_free() {
        let named = |sql: &str| parse(sql).unwrap().to_string();
        assert_eq!(named("SELECT api.operation FROM events"), "SELECT api.operation AS \"operation\" FROM events");
        assert_eq!(named("SELECT e.time, e.api.operation FROM events e"), "SELECT e.time, e.api.operation AS \"operation\" FROM events e");
        let twice = "SELECT a.uid AS \"a.uid\", b.c.uid AS \"b.c.uid\" FROM events";
        assert_eq!(named("SELECT a.uid, b.c.uid FROM events"), twice);
    }
}
