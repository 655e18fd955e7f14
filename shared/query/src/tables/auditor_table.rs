//! The tables that the auditor writes: `accounts`, `findings`, `outcomes`. Where there is none of it yet, they are empty.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, Int64Array, StringArray};
use arrow_schema::{DataType, Field, SchemaRef};
use async_trait::async_trait;
use datafusion::{
    catalog::Session,
    common::{Column, DFSchema, DataFusionError, Result, ScalarValue, project_schema, pruning::PruningStatistics},
    datasource::TableProvider,
    logical_expr::{Expr, TableProviderFilterPushDown, TableType},
    physical_expr::{PhysicalExpr, conjunction},
    physical_optimizer::pruning::PruningPredicateBuilder,
    physical_plan::{ExecutionPlan, empty::EmptyExec},
};

use super::{
    QueryScope,
    auditor_files::{AuditorFile, findings_files, newest_accounts, outcome_files},
    named_files::{FileReading, NamedFiles},
};

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuditorTableKind {
    /// The organization's accounts and their history.
    Accounts,
    /// Changes of findings.
    Findings,
    /// What came of each source, by delivery day.
    Outcomes,
}

impl AuditorTableKind {
    fn name(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Findings => "findings",
            Self::Outcomes => "outcomes",
        }
    }

    /// How its files are read, all columns of them.
    pub(super) fn reading(self, scope: Arc<QueryScope>) -> FileReading {
        let text = |name: &str| Field::new(name, DataType::Utf8, false);
        match self {
            Self::Accounts => FileReading::new(&trailkeep_archive::accounts_schema(), Vec::new(), scope),
            Self::Findings => FileReading::new(&trailkeep_archive::findings_schema(), vec![text("day")], scope),
            Self::Outcomes => {
                let in_keys = vec![text("day"), Field::new("sequence", DataType::Int64, false), text("kind")];
                FileReading::new(&trailkeep_archive::outcomes_schema(), in_keys, scope)
            }
        }
    }
}

/// A table of the auditor's.
#[derive(Debug)]
pub(crate) struct AuditorTable {
    kind: AuditorTableKind,
    reading: FileReading,
}

impl AuditorTable {
    pub(crate) fn new(kind: AuditorTableKind, scope: Arc<QueryScope>) -> Self {
        Self { kind, reading: kind.reading(scope) }
    }

    fn columns(&self) -> &SchemaRef {
        self.reading.schema.table_schema()
    }

    fn predicate(&self, state: &dyn Session, filters: &[Expr]) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let schema = DFSchema::try_from(Arc::clone(self.columns()))?;
        let known: Vec<_> = filters.iter().filter_map(|filter| state.create_physical_expr(filter.clone(), &schema).ok()).collect();
        Ok((!known.is_empty()).then(|| conjunction(known)))
    }

    async fn files(&self, predicate: Option<&Arc<dyn PhysicalExpr>>) -> Result<Vec<AuditorFile>> {
        let scope = &self.reading.scope;
        let files = match self.kind {
            AuditorTableKind::Accounts => newest_accounts(scope).await.map(|file| file.into_iter().collect()),
            AuditorTableKind::Findings => findings_files(scope).await,
            AuditorTableKind::Outcomes => outcome_files(scope).await.map(|days| days.into_values().collect()),
        };
        let files: Vec<AuditorFile> = files.map_err(|error| DataFusionError::External(Box::new(error)))?;
        scope.io.files_listed(files.len());
        let kept = self.kept(&files, predicate);
        let left: Vec<AuditorFile> = files.into_iter().zip(&kept).filter_map(|(file, kept)| kept.then_some(file)).collect();
        scope.io.files_pruned_by_partition(kept.len() - left.len());
        Ok(left)
    }

    /// Which files can have rows that the predicate is true for, by what their keys say.
    fn kept(&self, files: &[AuditorFile], predicate: Option<&Arc<dyn PhysicalExpr>>) -> Vec<bool> {
        let all = vec![true; files.len()];
        let Some(predicate) = predicate.filter(|_| self.kind != AuditorTableKind::Accounts) else { return all };
        let builder = PruningPredicateBuilder::new().with_file_schema(Arc::clone(self.columns()));
        let Some(pruning) = builder.build(Arc::clone(predicate)) else { return all };
        pruning.prune(&InKeys(files)).unwrap_or(all)
    }
}

#[async_trait]
impl TableProvider for AuditorTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(self.columns())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let predicate = self.predicate(state, filters)?;
        let files = self.files(predicate.as_ref()).await?;
        self.reading.scope.io.files_scanned(files.len());
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(self.columns(), projection)?)));
        }
        let reading = FileReading { projection: projection.cloned(), predicate, ..self.reading.clone() };
        Ok(Arc::new(NamedFiles::new(self.kind.name(), reading, files, state.config().target_partitions())?))
    }
}

/// What the keys of files say of their rows.
#[derive(Debug)]
struct InKeys<'a>(&'a [AuditorFile]);

impl InKeys<'_> {
    fn column(&self, name: &str) -> Option<ArrayRef> {
        let attestations = || self.0.iter().map(|file| file.attestation);
        match name {
            "day" => Some(Arc::new(self.0.iter().map(|file| Some(format!("{:08}", file.day))).collect::<StringArray>())),
            "sequence" => {
                let sequences = attestations().map(|of| of.and_then(|(sequence, _)| i64::try_from(sequence).ok()));
                Some(Arc::new(sequences.collect::<Int64Array>()))
            }
            "kind" => Some(Arc::new(attestations().map(|of| of.map(|(_, kind)| kind)).collect::<StringArray>())),
            _ => None,
        }
    }
}

impl PruningStatistics for InKeys<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.column(&column.name)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.column(&column.name)
    }

    fn num_containers(&self) -> usize {
        self.0.len()
    }

    fn null_counts(&self, _column: &Column) -> Option<ArrayRef> {
        None
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        None
    }

    fn contained(&self, _column: &Column, _values: &std::collections::HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
