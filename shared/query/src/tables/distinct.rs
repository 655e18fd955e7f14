//! Every Record once: CloudTrail delivers some Records several times, in several LogObjects and so in several Batches.
//!
//! Two rows are the same Record where their `record_hash` and account are equal: the hash is SHA-256 over the Record's verbatim bytes,
//! so event id and category are equal too. Which of the rows is kept is left open; they differ in pointers only. Where it is told what came of their
//! sources, `preferring.rs` chooses.

use std::{
    collections::HashSet,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use arrow_array::{Array, BooleanArray, RecordBatch, StringArray, cast::AsArray};
use arrow_schema::SchemaRef;
use arrow_select::filter::filter_record_batch;
use datafusion::{
    common::{DataFusionError, Result, config::ConfigOptions, exec_datafusion_err, internal_err, tree_node::TreeNodeRecursion},
    execution::{
        SendableRecordBatchStream, TaskContext,
        memory_pool::{MemoryConsumer, MemoryReservation},
    },
    physical_expr::{EquivalenceProperties, PhysicalExpr, expressions::Column},
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
        filter_pushdown::{ChildPushdownResult, FilterDescription, FilterPushdownPhase, FilterPushdownPropagation},
        metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet},
        projection::{ProjectionExec, ProjectionExpr},
        stream::RecordBatchStreamAdapter,
    },
};
use futures::{Stream, StreamExt, TryStreamExt};

use super::preferring::Waiting;

/// The columns that make a Record the same; they ride at the end of what is read, and are dropped here.
const KEY: [&str; 2] = ["record_hash", "accountid"];
/// Sets that share the work of remembering, so that threads rarely wait for each other.
const SHARDS: usize = 64;
/// Bytes a remembered Record takes, with the free room of a hash set.
const REMEMBERED_BYTES: usize = 34;

/// Passes each Record once.
#[derive(Debug)]
pub(super) struct DistinctRecords {
    input: Arc<dyn ExecutionPlan>,
    /// Whether what came of the row's source rides before the key's columns.
    preferring: bool,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
    /// Made anew for each execution, shared by its partitions.
    seen: Mutex<Option<Arc<Seen>>>,
}

impl DistinctRecords {
    /// As the constant.
    pub(super) const KEY: [&str; 2] = KEY;

    /// What must be read for a projection: its columns, then the key's.
    pub(super) fn projection(columns: &SchemaRef, projection: Option<&Vec<usize>>) -> Vec<usize> {
        let mut read = projection.cloned().unwrap_or_else(|| (0..columns.fields().len()).collect());
        read.extend(KEY.iter().filter_map(|name| columns.index_of(name).ok()));
        read
    }

    /// Over an input whose last columns are the key's.
    pub(super) fn over(input: Arc<dyn ExecutionPlan>) -> Self {
        Self::new(input, false)
    }

    /// Over an input whose last columns are `verified` and the key's: of the rows of a Record one is kept whose source is verified; where
    /// there is none, one with the worst outcome that is known.
    pub(super) fn preferring_verified(input: Arc<dyn ExecutionPlan>) -> Self {
        Self::new(input, true)
    }

    fn new(input: Arc<dyn ExecutionPlan>, preferring: bool) -> Self {
        let width = input.schema().fields().len().saturating_sub(KEY.len() + usize::from(preferring));
        let schema: SchemaRef =
            Arc::new(arrow_schema::Schema::new(input.schema().fields().iter().take(width).cloned().collect::<Vec<_>>()));
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(schema),
            datafusion::physical_plan::Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            input.pipeline_behavior(),
            input.boundedness(),
        ));
        Self { input, preferring, properties, metrics: ExecutionPlanMetricsSet::new(), seen: Mutex::default() }
    }

    fn seen(&self, context: &TaskContext) -> Arc<Seen> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(seen.get_or_insert_with(|| Arc::new(Seen::new(context, self.input.output_partitioning().partition_count()))))
    }
}

impl DisplayAs for DistinctRecords {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DistinctRecords: by={}{}", KEY.join(", "), if self.preferring { ", preferring=verified" } else { "" })
    }
}

