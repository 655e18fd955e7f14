//! The SQL that is read: the engine's generic dialect, with lambdas, and a few of Trino's spellings turned into ours, so that queries
//! written for Athena run as they are.

use std::any::TypeId;

use datafusion::sql::sqlparser::{
    ast::{
        AccessExpr, DataType, Expr, Function, FunctionArg, FunctionArgExpr, FunctionArgumentList, FunctionArguments, Ident, ObjectName,
        Statement, Subscript, visit_expressions_mut,
    },
    dialect::{Dialect, GenericDialect},
};
use std::ops::ControlFlow;

use crate::functions::CIDR_CONTAINS;

/// The generic dialect with lambda functions.
#[derive(Debug)]
pub(crate) struct ArchiveDialect;

impl Dialect for ArchiveDialect {
    /// Where the parser asks which dialect it is, it is the generic one.
    fn dialect(&self) -> TypeId {
        TypeId::of::<GenericDialect>()
    }

    fn supports_lambda_functions(&self) -> bool {
        true
    }

    fn is_delimited_identifier_start(&self, ch: char) -> bool {
        GenericDialect.is_delimited_identifier_start(ch)
    }

    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_alphanumeric() || ch == '_' || ch == '$'
    }

    fn supports_unicode_string_literal(&self) -> bool {
        true
    }

    fn supports_group_by_expr(&self) -> bool {
        true
    }

    fn supports_group_by_with_modifier(&self) -> bool {
        true
    }

    fn supports_left_associative_joins_without_parens(&self) -> bool {
        true
    }

    fn supports_window_function_null_treatment_arg(&self) -> bool {
        true
    }

    fn supports_window_clause_named_window_reference(&self) -> bool {
        true
    }

    fn supports_dictionary_syntax(&self) -> bool {
        true
    }

    fn support_map_literal_syntax(&self) -> bool {
        true
    }

    fn supports_select_wildcard_except(&self) -> bool {
        true
    }

    fn supports_select_wildcard_exclude(&self) -> bool {
        true
    }

    fn supports_select_wildcard_replace(&self) -> bool {
        true
    }

    fn supports_filter_during_aggregation(&self) -> bool {
        true
    }

    fn supports_within_after_array_aggregation(&self) -> bool {
        true
    }

    fn allow_extract_custom(&self) -> bool {
        true
    }

    fn allow_extract_single_quotes(&self) -> bool {
        true
    }

    fn supports_parens_around_table_factor(&self) -> bool {
        true
    }

    fn supports_values_as_table_factor(&self) -> bool {
        true
    }

    fn supports_explain_with_utility_options(&self) -> bool {
        true
    }

    fn supports_limit_comma(&self) -> bool {
        true
    }

    fn supports_from_first_select(&self) -> bool {
        true
    }

    fn supports_projection_trailing_commas(&self) -> bool {
        true
    }

    fn supports_struct_literal(&self) -> bool {
        true
    }

    fn supports_nested_comments(&self) -> bool {
        true
    }

    fn supports_string_escape_constant(&self) -> bool {
        true
    }

    fn supports_named_fn_args_with_assignment_operator(&self) -> bool {
        true
    }

    fn supports_interval_options(&self) -> bool {
        true
    }
}

/// Turns Trino's spellings into ours, everywhere in a statement:
/// `user.name` (a keyword elsewhere, a column here), `element_at(x, k)`, `contains('10.0.0.0/8', CAST(ip AS IPADDRESS))`.
pub(crate) fn accept_trino(statement: &mut Statement) {
    let _: ControlFlow<()> = visit_expressions_mut(statement, |expr| {
        let accepted = match expr {
            Expr::Function(call) => column_user(call).or_else(|| element_at(call)).or_else(|| contains_address(call)),
            Expr::CompoundFieldAccess { root, access_chain } => user_field(root, access_chain),
            _ => None,
        };
        if let Some(accepted) = accepted {
            *expr = accepted;
        }
        ControlFlow::Continue(())
    });
}

fn name_of(call: &Function) -> String {
    call.name.to_string().to_lowercase()
}

/// `user` without parentheses is parsed as a function; here it is the column.
fn column_user(call: &Function) -> Option<Expr> {
    let bare = matches!(call.args, FunctionArguments::None);
    (bare && name_of(call) == "user").then(|| Expr::Identifier(Ident::with_quote('"', "user")))
}

fn user_field(root: &Expr, chain: &[AccessExpr]) -> Option<Expr> {
    let Expr::Function(call) = root else { return None };
    column_user(call)?;
    let mut path = vec![Ident::with_quote('"', "user")];
    for access in chain {
        match access {
            AccessExpr::Dot(Expr::Identifier(name)) => path.push(name.clone()),
            _ => return None,
        }
    }
    Some(Expr::CompoundIdentifier(path))
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
    accepted.args = FunctionArguments::List(FunctionArgumentList {
        duplicate_treatment: None,
        args: vec![plain(block), plain(address)],
        clauses: Vec::new(),
    });
    Some(Expr::Function(accepted))
}
