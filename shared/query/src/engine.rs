//! The engine: opens an archive, answers questions about it.

use std::{path::PathBuf, sync::Arc};

use arrow_schema::SchemaRef;
use datafusion::{
    execution::{SendableRecordBatchStream, session_state::SessionState},
    logical_expr::LogicalPlan,
    physical_plan::{ExecutionPlan, execute_stream},
    sql::parser::Statement,
};
use trailkeep_archive::{ArchiveDescriptor, layout::ARCHIVE_JSON};
use trailkeep_pipeline::ports::bucket::AuditBucket;

use crate::{
    audited, catalog,
    error::QueryError,
    io::{ArchiveSource, Footers, IoStats},
    naming::Mentioned,
    plan_io, session, statement,
    tables::QueryScope,
};

/// Largest `archive.json` that is read, in bytes.
const MAX_DESCRIPTOR_BYTES: u64 = 64 * 1024;

/// What bounds the engine.
#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// Memory for sorting, grouping, joining and remembering, in bytes; beyond it they spill to disk, or the question fails.
    pub memory_limit_bytes: usize,
    /// Threads that scan and compute.
    pub threads: usize,
    /// Directory for what is spilled; `None` = the system's temporary directory.
    pub spill_dir: Option<PathBuf>,
}

impl Default for EngineConfig {
    /// 1 GiB, a thread per core.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { memory_limit_bytes: 1024 * 1024 * 1024, threads, spill_dir: None }
    }
}

/// Answers questions about one archive. What was learned of its files is kept for the next question.
#[derive(Debug)]
pub struct Engine {
    source: ArchiveSource,
    footers: Arc<Footers>,
    session: SessionState,
}

impl Engine {
    /// Opens an archive: reads its `archive.json`, nothing else.
    ///
    /// # Errors
    /// [`QueryError::NoArchive`], [`QueryError::Archive`] for one that a newer release wrote, [`QueryError::Store`].
    pub async fn open(bucket: Arc<dyn AuditBucket>, config: EngineConfig) -> Result<Self, QueryError> {
        let address = bucket.address();
        let Some(descriptor) = bucket.get(ARCHIVE_JSON, MAX_DESCRIPTOR_BYTES).await? else {
            return Err(QueryError::NoArchive { address });
        };
        ArchiveDescriptor::parse(&descriptor).map_err(|error| QueryError::Archive { address, reason: error.to_string() })?;
        let runtime = session::runtime(&config)?;
        Ok(Self { source: ArchiveSource::new(bucket), footers: Arc::default(), session: session::session(&config, runtime) })
    }

    /// Plans a question and starts it. Rows come as they are found.
    ///
    /// # Errors
    /// [`QueryError`]; what goes wrong later comes through the stream.
    pub async fn query(&self, sql: &str) -> Result<QueryResult, QueryError> {
        let mut statement = statement::parse(sql)?;
        let offered = audited::offered(&mut statement);
        let scope = Arc::new(QueryScope::new(self.source.clone(), Arc::clone(&self.footers)));
        let mentioned = if statement::asks_about_tables(&statement) { Mentioned::All } else { Mentioned::by(&statement) };
        let planned = self.plan(statement.clone(), &mentioned, offered, &scope).await;
        let (session, plan) = match planned {
            // With all columns at hand the near names are found.
            Err(QueryError::UnknownColumn { .. } | QueryError::Failed { .. }) if mentioned != Mentioned::All => {
                self.plan(statement, &Mentioned::All, true, &scope).await?
            }
            planned => planned?,
        };
        let plan = session.create_physical_plan(&plan).await?;
        let batches = execute_stream(Arc::clone(&plan), session.task_ctx())?;
        Ok(QueryResult { schema: batches.schema(), batches, plan, scope })
    }

    async fn plan(
        &self,
        statement: Statement,
        mentioned: &Mentioned,
        offered: bool,
        scope: &Arc<QueryScope>,
    ) -> Result<(SessionState, LogicalPlan), QueryError> {
        let session = catalog::with_tables(&self.session, &statement, mentioned, offered, scope).await?;
        let plan = session.statement_to_plan(statement).await?;
        statement::verify(&plan)?;
        Ok((session, plan))
    }

    /// Names of the tables and views, with a line on each.
    pub fn tables() -> &'static [(&'static str, &'static str)] {
        catalog::TABLES
    }
}

/// The answer to one question.
pub struct QueryResult {
    /// Its columns.
    pub schema: SchemaRef,
    /// Its rows.
    pub batches: SendableRecordBatchStream,
    plan: Arc<dyn ExecutionPlan>,
    scope: Arc<QueryScope>,
}

impl QueryResult {
    /// What the question cost so far; the whole cost once the rows are read.
    pub fn io(&self) -> IoStats {
        plan_io::with_scans(self.scope.io.so_far(), self.plan.as_ref())
    }

    /// Takes the rows, and leaves what tells the cost.
    pub fn into_parts(self) -> (SendableRecordBatchStream, QueryCost) {
        (self.batches, QueryCost { plan: self.plan, scope: self.scope })
    }
}

impl std::fmt::Debug for QueryResult {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("QueryResult").field("schema", &self.schema).finish_non_exhaustive()
    }
}

/// Tells what a question cost while and after its rows are read.
#[derive(Debug)]
pub struct QueryCost {
    plan: Arc<dyn ExecutionPlan>,
    scope: Arc<QueryScope>,
}

impl QueryCost {
    /// What the question cost so far.
    pub fn io(&self) -> IoStats {
        plan_io::with_scans(self.scope.io.so_far(), self.plan.as_ref())
    }
}
