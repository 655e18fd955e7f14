//! The tables and views that a question can name, made when it names them.

use std::{collections::BTreeSet, sync::Arc};

use datafusion::{
    catalog::{
        CatalogProvider, CatalogProviderList, MemoryCatalogProvider, MemoryCatalogProviderList, MemorySchemaProvider, SchemaProvider,
    },
    datasource::{TableProvider, ViewTable},
    execution::session_state::{SessionState, SessionStateBuilder},
    sql::parser::Statement,
};
use trailkeep_archive::{quarantine_schema, sources_schema};

use crate::{
    error::QueryError,
    naming::Mentioned,
    session::{CATALOG, SCHEMA},
    statement::{asks_about_tables, parse},
    suggest::near,
    tables::{ArchiveTable, QueryScope, TableKind},
};

/// Names of the tables and views, with a line on each.
pub(crate) const TABLES: &[(&str, &str)] = &[
    ("cloudtrail", "every Record once, under CloudTrail's own column names as CloudTrail Lake has them"),
    ("events", "AuditEvents as landed: OCSF 1.8.0 with Security Lake's column names, and our own top-level columns"),
    ("security_lake_v1", "events in the shape of Security Lake's source version 1"),
    ("sources", "one row per LogObject and Digest: hashes, sizes, where its bytes lie"),
    ("quarantine", "what could not be read, why, and where its bytes lie"),
];

const CLOUDTRAIL: &str = include_str!("views/cloudtrail.sql");
const SECURITY_LAKE_V1: &str = include_str!("views/security_lake_v1.sql");

/// The session with the tables that a statement names, views narrowed to the columns that it mentions.
///
/// # Errors
/// [`QueryError::UnknownTable`], and those of making the tables.
pub(crate) async fn with_tables(
    base: &SessionState,
    statement: &Statement,
    mentioned: &Mentioned,
    scope: &Arc<QueryScope>,
) -> Result<SessionState, QueryError> {
    let schema = Arc::new(MemorySchemaProvider::new());
    for name in named(base, statement)? {
        schema.register_table(name.to_owned(), table(base, name, mentioned, scope).await?)?;
    }
    with_schema(base, schema)
}

fn with_schema(base: &SessionState, schema: Arc<dyn SchemaProvider>) -> Result<SessionState, QueryError> {
    let catalog = MemoryCatalogProvider::new();
    catalog.register_schema(SCHEMA, schema)?;
    let catalogs = MemoryCatalogProviderList::new();
    catalogs.register_catalog(CATALOG.to_owned(), Arc::new(catalog));
    Ok(SessionStateBuilder::new_from_existing(base.clone()).with_catalog_list(Arc::new(catalogs)).build())
}

/// Which tables a statement needs; all of them where it asks about tables.
fn named(base: &SessionState, statement: &Statement) -> Result<BTreeSet<&'static str>, QueryError> {
    let mut needed = BTreeSet::new();
    let mut all = asks_about_tables(statement);
    for reference in base.resolve_table_references(statement)? {
        if reference.schema() == Some("information_schema") {
            all = true;
            continue;
        }
        let name = reference.table();
        match TABLES.iter().find(|(known, _)| *known == name) {
            Some((known, _)) => needed.insert(*known),
            None => {
                return Err(QueryError::UnknownTable { name: name.to_owned(), hint: near(name, TABLES.iter().map(|(known, _)| *known)) });
            }
        };
    }
    Ok(if all { TABLES.iter().map(|(name, _)| *name).collect() } else { needed })
}

async fn table(
    base: &SessionState,
    name: &str,
    mentioned: &Mentioned,
    scope: &Arc<QueryScope>,
) -> Result<Arc<dyn TableProvider>, QueryError> {
    Ok(match name {
        "cloudtrail" => view(base, CLOUDTRAIL, mentioned, TableKind::EventsOnce, scope).await?,
        "security_lake_v1" => view(base, SECURITY_LAKE_V1, mentioned, TableKind::Events, scope).await?,
        "sources" => Arc::new(ArchiveTable::daily(TableKind::Sources, &sources_schema(), Arc::clone(scope))),
        "quarantine" => Arc::new(ArchiveTable::daily(TableKind::Quarantine, &quarantine_schema(), Arc::clone(scope))),
        _ => Arc::new(ArchiveTable::events(TableKind::Events, Arc::clone(scope))),
    })
}

/// A view over `events`, where `events` is read as `kind` says. Planning what nobody mentions would take longer than small answers do.
async fn view(
    base: &SessionState,
    sql: &str,
    mentioned: &Mentioned,
    kind: TableKind,
    scope: &Arc<QueryScope>,
) -> Result<Arc<dyn TableProvider>, QueryError> {
    let schema = Arc::new(MemorySchemaProvider::new());
    schema.register_table("events".to_owned(), Arc::new(ArchiveTable::events(kind, Arc::clone(scope))))?;
    let session = with_schema(base, schema)?;
    let mut view = parse(sql)?;
    mentioned.narrow(&mut view);
    let plan = session.statement_to_plan(view).await?;
    Ok(Arc::new(ViewTable::new(plan, Some(sql.to_owned()))))
}
