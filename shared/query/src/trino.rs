//! Trino's spellings turned into what the engine reads, so that queries written for Athena run as they are:
//!
//! - `user.name`: a keyword elsewhere, a column here;
//! - `element_at(x, k)`: `x[k]`;
//! - `contains('10.0.0.0/8', CAST(ip AS IPADDRESS))`: `cidr_contains('10.0.0.0/8', ip)`;
//! - `r -> r.type = 'x'`, `resources[1].arn`: fields of what is no column, `r['type']`, `resources[1]['arn']`;
//! - `FROM events, UNNEST(observables) AS t(o)`: a subquery that unnests.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::{
    ast::{
        AccessExpr, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, JoinOperator,
        LambdaFunction, ObjectName, Query, Select, Statement, Subscript, TableAlias, TableFactor, TableWithJoins, Value, VisitMut,
        VisitorMut,
    },
    parser::Parser,
};

use crate::{dialect::ArchiveDialect, functions::CIDR_CONTAINS, naming::name_nested_columns};

/// Turns Trino's spellings into the engine's, everywhere in a statement.
pub(crate) fn accept_trino(statement: &mut Statement) {
    let _: ControlFlow<()> = statement.visit(&mut Trino);
}

struct Trino;

impl VisitorMut for Trino {
    type Break = ();

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let accepted = match expr {
            Expr::Function(call) => column_user(call).or_else(|| element_at(call)).or_else(|| contains_address(call)),
            Expr::CompoundFieldAccess { root, access_chain } => fields_by_name(root, access_chain),
            Expr::Lambda(lambda) => {
                fields_of_parameters(lambda);
                None
            }
            _ => None,
        };
        if let Some(accepted) = accepted {
            *expr = accepted;
        }
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        name_nested_columns(select);
        unnest_in_from(select);
        ControlFlow::Continue(())
    }
}

fn name_of(call: &Function) -> String {
    call.name.to_string().to_lowercase()
}

fn column(name: &str) -> Ident {
    Ident::with_quote('"', name)
}

/// `user` without parentheses is parsed as a function; here it is the column.
fn column_user(call: &Function) -> Option<Expr> {
    let bare = matches!(call.args, FunctionArguments::None);
    (bare && name_of(call) == "user").then(|| Expr::Identifier(column("user")))
}

/// `user.a.b` is a path of names; in any other chain a name after a dot is a field.
fn fields_by_name(root: &Expr, chain: &[AccessExpr]) -> Option<Expr> {
    let names: Option<Vec<Ident>> = chain
        .iter()
        .map(|access| match access {
            AccessExpr::Dot(Expr::Identifier(name)) => Some(name.clone()),
            _ => None,
        })
        .collect();
    match (root, names) {
        (Expr::Identifier(root), Some(names)) => Some(Expr::CompoundIdentifier([vec![root.clone()], names].concat())),
        (root, _) if chain.iter().any(|access| matches!(access, AccessExpr::Dot(_))) => {
            Some(Expr::CompoundFieldAccess { root: Box::new(root.clone()), access_chain: chain.iter().map(by_subscript).collect() })
        }
        _ => None,
    }
}

fn by_subscript(access: &AccessExpr) -> AccessExpr {
    match access {
        AccessExpr::Dot(Expr::Identifier(name)) => field(name),
        other => other.clone(),
    }
}

/// `['name']`; names without quotes are lower case, as columns are.
fn field(name: &Ident) -> AccessExpr {
    let text = if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() };
    AccessExpr::Subscript(Subscript::Index { index: Expr::Value(Value::SingleQuotedString(text).into()) })
}

/// In a lambda, `r.type` is a field of its parameter, not a column of a table.
fn fields_of_parameters(lambda: &mut LambdaFunction) {
    let parameters: Vec<String> = lambda.params.iter().map(|parameter| parameter.name.value.to_lowercase()).collect();
    let _: ControlFlow<()> = datafusion::sql::sqlparser::ast::visit_expressions_mut(&mut lambda.body, |expr| {
        if let Expr::CompoundIdentifier(path) = expr
            && let [root, rest @ ..] = path.as_slice()
            && parameters.contains(&root.value.to_lowercase())
        {
            let access_chain = rest.iter().map(field).collect();
            *expr = Expr::CompoundFieldAccess { root: Box::new(Expr::Identifier(root.clone())), access_chain };
        }
        ControlFlow::Continue(())
    });
}

/// The plain arguments of a call.
fn arguments(call: &Function) -> Option<Vec<&Expr>> {
    let FunctionArguments::List(FunctionArgumentList { args, .. }) = &call.args else { return None };
    args.iter()
        .map(|arg| match arg {
            FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
            _ => None,
        })
        .collect()
}

fn element_at(call: &Function) -> Option<Expr> {
    let args = arguments(call).filter(|_| name_of(call) == "element_at")?;
    let [base, index] = args.as_slice() else { return None };
    let index = AccessExpr::Subscript(Subscript::Index { index: (*index).clone() });
    Some(Expr::CompoundFieldAccess { root: Box::new((*base).clone()), access_chain: vec![index] })
}

