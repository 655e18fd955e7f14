//! Puts beside each row of `events` what came of its source, and its account as it was at the event's time. Rows are neither added nor left out,
//! so what is asked of them reaches the scan below.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use arrow_array::{Array, ArrayRef, RecordBatch, StringArray, cast::AsArray, types::TimestampMicrosecondType};
use arrow_schema::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::{
    common::{
        Result,
        config::ConfigOptions,
        exec_datafusion_err, internal_err,
        tree_node::{Transformed, TreeNode, TreeNodeRecursion},
    },
    execution::{SendableRecordBatchStream, TaskContext},
    physical_expr::{EquivalenceProperties, PhysicalExpr, expressions::Column},
    physical_plan::{
        DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties,
        filter_pushdown::{ChildFilterDescription, ChildPushdownResult, FilterDescription, FilterPushdownPhase, FilterPushdownPropagation},
        metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet},
        projection::{ProjectionExec, ProjectionExpr},
        stream::RecordBatchStreamAdapter,
    },
};
use futures::TryStreamExt;

use super::{QueryScope, account_history::AccountHistory, auditor_files::AuditorFile, outcomes::Outcomes};

/// Columns of `events` that tell source, account and time; they ride at the end of what is read, and are dropped here.
pub(super) const KEY: [&str; 4] = ["source_bucket", "source_key", "accountid", "event_time"];

/// A column that is put beside the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    /// What came of the row's source.
    Verified,
    /// The account's name.
    Name,
    /// The names of the organizational units it was in, from the root down.
    OuPath,
    /// Its tags.
    Tags,
}

impl Added {
    pub(super) const ALL: [Self; 4] = [Self::Verified, Self::Name, Self::OuPath, Self::Tags];

    pub(super) fn field(self) -> Field {
        let (name, data_type) = match self {
            Self::Verified => ("verified", DataType::Utf8),
            Self::Name => ("account_name", DataType::Utf8),
            Self::OuPath => ("account_ou_path", DataType::Utf8),
            Self::Tags => ("account_tags", tags()),
        };
        Field::new(name, data_type, true)
    }

    /// Its name in `accounts`.
    fn in_accounts(self) -> Option<&'static str> {
        match self {
            Self::Verified => None,
            Self::Name => Some("name"),
            Self::OuPath => Some("ou_path"),
            Self::Tags => Some("tags"),
        }
    }
}

fn tags() -> DataType {
    let accounts = trailkeep_archive::accounts_schema();
    accounts.field_with_name("tags").map_or(DataType::Null, |field| field.data_type().clone())
}

/// Where a column comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A column of the input.
    Input(usize),
    /// What is put beside it.
    Added(Added),
}

/// What is known of sources and accounts, as far as a question asks for it.
#[derive(Debug)]
pub(super) struct Known {
    pub(super) scope: Arc<QueryScope>,
    /// The days that are attested.
    pub(super) days: std::collections::BTreeMap<u32, AuditorFile>,
    pub(super) accounts: Option<AccountHistory>,
}

/// Rows of `events` with what is put beside them.
#[derive(Debug)]
pub(super) struct AuditedRows {
    input: Arc<dyn ExecutionPlan>,
    columns: Vec<(String, Origin)>,
    known: Arc<Known>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
    /// Made anew for each execution, shared by its partitions.
    outcomes: Mutex<Option<Arc<Outcomes>>>,
}

impl AuditedRows {
    /// Over an input whose last columns are those of [`KEY`].
    pub(super) fn over(input: Arc<dyn ExecutionPlan>, columns: Vec<(String, Origin)>, known: Arc<Known>) -> Self {
        let fields: Vec<FieldRef> = columns.iter().map(|(name, origin)| field(&input.schema(), name, *origin)).collect();
        let properties = Arc::new(PlanProperties::new(
            EquivalenceProperties::new(Arc::new(Schema::new(fields))),
            datafusion::physical_plan::Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            input.pipeline_behavior(),
            input.boundedness(),
        ));
        Self { input, columns, known, properties, metrics: ExecutionPlanMetricsSet::new(), outcomes: Mutex::default() }
    }

