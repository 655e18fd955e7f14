//! Why a question could not be answered. Messages are for the person who typed it: they name the object and, where there is
//! one, the near miss.

use datafusion::{
    common::{DataFusionError, SchemaError},
    sql::sqlparser::parser::ParserError,
};
use trailkeep_pipeline::ports::bucket::BucketError;

use crate::suggest::near;

/// Why a question could not be answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// There is no `archive.json` where the archive should be.
    #[error("{address} is no archive: archive.json is not there; `trailkeep ingest --archive {address}` makes one")]
    NoArchive {
        /// Address of the archive.
        address: String,
    },
    /// `archive.json` cannot be read, or a newer release wrote it.
    #[error("cannot read the archive at {address}: {reason}")]
    Archive {
        /// Address of the archive.
        address: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The store failed.
    #[error("the archive's store failed")]
    Store(#[from] BucketError),
    /// The text is no SQL.
    #[error("this is no SQL that trailkeep reads: {reason}{place}")]
    Syntax {
        /// What the parser expected.
        reason: String,
        /// The line and a caret below it; empty where the parser gives no position.
        place: String,
    },
    /// Nothing, or more than one statement.
    #[error("one statement at a time: {count} given")]
    StatementCount {
        /// How many.
        count: usize,
    },
    /// Something that would write.
    #[error("{statement} is not allowed: an archive is read only; SELECT, EXPLAIN, DESCRIBE and SHOW are")]
    ReadOnly {
        /// The statement's first words.
        statement: String,
    },
    /// No table of that name.
    #[error("no table {name:?}{hint}")]
    UnknownTable {
        /// As it was written.
        name: String,
        /// Near names, or all of them.
        hint: String,
    },
    /// No column of that name.
    #[error("no column {name:?}{hint}")]
    UnknownColumn {
        /// As it was written.
        name: String,
        /// Near names.
        hint: String,
    },
    /// More memory than the limit, and it cannot be spilled.
    #[error("the answer needs more than the memory limit: narrow it (eventday, LIMIT, fewer columns) or raise the limit")]
    Memory(#[source] Box<DataFusionError>),
    /// The question makes no sense to the planner, or failed while it ran.
    #[error("{reason}")]
    Failed {
        /// What the engine says.
        reason: String,
    },
    /// The answer could not be written.
    #[error("failed to write the answer")]
    Write(#[from] std::io::Error),
}

impl From<ParserError> for QueryError {
    fn from(error: ParserError) -> Self {
        let reason = match error {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
            ParserError::RecursionLimitExceeded => "it is nested too deeply".to_owned(),
        };
        Self::Syntax { reason, place: String::new() }
    }
}

impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::SQL(parser, _) => Self::from(parser.as_ref().clone()),
            DataFusionError::SchemaError(schema, _) => from_schema_error(schema),
            DataFusionError::ResourcesExhausted(_) => Self::Memory(Box::new(error)),
            root => Self::Failed { reason: plain(&root.strip_backtrace()) },
        }
    }
}

fn from_schema_error(error: &SchemaError) -> QueryError {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let names: Vec<&str> = valid_fields.iter().map(|column| column.name.as_str()).collect();
            QueryError::UnknownColumn { name: field.name.clone(), hint: near(&field.name, names) }
        }
        other => QueryError::Failed { reason: plain(&other.to_string()) },
    }
}

/// The engine's message without the names of its own layers.
fn plain(message: &str) -> String {
    let mut text = message;
    for layer in ["Error during planning: ", "Execution error: ", "Schema error: ", "External error: ", "Optimizer rule "] {
        text = text.strip_prefix(layer).unwrap_or(text);
    }
    text.to_owned()
}

/// Puts the offending line and a caret behind a syntax error that names a position (`at Line: 1, Column: 8`).
pub(crate) fn with_place(error: QueryError, sql: &str) -> QueryError {
    let QueryError::Syntax { reason, .. } = error else { return error };
    let place = position(&reason).and_then(|(line, column)| {
        let text = sql.lines().nth(line.checked_sub(1)?)?;
        let shown: String = text.chars().take(200).collect();
        let caret = " ".repeat(column.saturating_sub(1).min(200));
        Some(format!("\n  {shown}\n  {caret}^"))
    });
    let reason = reason.strip_prefix("sql parser error: ").unwrap_or(&reason).to_owned();
    QueryError::Syntax { reason, place: place.unwrap_or_default() }
}

fn position(message: &str) -> Option<(usize, usize)> {
    let (_, rest) = message.rsplit_once("Line: ")?;
    let (line, rest) = rest.split_once(", Column: ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some((line.parse().ok()?, digits.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_syntax_error_shows_where_it_is() {
        let error =
            QueryError::Syntax { reason: "Expected: an expression, found: FROM at Line: 2, Column: 3".to_owned(), place: String::new() };
        let shown = with_place(error, "SELECT\n  FROM events").to_string();
        assert!(shown.ends_with("\n    FROM events\n    ^"), "{shown}");
    }

    #[test]
    fn the_engines_layers_are_not_named() {
        let error = QueryError::from(DataFusionError::Plan("no such thing".to_owned()));
        assert_eq!(error.to_string(), "no such thing");
    }
}
