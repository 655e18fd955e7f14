//! The engine's session: its settings, memory, functions and how it reads expressions.

use std::sync::Arc;

use arrow_schema::DataType;
use datafusion::{
    common::{DFSchema, Result},
    execution::{
        SessionStateDefaults,
        memory_pool::FairSpillPool,
        runtime_env::{RuntimeEnv, RuntimeEnvBuilder},
        session_state::{SessionState, SessionStateBuilder},
    },
    logical_expr::{
        Expr, ExprSchemable, GetFieldAccess, lit,
        planner::{ExprPlanner, PlannerResult, RawFieldAccessExpr},
    },
    prelude::SessionConfig,
};

use crate::{
    engine::EngineConfig,
    functions::{self, JSON_MEMBER},
};

/// Name of the one catalog.
pub(crate) const CATALOG: &str = "trailkeep";
/// Name of its one schema.
pub(crate) const SCHEMA: &str = "archive";

/// Memory and disk that questions share.
///
/// # Errors
/// Where the directory for spilled data cannot be made.
pub(crate) fn runtime(config: &EngineConfig) -> Result<Arc<RuntimeEnv>> {
    let builder = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(config.memory_limit_bytes)));
    match &config.spill_dir {
        Some(dir) => builder.with_temp_file_path(dir).build_arc(),
        None => builder.build_arc(),
    }
}

/// The session that each question starts from.
pub(crate) fn session(config: &EngineConfig, runtime: Arc<RuntimeEnv>) -> SessionState {
    let mut settings = SessionConfig::new()
        .with_target_partitions(config.threads.max(1))
        .with_default_catalog_and_schema(CATALOG, SCHEMA)
        .with_create_default_catalog_and_schema(false)
        .with_information_schema(true)
        .with_collect_statistics(false);
    let options = settings.options_mut();
    // Filters are evaluated while decoding: rows that fail a cheap column never cost the dear ones.
    options.execution.parquet.pushdown_filters = true;
    options.execution.parquet.reorder_filters = true;
    options.execution.parquet.bloom_filter_on_read = true;
    options.execution.parquet.enable_page_index = true;
    let mut planners: Vec<Arc<dyn ExprPlanner>> = vec![Arc::new(JsonTextPlanner)];
    planners.extend(SessionStateDefaults::default_expr_planners());
    let mut scalar = SessionStateDefaults::default_scalar_functions();
    scalar.extend(functions::all());
    SessionStateBuilder::new()
        .with_default_features()
        .with_config(settings)
        .with_runtime_env(runtime)
        .with_expr_planners(planners)
        .with_scalar_functions(scalar)
        .build()
}

/// `requestparameters['bucketName']`: in CloudTrail Lake these columns are maps; here they are JSON text, and a name in brackets
/// means the member.
#[derive(Debug)]
struct JsonTextPlanner;

impl ExprPlanner for JsonTextPlanner {
    fn plan_field_access(&self, access: RawFieldAccessExpr, schema: &DFSchema) -> Result<PlannerResult<RawFieldAccessExpr>> {
        let GetFieldAccess::NamedStructField { name } = &access.field_access else { return Ok(PlannerResult::Original(access)) };
        let is_text = matches!(access.expr.get_type(schema)?, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8);
        match (is_text, name.try_as_str().flatten(), functions::named(JSON_MEMBER)) {
            (true, Some(name), Some(member)) => {
                let call = datafusion::logical_expr::expr::ScalarFunction::new_udf(member, vec![access.expr, lit(name)]);
                Ok(PlannerResult::Planned(Expr::ScalarFunction(call)))
            }
            _ => Ok(PlannerResult::Original(access)),
        }
    }
}