    fn outcomes(&self, context: &Arc<TaskContext>) -> Arc<Outcomes> {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(Outcomes::new(&self.known.scope, self.known.days.clone(), Arc::clone(context)));
        Arc::clone(outcomes.get_or_insert_with(new))
    }

    /// The expression over the input, if it has nothing to do with what is put beside it.
    fn below(&self, expr: &Arc<dyn PhysicalExpr>) -> Result<Option<Arc<dyn PhysicalExpr>>> {
        let mut only_input = true;
        let input = self.input.schema();
        let below = Arc::clone(expr).transform_up(|expr| {
            let Some(column) = expr.downcast_ref::<Column>() else { return Ok(Transformed::no(expr)) };
            match self.columns.get(column.index()) {
                Some((_, Origin::Input(index))) => Ok(Transformed::yes(Arc::new(Column::new(input.field(*index).name(), *index)))),
                _ => {
                    only_input = false;
                    Ok(Transformed::no(expr))
                }
            }
        })?;
        Ok(only_input.then_some(below.data))
    }

    fn added(&self, expr: &Arc<dyn PhysicalExpr>) -> Option<Added> {
        match self.columns.get(expr.downcast_ref::<Column>()?.index()) {
            Some((_, Origin::Added(added))) => Some(*added),
            _ => None,
        }
    }

    /// Columns by which filters may go below: those that have the same name there.
    fn same_below(&self) -> HashSet<usize> {
        let input = self.input.schema();
        let same = |(index, (name, origin)): (usize, &(String, Origin))| match origin {
            Origin::Input(below) => (input.index_of(name).ok() == Some(*below)).then_some(index),
            Origin::Added(_) => None,
        };
        self.columns.iter().enumerate().filter_map(same).collect()
    }
}

fn field(input: &SchemaRef, name: &str, origin: Origin) -> FieldRef {
    match origin {
        Origin::Input(index) => Arc::new(input.field(index).clone().with_name(name)),
        Origin::Added(added) => Arc::new(added.field().with_name(name)),
    }
}

impl DisplayAs for AuditedRows {
    fn fmt_as(&self, _format: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let added: Vec<&str> =
            self.columns.iter().filter(|(_, origin)| matches!(origin, Origin::Added(_))).map(|(name, _)| name.as_str()).collect();
        write!(f, "AuditedRows: adds=[{}]", added.join(", "))?;
        if self.columns.iter().any(|(_, origin)| *origin == Origin::Added(Added::Verified)) {
            let (days, first, last) = (&self.known.days, self.known.days.keys().next(), self.known.days.keys().next_back());
            write!(f, ", outcomes=[of the delivery days in source_key, as they are met; {} days are attested", days.len())?;
            if let (Some(first), Some(last)) = (first, last) {
                write!(f, ", {first:08} to {last:08}")?;
            }
            write!(f, "]")?;
        }
        Ok(())
    }
}

