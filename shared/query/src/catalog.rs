//! The tables and views that a question can name, made when it names them.

use std::{collections::BTreeSet, sync::Arc};

use datafusion::sql::sqlparser::ast::{Expr, Ident, SelectItem, SetExpr, Statement as SqlStatement};
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
    audited::AUDITED,
    error::QueryError,
    naming::Mentioned,
    session::{CATALOG, SCHEMA},
    statement::{asks_about_tables, parse},
    suggest::near,
    tables::{ArchiveTable, AuditedTable, AuditorTable, AuditorTableKind, QueryScope, TableKind},
};

/// Names of the tables and views, with a line on each.
pub(crate) const TABLES: &[(&str, &str)] = &[
    ("cloudtrail", "every Record once, under CloudTrail's own column names as CloudTrail Lake has them"),
    ("events", "AuditEvents as landed: OCSF 1.8.0 with Security Lake's column names, and our own top-level columns"),
    ("security_lake_v1", "events in the shape of Security Lake's source version 1"),
    ("sources", "one row per LogObject and Digest: hashes, sizes, where its bytes lie"),
    ("quarantine", "what could not be read, why, and where its bytes lie"),
    (
        "audited_cloudtrail",
        "cloudtrail, with columns that it has only where they are named: verified, account_name, account_ou_path, account_tags",
    ),
    ("audited_events", "events, with the same"),
    ("accounts", "the organization's accounts and their history"),
    ("current_accounts", "the accounts that are in the organization now"),
    ("findings", "what the auditor found: one row per change"),
    ("open_findings", "what the auditor found and is not settled"),
    ("outcomes", "what came of each source, by delivery day: the newest attestation's"),
];

const CLOUDTRAIL: &str = include_str!("views/cloudtrail.sql");
const SECURITY_LAKE_V1: &str = include_str!("views/security_lake_v1.sql");
const CURRENT_ACCOUNTS: &str = include_str!("views/current_accounts.sql");
const OPEN_FINDINGS: &str = include_str!("views/open_findings.sql");

/// The session with the tables that a statement names, views narrowed to the columns that it mentions; where it is `offered` what the auditor knows,
/// `events` and `cloudtrail` have that too.
///
/// # Errors
/// [`QueryError::UnknownTable`], and those of making the tables.
pub(crate) async fn with_tables(
    base: &SessionState,
    statement: &Statement,
    mentioned: &Mentioned,
    offered: bool,
    scope: &Arc<QueryScope>,
) -> Result<SessionState, QueryError> {
    let schema = Arc::new(MemorySchemaProvider::new());
    for name in named(base, statement)? {
        let name_of_rows = match name {
            "events" if offered => "audited_events",
            "cloudtrail" if offered => "audited_cloudtrail",
            name => name,
        };
        schema.register_table(name.to_owned(), table(base, name_of_rows, mentioned, scope).await?)?;
    }
    let mut session = with_schema(base, schema)?;
    // What time it is now() is settled once a question, before days are left out by it.
    session.mark_start_execution();
    Ok(session)
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
    let events = |kind| -> Arc<dyn TableProvider> { Arc::new(ArchiveTable::events(kind, Arc::clone(scope))) };
    let audited = |kind| -> Arc<dyn TableProvider> { Arc::new(AuditedTable::new(kind, Arc::clone(scope))) };
    let auditors = |kind| -> Arc<dyn TableProvider> { Arc::new(AuditorTable::new(kind, Arc::clone(scope))) };
    let (accounts, findings) = (AuditorTableKind::Accounts, AuditorTableKind::Findings);
    Ok(match name {
        "cloudtrail" => view(base, CLOUDTRAIL, &[], mentioned, ("events", events(TableKind::EventsOnce))).await?,
        "security_lake_v1" => view(base, SECURITY_LAKE_V1, &[], mentioned, ("events", events(TableKind::Events))).await?,
        "audited_cloudtrail" => view(base, CLOUDTRAIL, &AUDITED, mentioned, ("events", audited(TableKind::EventsOnce))).await?,
        "audited_events" => audited(TableKind::Events),
        "accounts" => auditors(accounts),
        "current_accounts" => view(base, CURRENT_ACCOUNTS, &[], mentioned, ("accounts", auditors(accounts))).await?,
        "findings" => auditors(findings),
        "open_findings" => view(base, OPEN_FINDINGS, &[], mentioned, ("findings", auditors(findings))).await?,
        "outcomes" => auditors(AuditorTableKind::Outcomes),
        "sources" => Arc::new(ArchiveTable::daily(TableKind::Sources, &sources_schema(), Arc::clone(scope))),
        "quarantine" => Arc::new(ArchiveTable::daily(TableKind::Quarantine, &quarantine_schema(), Arc::clone(scope))),
        _ => events(TableKind::Events),
    })
}

/// A view over one table, with further columns of it behind the view's own. Planning what nobody mentions would take longer than small answers do.
async fn view(
    base: &SessionState,
    sql: &str,
    further: &[&str],
    mentioned: &Mentioned,
    (name, table): (&str, Arc<dyn TableProvider>),
) -> Result<Arc<dyn TableProvider>, QueryError> {
    let schema = Arc::new(MemorySchemaProvider::new());
    schema.register_table(name.to_owned(), table)?;
    let session = with_schema(base, schema)?;
    let mut view = parse(sql)?;
    select_further(&mut view, further);
    mentioned.narrow(&mut view);
    let plan = session.statement_to_plan(view).await?;
    Ok(Arc::new(ViewTable::new(plan, Some(sql.to_owned()))))
}

fn select_further(view: &mut Statement, columns: &[&str]) {
    if let Statement::Statement(sql) = view
        && let SqlStatement::Query(query) = sql.as_mut()
        && let SetExpr::Select(select) = query.body.as_mut()
    {
        select.projection.extend(columns.iter().map(|name| SelectItem::UnnamedExpr(Expr::Identifier(Ident::new(*name)))));
    }
}
