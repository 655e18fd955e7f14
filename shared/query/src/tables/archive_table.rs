//! A table of the archive: lists what a question can touch, leaves out what it can, and hands the rest to the Parquet scan.

use std::sync::Arc;

use arrow_schema::{DataType, Field, SchemaRef};
use async_trait::async_trait;
use datafusion::{
    catalog::Session,
    common::{ColumnStatistics, DFSchema, DataFusionError, Result, ScalarValue, Statistics, project_schema, stats::Precision},
    datasource::{
        TableProvider,
        listing::PartitionedFile,
        object_store::ObjectStoreUrl,
        physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource},
        source::DataSourceExec,
        table_schema::TableSchema,
    },
    logical_expr::{Expr, TableProviderFilterPushDown, TableType},
    physical_expr::{PhysicalExpr, conjunction},
    physical_optimizer::pruning::{PruningPredicate, PruningPredicateBuilder},
    physical_plan::{ExecutionPlan, empty::EmptyExec},
};
use trailkeep_archive::Partition;
use trailkeep_ocsf::events_schema;

use super::{
    QueryScope,
    day_statistics::{Bounds, DayStatistics},
    days::EventDays,
    distinct::DistinctRecords,
    event_ids::prune_by_event_ids,
    implied::{event_uids, implied},
    listing::{TableFile, events_files, quarantine_files, sources_files},
};

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TableKind {
    /// AuditEvents as they were landed.
    Events,
    /// AuditEvents, every Record once however often it was delivered.
    EventsOnce,
    /// One row per LogObject and Digest.
    Sources,
    /// One row per LogObject or Record that could not be read.
    Quarantine,
}

/// A table of the archive.
#[derive(Debug)]
pub(crate) struct ArchiveTable {
    kind: TableKind,
    schema: TableSchema,
    scope: Arc<QueryScope>,
}

impl ArchiveTable {
    /// `events`, or every Record of it once.
    pub(crate) fn events(kind: TableKind, scope: Arc<QueryScope>) -> Self {
        Self::new(kind, &events_schema(), &["category", "eventday"], scope)
    }

    /// `sources` or `quarantine`, whose columns the caller knows.
    pub(crate) fn daily(kind: TableKind, columns: &SchemaRef, scope: Arc<QueryScope>) -> Self {
        Self::new(kind, columns, &["day"], scope)
    }

    fn new(kind: TableKind, columns: &SchemaRef, partitions: &[&str], scope: Arc<QueryScope>) -> Self {
        let partitions: Vec<_> = partitions.iter().map(|name| Arc::new(Field::new(*name, DataType::Utf8, false))).collect();
        let schema = TableSchema::builder(Arc::clone(columns)).with_table_partition_cols(partitions).build();
        Self { kind, schema, scope }
    }

    fn columns(&self) -> &SchemaRef {
        self.schema.table_schema()
    }

    /// One predicate out of those filters that the scan's own expressions can say.
    fn predicate(&self, state: &dyn Session, filters: &[Expr]) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let schema = DFSchema::try_from(Arc::clone(self.columns()))?;
        let known: Vec<_> = filters.iter().filter_map(|filter| state.create_physical_expr(filter.clone(), &schema).ok()).collect();
        Ok((!known.is_empty()).then(|| conjunction(known)))
    }

    async fn files(&self, pruning: Option<&PruningPredicate>, filters: &[Expr]) -> Result<Vec<TableFile>> {
        let scope = &self.scope;
        let store = |error| DataFusionError::External(Box::new(error));
        match self.kind {
            TableKind::Sources => return sources_files(scope).await.map_err(store),
            TableKind::Quarantine => return quarantine_files(scope).await.map_err(store),
            TableKind::Events | TableKind::EventsOnce => {}
        }
        let listed = events_files(scope, &EventDays::left_by(pruning)).await.map_err(store)?;
        let files = prune_by_partition(listed, pruning, scope);
        match event_uids(filters) {
            Some(event_uids) => Ok(prune_by_event_ids(scope, event_uids, files).await),
            None => Ok(files),
        }
    }

    fn partitioned(&self, file: &TableFile) -> PartitionedFile {
        let text = |text: String| ScalarValue::Utf8(Some(text));
        let values = match file.partition {
            Some(partition) => vec![text(partition.category.to_string()), text(format!("{:08}", partition.eventday))],
            None => vec![text(file.batch.day())],
        };
        let partitioned = PartitionedFile::new(&file.key, file.size_bytes).with_partition_values(values);
        match file.partition {
            Some(partition) => partitioned.with_statistics(Arc::new(self.day_bounds(partition))),
            None => partitioned,
        }
    }

    /// What the day says of the times in a file, so that the newest files come first and old ones are left out as soon as a
    /// `LIMIT` has what it needs.
    fn day_bounds(&self, partition: Partition) -> Statistics {
        let bounds = Bounds::of_day(partition.eventday, None);
        let mut statistics = Statistics::new_unknown(self.schema.file_schema());
        for (field, column) in self.schema.file_schema().fields().iter().zip(&mut statistics.column_statistics) {
            let value = |ms: i64, within: i64| match field.name().as_str() {
                "time" => Some(ScalarValue::Int64(Some(ms))),
                "time_dt" | "event_time" => Some(ScalarValue::TimestampMicrosecond(Some(ms * 1_000 + within), None)),
                _ => None,
            };
            if let (Some(min), Some(max)) = (bounds.first_ms.and_then(|ms| value(ms, 0)), bounds.last_ms.and_then(|ms| value(ms, 999))) {
                *column = ColumnStatistics {
                    min_value: Precision::Inexact(min),
                    max_value: Precision::Inexact(max),
                    ..ColumnStatistics::new_unknown()
                };
            }
        }
        statistics
    }

    fn parquet(&self, predicate: Option<Arc<dyn PhysicalExpr>>, state: &dyn Session) -> ParquetSource {
        let source = ParquetSource::new(self.schema.clone())
            .with_table_parquet_options(state.table_options().parquet.clone())
            .with_parquet_file_reader_factory(Arc::new(self.scope.readers(self.schema.file_schema())));
        match predicate {
            Some(predicate) => source.with_predicate(predicate),
            None => source,
        }
    }
}

