//! `audited_events`: `events` with what came of each row's source and the account as it was; as landed, or every Record once.

use std::{collections::BTreeMap, sync::Arc};

use arrow_schema::{FieldRef, Schema, SchemaRef};
use async_trait::async_trait;
use datafusion::{
    catalog::Session,
    common::{Result, internal_datafusion_err},
    datasource::TableProvider,
    logical_expr::{Expr, TableProviderFilterPushDown, TableType},
    physical_plan::ExecutionPlan,
};

use super::{
    ArchiveTable, QueryScope, TableKind,
    account_history::AccountHistory,
    audited_rows::{Added, AuditedRows, KEY, Known, Origin},
    distinct::DistinctRecords,
    outcomes::Outcomes,
};

/// `events` with what is put beside it.
#[derive(Debug)]
pub(crate) struct AuditedTable {
    kind: TableKind,
    schema: SchemaRef,
    scope: Arc<QueryScope>,
}

impl AuditedTable {
    /// `kind`: [`TableKind::Events`] or [`TableKind::EventsOnce`].
    pub(crate) fn new(kind: TableKind, scope: Arc<QueryScope>) -> Self {
        let events = ArchiveTable::events(kind, Arc::clone(&scope)).schema();
        let added = Added::ALL.map(|added| Arc::new(added.field()));
        let fields: Vec<FieldRef> = events.fields().iter().cloned().chain(added).collect();
        Self { kind, schema: Arc::new(Schema::new(fields)), scope }
    }

    /// Columns of `events`; what is put beside them comes behind.
    fn width(&self) -> usize {
        self.schema.fields().len() - Added::ALL.len()
    }

    async fn known(&self, added: &[Added], state: &dyn Session) -> Result<Known> {
        let days = if added.contains(&Added::Verified) { Outcomes::list(&self.scope).await? } else { BTreeMap::new() };
        let about_accounts = added.iter().any(|added| *added != Added::Verified);
        let accounts = if about_accounts { Some(AccountHistory::read(&self.scope, state.task_ctx()).await?) } else { None };
        Ok(Known { scope: Arc::clone(&self.scope), days, accounts })
    }

    fn index_of(&self, name: &str) -> Result<usize> {
        self.schema.index_of(name).map_err(|_| internal_datafusion_err!("events has no column {name}"))
    }
}

#[async_trait]
impl TableProvider for AuditedTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        let added = Added::ALL.map(|added| added.field().name().clone());
        let about_events = |filter: &&Expr| filter.column_refs().iter().all(|column| !added.contains(&column.name));
        let support =
            |filter| if about_events(filter) { TableProviderFilterPushDown::Inexact } else { TableProviderFilterPushDown::Unsupported };
        Ok(filters.iter().map(support).collect())
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let all: Vec<usize> = (0..self.schema.fields().len()).collect();
        let asked = projection.unwrap_or(&all);
        let added: Vec<Added> = asked.iter().filter_map(|index| Added::ALL.get(index.checked_sub(self.width())?).copied()).collect();
        let known = self.known(&added, state).await?;
        // Where copies of a Record can have come to different outcomes, the best of them counts: only then is the choice made here.
        let choose = self.kind == TableKind::EventsOnce && !known.days.is_empty();
        let kind = if choose { TableKind::Events } else { self.kind };
        let events = ArchiveTable::events(kind, Arc::clone(&self.scope));
        if added.is_empty() {
            let events = ArchiveTable::events(self.kind, Arc::clone(&self.scope));
            return events.scan(state, Some(asked), filters, limit).await;
        }
        let mut read: Vec<usize> = Vec::new();
        let mut columns: Vec<(String, Origin)> = Vec::new();
        let once = if choose { DistinctRecords::KEY.to_vec() } else { Vec::new() };
        let kept = once.iter().map(|name| self.index_of(name)).collect::<Result<Vec<_>>>()?;
        for index in asked.iter().chain(&kept) {
            let origin = match index.checked_sub(self.width()).and_then(|at| Added::ALL.get(at)) {
                Some(added) => Origin::Added(*added),
                None => {
                    read.push(*index);
                    Origin::Input(read.len() - 1)
                }
            };
            columns.push((self.schema.field(*index).name().clone(), origin));
        }
        read.extend(KEY.iter().map(|name| self.index_of(name)).collect::<Result<Vec<_>>>()?);
        if choose {
            columns.insert(asked.len(), ("verified".to_owned(), Origin::Added(Added::Verified)));
        }
        let rows = events.scan(state, Some(&read), filters, limit.filter(|_| !choose)).await?;
        let audited: Arc<dyn ExecutionPlan> = Arc::new(AuditedRows::over(rows, columns, Arc::new(known)));
        Ok(if choose { Arc::new(DistinctRecords::preferring_verified(audited)) } else { audited })
    }
}
