//! From text to the one statement it holds, which must only read.

use std::ops::ControlFlow;

use datafusion::{
    logical_expr::LogicalPlan,
    sql::{
        parser::{DFParserBuilder, Statement},
        sqlparser::{
            ast::{Statement as SqlStatement, TableFactor, Visit as _, Visitor},
            keywords::Keyword,
            tokenizer::{Token, Tokenizer},
        },
    },
};

use crate::{
    dialect::ArchiveDialect,
    error::{QueryError, with_place},
    trino::accept_trino,
};

/// Deepest nesting of an expression.
const MAX_NESTING: usize = 128;
/// Most operators and words that join, such as `OR`, `+` and `UNION`. A chain of them is planned and run recursively, so that whoever asks needs
/// a stack for it: 64 MiB are enough. Lists (`IN`, columns, rows of `VALUES`) are not counted and may be as long as the text.
const MAX_OPERATORS: usize = 4_000;
/// Most set operations: each has a plan of its own.
const MAX_SET_OPERATIONS: usize = 500;
/// Most tables, subqueries and their likes in `FROM` together, which are joined in a chain.
const MAX_TABLES: usize = 500;
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
    check_chains(sql)?;
    let parsed = DFParserBuilder::new(sql)
        .with_dialect(&ArchiveDialect)
        .with_recursion_limit(MAX_NESTING)
        .build()
        .and_then(|mut parser| parser.parse_statements())
        .map_err(|error| with_place(error.into(), sql))?;
    let count = parsed.len();
    let (Some(mut statement), 1) = (parsed.into_iter().next(), count) else { return Err(QueryError::StatementCount { count }) };
    accept(&mut statement)?;
    check_tables(&statement)?;
    Ok(statement)
}

/// Refuses more operators than a statement may have: before it is parsed, since even to drop a long chain recurses.
fn check_chains(sql: &str) -> Result<(), QueryError> {
    // What is no SQL is told by the parser, with its place.
    let Ok(tokens) = Tokenizer::new(&ArchiveDialect, sql).tokenize() else { return Ok(()) };
    let joins = |token: &&Token| is_operator(token);
    let sets = tokens.iter().filter(|token| matches!(token, Token::Word(word) if SET_OPERATIONS.contains(&word.keyword))).count();
    for (count, most, what) in
        [(sets, MAX_SET_OPERATIONS, "set operations"), (tokens.iter().filter(joins).count(), MAX_OPERATORS, "operators")]
    {
        if count > most {
            let reason = format!("it has {count} {what}, and {most} are the most: shorten it (x IN (…) instead of x = … OR x = …)");
            return Err(QueryError::Syntax { reason, place: String::new() });
        }
    }
    Ok(())
}

/// Refuses more tables than a statement may join.
fn check_tables(statement: &Statement) -> Result<(), QueryError> {
    match statement {
        Statement::Statement(sql) if sql.visit(&mut Tables(0)).is_break() => {
            let reason = format!("FROM names more than {MAX_TABLES} tables, which are the most");
            Err(QueryError::Syntax { reason, place: String::new() })
        }
        Statement::Explain(explain) => check_tables(&explain.statement),
        _ => Ok(()),
    }
}

/// Counts tables.
struct Tables(usize);

impl Visitor for Tables {
    type Break = ();

    fn pre_visit_table_factor(&mut self, _: &TableFactor) -> ControlFlow<()> {
        self.0 += 1;
        if self.0 > MAX_TABLES { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Words between questions whose rows are taken together.
const SET_OPERATIONS: [Keyword; 4] = [Keyword::UNION, Keyword::EXCEPT, Keyword::INTERSECT, Keyword::MINUS];

/// Words that may make a chain longer.
const JOINING: [Keyword; 20] = [
    Keyword::AND,
    Keyword::OR,
    Keyword::XOR,
    Keyword::NOT,
    Keyword::BETWEEN,
    Keyword::LIKE,
    Keyword::ILIKE,
    Keyword::RLIKE,
    Keyword::REGEXP,
    Keyword::SIMILAR,
    Keyword::IN,
    Keyword::IS,
    Keyword::NOTNULL,
    Keyword::DIV,
    Keyword::COLLATE,
    Keyword::AT,
    Keyword::JOIN,
    Keyword::APPLY,
    Keyword::FROM,
    Keyword::PIVOT,
];

/// Whether a token may make a chain longer.
fn is_operator(token: &Token) -> bool {
    match token {
        Token::Word(word) => word.quote_style.is_none() && JOINING.contains(&word.keyword),
        Token::EOF
        | Token::Whitespace(_)
        | Token::Comma
        | Token::SemiColon
        | Token::LParen
        | Token::RParen
        | Token::RBracket
        | Token::Number(..)
        | Token::SingleQuotedString(_) => false,
        _ => true,
    }
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
    #![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

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
    fn long_chains_are_an_error_and_long_lists_are_none() {
        let chain = |link: &str, times: usize| format!("SELECT 1{}", link.repeat(times));
        for sql in [
            chain("+1", 20_000),
            chain(" OR 1", 8_000),
            chain(" UNION ALL SELECT 1", 3_000),
            chain("::int", 300_000 / 5),
            chain(" IS NULL", 8_000),
            chain(" AT TIME ZONE 'UTC'", 8_000),
            chain("[1]", 8_000),
        ] {
            let error = parse(&sql).unwrap_err().to_string();
            assert!(error.contains("are the most"), "{error}");
        }
        let accepted = [chain("+1", 3_999), chain(", 1", 20_000), format!("SELECT x IN (1{})", ", 'a'".repeat(20_000))];
        let room = std::thread::Builder::new().stack_size(64 << 20);
        let parsing = room.spawn(move || accepted.iter().all(|sql| parse(sql).is_ok())).unwrap();
        assert!(parsing.join().unwrap());
        let tables = format!("SELECT 1 FROM events{}", ", events".repeat(500));
        assert!(parse(&tables).unwrap_err().to_string().contains("are the most"));
    }

    #[test]
    fn deep_nesting_is_an_error() {
        let sql = format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000));
        assert!(matches!(parse(&sql), Err(QueryError::Syntax { .. })));
    }
}