fn contains_address(call: &Function) -> Option<Expr> {
    let args = arguments(call).filter(|_| name_of(call) == "contains")?;
    let [block, Expr::Cast { expr: address, data_type: DataType::Custom(cast, _), .. }] = args.as_slice() else { return None };
    if !cast.to_string().eq_ignore_ascii_case("ipaddress") {
        return None;
    }
    let plain = |expr: &Expr| FunctionArg::Unnamed(FunctionArgExpr::Expr(expr.clone()));
    let mut accepted = call.clone();
    accepted.name = ObjectName::from(vec![Ident::new(CIDR_CONTAINS)]);
    let args = vec![plain(block), plain(address)];
    accepted.args = FunctionArguments::List(FunctionArgumentList { duplicate_treatment: None, args, clauses: Vec::new() });
    Some(Expr::Function(accepted))
}

/// `FROM a, UNNEST(x) AS t(o)` and `FROM a CROSS JOIN UNNEST(x) AS t(o)`: a subquery in `a`'s place that has `o` behind `a`'s columns.
fn unnest_in_from(select: &mut Select) {
    let mut from: Vec<TableWithJoins> = Vec::new();
    for mut table in std::mem::take(&mut select.from) {
        while let Some(join) = table.joins.first()
            && matches!(join.join_operator, JoinOperator::CrossJoin(_))
            && let Some(unnested) = unnested(&table.relation, &join.relation)
        {
            table.relation = unnested;
            table.joins.remove(0);
        }
        match from.last_mut().filter(|before| before.joins.is_empty()).and_then(|before| {
            let unnested = unnested(&before.relation, &table.relation)?;
            Some((before, unnested))
        }) {
            Some((before, unnested)) => *before = TableWithJoins { relation: unnested, joins: table.joins },
            None => from.push(table),
        }
    }
    select.from = from;
}

fn unnested(base: &TableFactor, unnest: &TableFactor) -> Option<TableFactor> {
    let TableFactor::UNNEST { alias, array_exprs, with_offset: false, with_ordinality: false, .. } = unnest else { return None };
    let ([array], Some(alias)) = (array_exprs.as_slice(), alias) else { return None };
    let element = match alias.columns.as_slice() {
        [] => &alias.name,
        [only] => &only.name,
        _ => return None,
    };
    let name = match base {
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => alias.name.clone(),
        TableFactor::Table { name, .. } => name.0.last()?.as_ident()?.clone(),
        _ => return None,
    };
    let subquery = query(&format!("SELECT *, unnest({array}) AS {element} FROM {base} WHERE {array} IS NOT NULL"))?;
    let alias = TableAlias { explicit: true, name, columns: Vec::new(), at: None };
    Some(TableFactor::Derived { lateral: false, subquery: Box::new(subquery), alias: Some(alias), sample: None })
}

fn query(sql: &str) -> Option<Query> {
    let parsed = Parser::new(&ArchiveDialect).try_with_sql(sql).and_then(|mut parser| parser.parse_query());
    parsed.ok().map(|query| *query)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]
    use super::*;

    fn accepted(sql: &str) -> String {
        let mut statement = Parser::parse_sql(&ArchiveDialect, sql).unwrap().remove(0);
        accept_trino(&mut statement);
        statement.to_string()
    }

    #[test]
    fn a_column_may_be_named_user() {
        assert_eq!(accepted("SELECT user.name, user FROM events"), "SELECT \"user\".name AS \"name\", \"user\" FROM events");
    }

    #[test]
    fn fields_of_elements_and_parameters_are_subscripts() {
        assert_eq!(accepted("SELECT element_at(unmapped, 'a') FROM events"), "SELECT unmapped['a'] FROM events");
        assert_eq!(accepted("SELECT resources[1].ARN, a.b FROM c"), "SELECT resources[1]['arn'], a.b AS \"b\" FROM c");
        assert_eq!(
            accepted("SELECT any_match(a, r -> r.owner.uid = b.c) FROM e"),
            "SELECT any_match(a, r -> r['owner']['uid'] = b.c) FROM e"
        );
    }

    #[test]
    fn addresses_are_found_in_blocks() {
        let sql = "SELECT 1 FROM events WHERE NOT contains('10.0.0.0/8', CAST(src_endpoint.ip AS IPADDRESS)) AND contains(a, 'b')";
        assert_eq!(accepted(sql), "SELECT 1 FROM events WHERE NOT cidr_contains('10.0.0.0/8', src_endpoint.ip) AND contains(a, 'b')");
    }

    #[test]
    fn what_is_unnested_beside_a_table_is_unnested_in_a_subquery() {
        let expected = "SELECT o.value AS \"value\" FROM (SELECT *, unnest(observables) AS o FROM events WHERE observables IS NOT NULL) AS events WHERE o.name = 'x'";
        assert_eq!(accepted("SELECT o.value FROM events, UNNEST(observables) AS t(o) WHERE o.name = 'x'"), expected);
        assert_eq!(accepted("SELECT o.value FROM events CROSS JOIN UNNEST(observables) AS o WHERE o.name = 'x'"), expected);
        let alone = "SELECT * FROM UNNEST(ARRAY[1, 2])";
        assert_eq!(accepted(alone), alone);
    }
}