fn prune_by_partition(files: Vec<TableFile>, pruning: Option<&PruningPredicate>, scope: &QueryScope) -> Vec<TableFile> {
    let Some(pruning) = pruning else { return files };
    let bounds: Vec<Bounds> = files
        .iter()
        .map(|file| file.partition.map_or_else(Bounds::default, |at| Bounds::of_day(at.eventday, Some(at.category.as_str()))))
        .collect();
    let kept = DayStatistics(&bounds).kept(pruning);
    let left: Vec<TableFile> = files.into_iter().zip(&kept).filter_map(|(file, kept)| kept.then_some(file)).collect();
    scope.io.files_pruned_by_partition(kept.len() - left.len());
    left
}

/// Newest day first, dealt out so that every group gets about the same bytes and all work from new to old.
fn groups(mut files: Vec<TableFile>, count: usize, partitioned: impl Fn(&TableFile) -> PartitionedFile) -> Vec<FileGroup> {
    files.sort_by(|a, b| (b.partition.map(|p| p.eventday), b.batch).cmp(&(a.partition.map(|p| p.eventday), a.batch)));
    let mut groups: Vec<(u64, Vec<PartitionedFile>)> = (0..count.clamp(1, files.len().max(1))).map(|_| (0, Vec::new())).collect();
    for file in &files {
        if let Some((bytes, group)) = groups.iter_mut().min_by_key(|(bytes, _)| *bytes) {
            *bytes += file.size_bytes;
            group.push(partitioned(file));
        }
    }
    groups.into_iter().map(|(_, files)| FileGroup::new(files)).collect()
}

#[async_trait]
impl TableProvider for ArchiveTable {
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
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let implied: Vec<Expr> = if self.kind == TableKind::Events || self.kind == TableKind::EventsOnce {
            filters.iter().flat_map(implied).collect()
        } else {
            Vec::new()
        };
        let all = [filters, implied.as_slice()].concat();
        let pruning = match self.predicate(state, &all)? {
            Some(predicate) => PruningPredicateBuilder::new().with_file_schema(Arc::clone(self.columns())).build(predicate),
            None => None,
        };
        let files = self.files(pruning.as_deref(), &all).await?;
        self.scope.io.files_scanned(files.len());
        let once = (self.kind == TableKind::EventsOnce).then(|| DistinctRecords::projection(self.columns(), projection));
        let read = once.as_ref().or(projection);
        if files.is_empty() {
            return Ok(Arc::new(EmptyExec::new(project_schema(self.columns(), projection)?)));
        }
        let source = self.parquet(self.predicate(state, &implied)?, state);
        // Files are named by their keys; the reader factory knows where they are, and this store is never asked.
        let scan = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_groups(groups(files, state.config().target_partitions(), |file| self.partitioned(file)))
            .with_projection_indices(read.cloned())?
            .with_limit(limit.filter(|_| once.is_none()))
            .build();
        let scan: Arc<dyn ExecutionPlan> = DataSourceExec::from_data_source(scan);
        match once {
            Some(_) => Ok(Arc::new(DistinctRecords::over(scan))),
            None => Ok(scan),
        }
    }
}
