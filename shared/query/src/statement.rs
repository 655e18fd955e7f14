//! From text to the one statement it holds, which must only read.

use datafusion::{
    logical_expr::LogicalPlan,
    sql::{
        parser::{DFParserBuilder, Statement},
        sqlparser::ast::Statement as SqlStatement,
    },
};

use crate::{
    dialect::ArchiveDialect,
    error::{QueryError, with_place},
    trino::accept_trino,
};

/// Deepest nesting of an expression.
const MAX_NESTING: usize = 128;
/// Longest text in bytes.
const MAX_BYTES: usize = 1024 * 1024;

/// Reads one statement. A trailing semicolon is fine.
///
/// # Errors
/// `Syntax`, `StatementCount`, `ReadOnly`.
pub(crate) fn parse(sql: &str) -> Result<Statement, QueryError> {
    if sql.len() > MAX_BYTES {
        return Err(QueryError::Syntax { reason: format!("it is longer than {MAX_BYTES} bytes"), place: String::new() });
    }
    let parsed = DFParserBuilder::new(sql)
        .with_dialect(&ArchiveDialect)
        .with_recursion_limit(MAX_NESTING)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| with_place(error.into(), sql))?;
    let count = parsed.len();
    let (Some(mut statement), 1) = (parsed.into_iter().next(), count) else { return Err(QueryError::StatementCount { count }) };
    accept(&mut statement)?;
    Ok(statement)
}

/// Refuses what is no question, and accepts Trino's spellings in what is one.
fn accept(statement: &mut Statement) -> Result<(), QueryError> {
    match statement {
        Statement::Statement(sql) => {
            if !only_reads(sql) {
                return Err(read_only(&sql.to_string()));
            }
            accept_trino(sql);
            Ok(())
        }
        Statement::Explain(explain) => accept(&mut explain.statement),
        other => Err(read_only(&other.to_string())),
    }
}

fn only_reads(statement: &SqlStatement) -> bool {
    match statement {
        SqlStatement::Explain { statement, .. } => only_reads(statement),
        SqlStatement::Query(_)
        | SqlStatement::ExplainTable { .. }
        | SqlStatement::ShowTables { .. }
        | SqlStatement::ShowColumns { .. }
        | SqlStatement::ShowFunctions { .. }
        | SqlStatement::ShowVariable { .. } => true,
        _ => false,
    }
}

fn read_only(statement: &str) -> QueryError {
    let words: Vec<&str> = statement.split_whitespace().take(2).collect();
    QueryError::ReadOnly { statement: words.join(" ").to_uppercase() }
}

/// Whether the statement asks about tables rather than their rows.
pub(crate) fn asks_about_tables(statement: &Statement) -> bool {
    match statement {
        Statement::Statement(sql) => !matches!(**sql, SqlStatement::Query(_)),
        Statement::Explain(explain) => asks_about_tables(&explain.statement),
        _ => true,
    }
}

/// A second look, at what was planned.
///
/// # Errors
/// `ReadOnly`.
pub(crate) fn verify(plan: &LogicalPlan) -> Result<(), QueryError> {
    let options =
        datafusion::execution::context::SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    options.verify_plan(plan).map_err(|_| read_only(&plan.display().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_writes_is_refused_by_name() {
        for sql in [
            "DROP TABLE events",
            "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
            "CREATE TABLE x AS SELECT 1",
            "COPY events TO '/tmp/x.csv'",
            "INSERT INTO events VALUES (1)",
            "SET datafusion.execution.batch_size = 1",
            "EXPLAIN COPY events TO 'x'",
            "RESET datafusion.execution.batch_size",
        ] {
            assert!(matches!(parse(sql), Err(QueryError::ReadOnly { .. })), "{sql}");
        }
    }

    #[test]
    fn questions_are_accepted() {
        for sql in [
            "SELECT 1;",
            "EXPLAIN SELECT 1",
            "DESCRIBE events",
            "SHOW TABLES",
            "SHOW COLUMNS FROM events",
            "WITH a AS (SELECT 1) SELECT * FROM a",
        ] {
            assert!(parse(sql).is_ok(), "{sql}: {:?}", parse(sql));
        }
    }

    #[test]
    fn one_statement_at_a_time() {
        assert!(matches!(parse(""), Err(QueryError::StatementCount { count: 0 })));
        assert!(matches!(parse("SELECT 1; SELECT 2"), Err(QueryError::StatementCount { count: 2 })));
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let sql = format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000));
        assert!(matches!(parse(&sql), Err(QueryError::Syntax { .. })));
    }
}