impl ExecutionPlan for AuditedRows {
    fn name(&self) -> &'static str {
        "AuditedRows"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    /// Dealing rows out below would keep projections from reaching the scan.
    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    fn apply_expressions(&self, _f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match <[_; 1]>::try_from(children) {
            Ok([input]) => Ok(Arc::new(Self::over(input, self.columns.clone(), Arc::clone(&self.known)))),
            Err(children) => internal_err!("AuditedRows has one input, not {}", children.len()),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let adding = Arc::new(Adding {
            outcomes: self.outcomes(&context),
            known: Arc::clone(&self.known),
            origins: self.columns.iter().map(|(_, origin)| *origin).collect(),
            schema: self.schema(),
        });
        let metrics = Arc::new(BaselineMetrics::new(&self.metrics, partition));
        let rows = self.input.execute(partition, context)?.and_then(move |batch| {
            let (adding, metrics) = (Arc::clone(&adding), Arc::clone(&metrics));
            async move {
                let added = adding.add(&batch).await?;
                metrics.record_output(added.num_rows());
                Ok(added)
            }
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    /// What is computed from columns of `events` is computed below, so that only the parts of nested columns that are asked for are read.
    fn try_swapping_with_projection(&self, projection: &ProjectionExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let input = self.input.schema();
        let mut below: Vec<ProjectionExpr> = Vec::new();
        let mut columns = Vec::new();
        for asked in projection.expr() {
            let origin = match (self.added(&asked.expr), self.below(&asked.expr)?) {
                (Some(added), _) => Origin::Added(added),
                (None, Some(expr)) => {
                    below.push(ProjectionExpr { expr, alias: asked.alias.clone() });
                    Origin::Input(below.len() - 1)
                }
                (None, None) => return Ok(None),
            };
            columns.push((asked.alias.clone(), origin));
        }
        below.extend((input.fields().len().saturating_sub(KEY.len())..input.fields().len()).map(|index| {
            let name = input.field(index).name().clone();
            ProjectionExpr { expr: Arc::new(Column::new(&name, index)), alias: name }
        }));
        let input = ProjectionExec::try_new(below, Arc::clone(&self.input))?;
        Ok(Some(Arc::new(Self::over(Arc::new(input), columns, Arc::clone(&self.known)))))
    }

    fn gather_filters_for_pushdown(
        &self,
        _phase: FilterPushdownPhase,
        parent_filters: Vec<Arc<dyn PhysicalExpr>>,
        _config: &ConfigOptions,
    ) -> Result<FilterDescription> {
        let child = ChildFilterDescription::from_child_with_allowed_indices(&parent_filters, self.same_below(), &self.input)?;
        Ok(FilterDescription::new().with_child(child))
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

/// What one execution adds.
struct Adding {
    outcomes: Arc<Outcomes>,
    known: Arc<Known>,
    origins: Vec<Origin>,
    schema: SchemaRef,
}

impl Adding {
    async fn add(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let mut accounts = None;
        let mut columns: Vec<ArrayRef> = Vec::with_capacity(self.origins.len());
        for origin in &self.origins {
            columns.push(match origin {
                Origin::Input(index) => Arc::clone(batch.column(*index)),
                Origin::Added(Added::Verified) => self.verified(batch).await?,
                Origin::Added(added) => {
                    let (Some(history), Some(name)) = (&self.known.accounts, added.in_accounts()) else {
                        return internal_err!("the history of accounts was not read");
                    };
                    let rows = match &accounts {
                        Some(rows) => rows,
                        None => accounts.insert(history.rows_at(key_text(batch, 2)?, times(batch)?)),
                    };
                    history.column(name, rows)?
                }
            });
        }
        let options = arrow_array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }

    async fn verified(&self, batch: &RecordBatch) -> Result<ArrayRef> {
        let (buckets, keys) = (key_text(batch, 0)?, key_text(batch, 1)?);
        // Rows of one source are many; each is looked for once a batch.
        let mut met: HashMap<(&str, &str), Option<Arc<str>>> = HashMap::new();
        let mut found: Vec<Option<Arc<str>>> = Vec::with_capacity(batch.num_rows());
        for row in 0..batch.num_rows() {
            let source = (buckets.is_valid(row) && keys.is_valid(row)).then(|| (buckets.value(row), keys.value(row)));
            found.push(match source {
                None => None,
                Some(source) => match met.get(&source) {
                    Some(outcome) => outcome.clone(),
                    None => {
                        let outcome = self.outcomes.of(source.0, source.1).await?;
                        met.insert(source, outcome.clone());
                        outcome
                    }
                },
            });
        }
        Ok(Arc::new(found.iter().map(Option::as_deref).collect::<StringArray>()))
    }
}

fn key_column(batch: &RecordBatch, which: usize) -> Result<&ArrayRef> {
    let index = batch.num_columns().checked_sub(KEY.len()).map(|first| first + which);
    index.and_then(|index| batch.columns().get(index)).ok_or_else(|| exec_datafusion_err!("rows without the columns of their source"))
}

fn key_text(batch: &RecordBatch, which: usize) -> Result<&StringArray> {
    key_column(batch, which)?.as_string_opt::<i32>().ok_or_else(|| exec_datafusion_err!("a source that is no text"))
}

fn times(batch: &RecordBatch) -> Result<impl Iterator<Item = Option<i64>>> {
    let times = key_column(batch, 3)?.as_primitive_opt::<TimestampMicrosecondType>();
    Ok(times.ok_or_else(|| exec_datafusion_err!("an event's time that is none"))?.iter())
}
