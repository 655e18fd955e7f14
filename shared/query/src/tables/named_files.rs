//! Reads Parquet files one after the other, so that whatever goes wrong is told with the file's name and no other table suffers.

use std::{fmt, sync::Arc};

use arrow_schema::{Field, SchemaRef};
use datafusion::{
    common::{DataFusionError, Result, ScalarValue, exec_datafusion_err, tree_node::TreeNodeRecursion},
    datasource::{
        listing::PartitionedFile,
        object_store::ObjectStoreUrl,
        physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource},
        source::DataSourceExec,
        table_schema::TableSchema,
    },
    execution::{SendableRecordBatchStream, TaskContext},
    physical_expr::{EquivalenceProperties, Partitioning, PhysicalExpr},
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties,
        execution_plan::{Boundedness, EmissionType},
        stream::RecordBatchStreamAdapter,
    },
};
use futures::{StreamExt, TryStreamExt};

use super::{QueryScope, auditor_files::AuditorFile};

/// Names that a plan shows.
const SHOWN: usize = 5;

/// How the files of a table are read: their columns, those that their keys have, and what is asked for.
#[derive(Debug, Clone)]
pub(super) struct FileReading {
    pub(super) schema: TableSchema,
    pub(super) projection: Option<Vec<usize>>,
    pub(super) predicate: Option<Arc<dyn PhysicalExpr>>,
    pub(super) scope: Arc<QueryScope>,
}

impl FileReading {
    /// Of files with these columns, and further ones that are in their keys.
    pub(super) fn new(columns: &SchemaRef, in_keys: Vec<Field>, scope: Arc<QueryScope>) -> Self {
        let in_keys = in_keys.into_iter().map(Arc::new).collect::<Vec<_>>();
        let schema = TableSchema::builder(Arc::clone(columns)).with_table_partition_cols(in_keys).build();
        Self { schema, projection: None, predicate: None, scope }
    }

    /// The rows of one file.
    pub(super) fn rows(&self, file: &AuditorFile, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let key = file.key.clone();
        let scan = self.plan(file, &context).map_err(|error| named(&key, error))?;
        let rows = scan.execute(0, context).map_err(|error| named(&key, error))?;
        let schema = rows.schema();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows.map_err(move |error| named(&key, error)))))
    }

    fn plan(&self, file: &AuditorFile, context: &TaskContext) -> Result<Arc<dyn ExecutionPlan>> {
        let options = context.session_config().options().execution.parquet.clone();
        let source = ParquetSource::new(self.schema.clone())
            .with_table_parquet_options(datafusion::config::TableParquetOptions { global: options, ..Default::default() })
            .with_parquet_file_reader_factory(Arc::new(self.scope.readers(self.schema.file_schema())));
        let source = match &self.predicate {
            Some(predicate) => source.with_predicate(Arc::clone(predicate)),
            None => source,
        };
        let mut in_key = Vec::new();
        for field in self.schema.table_partition_cols() {
            in_key.push(match (field.name().as_str(), file.attestation) {
                ("sequence", Some((sequence, _))) => ScalarValue::Int64(i64::try_from(sequence).ok()),
                ("kind", Some((_, kind))) => ScalarValue::from(kind),
                _ => ScalarValue::from(format!("{:08}", file.day)),
            });
        }
        let partitioned = PartitionedFile::new(&file.key, file.size_bytes).with_partition_values(in_key);
        let scan = FileScanConfigBuilder::new(ObjectStoreUrl::local_filesystem(), Arc::new(source))
            .with_file_groups(vec![FileGroup::new(vec![partitioned])])
            .with_projection_indices(self.projection.clone())?
            .build();
        Ok(DataSourceExec::from_data_source(scan))
    }
}

/// An error with the name of the file; memory that ran out stays what it is.
fn named(key: &str, error: DataFusionError) -> DataFusionError {
    match error.find_root() {
        DataFusionError::ResourcesExhausted(_) => error,
        root => {
            let reason = root.strip_backtrace();
            exec_datafusion_err!("cannot read {key}: it is damaged, or was taken away ({reason}); what does not need it can still be asked")
        }
    }
}

/// Some files of a table, dealt out to as many streams as there are threads.
#[derive(Debug)]
pub(super) struct NamedFiles {
    table: &'static str,
    reading: FileReading,
    groups: Vec<Vec<AuditorFile>>,
    properties: Arc<PlanProperties>,
}

impl NamedFiles {
    pub(super) fn new(table: &'static str, reading: FileReading, files: Vec<AuditorFile>, threads: usize) -> Result<Self> {
        let schema = datafusion::common::project_schema(reading.schema.table_schema(), reading.projection.as_ref())?;
        let count = threads.clamp(1, files.len().max(1));
        let mut groups: Vec<Vec<AuditorFile>> = (0..count).map(|_| Vec::new()).collect();
        for (n, file) in files.into_iter().enumerate() {
            if let Some(group) = groups.get_mut(n % count) {
                group.push(file);
            }
        }
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(schema),
            Partitioning::UnknownPartitioning(count),
            EmissionType::Incremental,
            Boundedness::Bounded,
        ));
        Ok(Self { table, reading, groups, properties })
    }
}

impl DisplayAs for NamedFiles {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<&str> = self.groups.iter().flatten().map(|file| file.key.as_str()).collect();
        let more = if files.len() > SHOWN { format!(", and {} more", files.len() - SHOWN) } else { String::new() };
        write!(f, "ArchiveFiles: table={}, files=[{}{more}]", self.table, files.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", "))
    }
}

impl ExecutionPlan for NamedFiles {
    fn name(&self) -> &'static str {
        "ArchiveFiles"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn apply_expressions(&self, _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, _children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (reading, schema) = (self.reading.clone(), self.schema());
        let files = self.groups.get(partition).cloned().unwrap_or_default();
        let rows = futures::stream::iter(files).map(move |file| reading.rows(&file, Arc::clone(&context))).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows)))
    }
}