impl ExecutionPlan for DistinctRecords {
    fn name(&self) -> &'static str {
        "DistinctRecords"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![!self.preferring]
    }

    fn apply_expressions(&self, _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match <[_; 1]>::try_from(children) {
            Ok([input]) => Ok(Arc::new(Self::new(input, self.preferring))),
            Err(children) => internal_err!("DistinctRecords has one input, not {}", children.len()),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let seen = self.seen(&context);
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let schema = self.schema();
        let out = Arc::clone(&schema);
        let rows = self.input.execute(partition, context)?;
        if self.preferring {
            return Ok(Box::pin(RecordBatchStreamAdapter::new(schema, preferred(rows, seen, out))));
        }
        let stream = rows.and_then(move |batch| {
            let passed = {
                let _timer = metrics.elapsed_compute().timer();
                seen.first_of(&batch, &out)
            };
            if let Ok(batch) = &passed {
                metrics.record_output(batch.num_rows());
            }
            std::future::ready(passed)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, stream)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    /// What is computed from columns is computed below, so that only the parts of nested columns that are asked for are read.
    fn try_swapping_with_projection(&self, projection: &ProjectionExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let input = self.input.schema();
        let width = self.schema().fields().len();
        let key = (width..input.fields().len()).map(|index| {
            let name = input.field(index).name().clone();
            ProjectionExpr { expr: Arc::new(Column::new(&name, index)), alias: name }
        });
        let below: Vec<ProjectionExpr> = projection.expr().iter().cloned().chain(key).collect();
        let input = ProjectionExec::try_new(below, Arc::clone(&self.input))?;
        Ok(Some(Arc::new(Self::new(Arc::new(input), self.preferring))))
    }

    /// Filters go below: rows of the same Record pass them together.
    fn gather_filters_for_pushdown(
        &self,
        _phase: FilterPushdownPhase,
        parent_filters: Vec<Arc<dyn PhysicalExpr>>,
        _config: &ConfigOptions,
    ) -> Result<FilterDescription> {
        FilterDescription::from_children(parent_filters, &self.children())
    }

    fn handle_child_pushdown_result(
        &self,
        _phase: FilterPushdownPhase,
        child_pushdown_result: ChildPushdownResult,
        _config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        Ok(FilterPushdownPropagation::if_all(child_pushdown_result))
    }
}

/// Rows of verified sources at once, what is left of the others when all streams are at their end.
fn preferred(rows: SendableRecordBatchStream, seen: Arc<Seen>, schema: SchemaRef) -> impl Stream<Item = Result<RecordBatch>> {
    let (passing, at_end, out) = (Arc::clone(&seen), seen, Arc::clone(&schema));
    let rows = rows.and_then(move |batch| {
        let passed = passing.waiting.sort_out(&batch, KEY.len()).and_then(|verified| passing.first_of(&verified, &out));
        std::future::ready(passed)
    });
    let rest = futures::stream::once(std::future::ready(())).map(move |()| {
        let rest: Vec<RecordBatch> = at_end.waiting.rest(&schema, |hash, account| at_end.insert(key(hash, account)))?;
        Ok::<_, DataFusionError>(futures::stream::iter(rest.into_iter().map(Ok)))
    });
    rows.chain(rest.try_flatten())
}

/// Records that went by in one execution.
#[derive(Debug)]
struct Seen {
    shards: Vec<Mutex<HashSet<u128>>>,
    reservation: MemoryReservation,
    waiting: Waiting,
}

impl Seen {
    fn new(context: &TaskContext, streams: usize) -> Self {
        let reservation = MemoryConsumer::new("records seen once").register(context.memory_pool());
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { shards, reservation, waiting: Waiting::new(context, streams) }
    }

    /// The rows whose Record was not seen before, without the key columns.
    fn first_of(&self, batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
        let (width, at) = (schema.fields().len(), batch.num_columns().saturating_sub(KEY.len()));
        let [hash, account] = [batch.column(at), batch.column(at + 1)];
        let (hash, account) = (hash.as_string_opt::<i32>(), account.as_string_opt::<i32>());
        let (Some(hash), Some(account)) = (hash, account) else { return internal_err!("the key columns are no text") };
        let (hashes, accounts) = (Texts::of(hash), Texts::of(account));
        let mut fresh = 0usize;
        let mut first = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            // A row without a hash cannot be told from others, so it is kept.
            let new = hash.is_null(row) || self.insert(key(hashes.at(row), accounts.at(row)));
            fresh += usize::from(new);
            first.push(new);
        }
        let first = BooleanArray::from(first);
        self.reservation.try_grow(fresh * REMEMBERED_BYTES)?;
        let kept = batch.project(&(0..width).collect::<Vec<_>>())?;
        let kept = if fresh == batch.num_rows() { kept } else { filter_record_batch(&kept, &first)? };
        kept.with_schema(Arc::clone(schema)).map_err(|error| exec_datafusion_err!("a batch without its key columns does not fit: {error}"))
    }

    fn insert(&self, key: u128) -> bool {
        let shard = (key >> 64) as usize % SHARDS;
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner).insert(key)
    }
}

/// The bytes of a column of texts; nothing for null.
struct Texts<'a> {
    offsets: &'a [i32],
    bytes: &'a [u8],
}

impl<'a> Texts<'a> {
    fn of(column: &'a StringArray) -> Self {
        Self { offsets: column.value_offsets(), bytes: column.value_data() }
    }

    fn at(&self, row: usize) -> &'a [u8] {
        match self.offsets.get(row..row + 2) {
            Some(&[start, end]) => self.bytes.get(start as usize..end as usize).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// 128 bits of the hash, with the account's digits mixed in.
fn key(hash: &[u8], account: &[u8]) -> u128 {
    let number =
        |digits: &[u8]| digits.iter().fold(0u64, |number, byte| (number << 4) | (u64::from(byte & 15) + 9 * u64::from((byte >> 6) & 1)));
    let (high, low) = hash.get(..32).unwrap_or(hash).split_at(hash.len().min(16));
    (u128::from(number(high) ^ number(account.get(..16).unwrap_or(account))) << 64) | u128::from(number(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_tells_hashes_and_accounts_apart() {
        let hash = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
        let key = |hash: &str, account: &str| key(hash.as_bytes(), account.as_bytes());
        assert_eq!(key(hash, "111122223333"), key(hash, "111122223333"));
        assert_ne!(key(hash, "111122223333"), key(hash, "111122223334"));
        assert_ne!(key(hash, "111122223333"), key(&hash.replace("ff", "fe"), "111122223333"));
        assert_eq!(key(hash, ""), 0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
        assert_eq!(key("a1", "b"), 0xaa << 64);
    }
}
