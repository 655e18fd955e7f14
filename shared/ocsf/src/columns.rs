//! The columns of some rows: builders for every leaf, and their assembly into Arrow arrays.

use std::{borrow::Cow, sync::Arc};

use arrow_array::{
    Array, ArrayRef, Int32Array, ListArray, MapArray, RecordBatch, StringArray, StructArray, TimestampMicrosecondArray, cast::AsArray,
    types::Int64Type,
};
use arrow_buffer::{NullBuffer, OffsetBuffer};
use arrow_schema::{ArrowError, DataType, Fields, SchemaRef};

use crate::{
    column::{BoolColumn, IntColumn, ListColumn, TextColumn},
    dictionary::{DictionaryColumn, NONE, dictionary},
    observables::{Observable, ObservableList},
    schema::{self, ACCOUNT_TYPE_ID, LEAVES, Node, Source},
};

macro_rules! leaves {
    ($(#[$doc:meta])* $name:ident { $($leaf:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name { $($leaf,)* }
        impl $name { pub(crate) const ALL: &[Self] = &[$($name::$leaf,)*]; }
    };
}

leaves! { /// Leaves that hold text.
Texts {
    ProductVersion, FeatureName, EventCode, Uid, OriginalTime, CorrelationUid, Region, Account, OrgUid, OrgName, OrgOuUid, OrgOuName, CloudPartition,
    ResponseError, ResponseMessage, ResponseData, Operation, ApiVersion, ApiService, RequestData, RequestUid, DstService,
    ActorType, ActorName, ActorUidAlt, ActorUid, ActorAccount, ActorCredential, ActorIssuer, ActorSession, ActorSessionCredential, InvokedBy, IdpName, IdpUid, AppName,
    UserAgent, SrcUid, SrcIp, SrcDomain, SrcService, SrcOwner, SessionUid, SessionUidAlt, SessionCredential, SessionIssuer, PolicyUid,
    ClassName, CategoryName, UserUidAlt, UserUid, UserName, UserType, UserAccount, ActivityName, TypeName, Status, StatusCode, StatusDetail,
    GroupName, GroupUid, GroupUidAlt, EntityName, EntityUid, EntityType, Service, DatabucketName, DatabucketUid, DatabucketType, TableName, TableUid,
    AuthProtocol, AccountSwitchType, FindingUid, FindingTitle, AnalyticName, AnomalyAnalyses,
    RecordHash, SourceBucket, SourceKey, RawSegment, Anomalies, RawData,
}}

impl Texts {
    /// Whether its values repeat from row to row, so that a dictionary is worth its while.
    pub(crate) const fn repeats(self) -> bool {
        !matches!(self, Self::Uid | Self::RequestUid | Self::RecordHash | Self::RequestData | Self::ResponseData | Self::RawData)
    }
}

leaves! { /// Leaves that hold integers or times.
Ints {
    LoggedTime, Time, SessionCreated, SessionExpires, Class, Category, Activity, TypeUid, Status, EntityType, AuthProtocol, FindingCreated,
    RawOffset, RawLength, RecordIndex, RecordOffset, RecordLength,
}}

leaves! { /// Leaves that hold truth values.
Bools { SessionMfa, Mfa, }}

leaves! { /// Leaves that hold lists of text.
Lists { Privileges, FindingTypes, DataSources, }}

/// A column of text, stored as its values deserve.
#[derive(Debug)]
enum Text {
    Distinct(TextColumn),
    Repeated(DictionaryColumn),
}

impl Text {
    fn new(leaf: Texts) -> Self {
        if leaf.repeats() { Self::Repeated(DictionaryColumn::new()) } else { Self::Distinct(TextColumn::new()) }
    }

    #[inline]
    fn set(&mut self, row: usize, value: &str) {
        match self {
            Self::Distinct(column) => column.set(row, value),
            Self::Repeated(column) => {
                column.set(row, value);
            }
        }
    }

    fn take(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        match self {
            Self::Distinct(column) => column.take(rows),
            Self::Repeated(column) => column.take(rows),
        }
    }
}

#[derive(Debug)]
struct TextListColumn {
    list: ListColumn,
    elements: DictionaryColumn,
}

/// Lists of structs share one shape here: some text columns and an end for every row.
#[derive(Debug)]
struct StructListColumn<const N: usize> {
    list: ListColumn,
    texts: [DictionaryColumn; N],
    len: usize,
}

impl<const N: usize> StructListColumn<N> {
    fn new() -> Self {
        Self { list: ListColumn::new(), texts: std::array::from_fn(|_| DictionaryColumn::new()), len: 0 }
    }

    #[inline]
    fn push(&mut self, values: [Option<&str>; N]) {
        for (column, value) in self.texts.iter_mut().zip(values) {
            if let Some(value) = value {
                column.set(self.len, value);
            }
        }
        self.len += 1;
    }

    #[expect(clippy::type_complexity, reason = "the parts of a list array, and its number of elements")]
    fn take_texts(&mut self, rows: usize) -> Result<([ArrayRef; N], OffsetBuffer<i32>, Option<NullBuffer>, usize), ArrowError> {
        let len = std::mem::take(&mut self.len);
        let mut arrays: [ArrayRef; N] = std::array::from_fn(|_| arrow_array::new_empty_array(&DataType::Null));
        for (array, column) in arrays.iter_mut().zip(&mut self.texts) {
            *array = column.take(len)?;
        }
        let (offsets, nulls) = self.list.take(rows);
        Ok((arrays, offsets, nulls, len))
    }
}

/// Builders for the columns of `events/`. One row at a time, in order.
#[derive(Debug)]
pub(crate) struct Columns {
    texts: Vec<Text>,
    ints: Vec<IntColumn>,
    bools: Vec<BoolColumn>,
    lists: Vec<TextListColumn>,
    resources: StructListColumn<3>,
    observables: ObservableList,
    credentials: StructListColumn<2>,
    policies: StructListColumn<2>,
    map_list: ListColumn,
    map_keys: DictionaryColumn,
    map_values: DictionaryColumn,
    /// For each key by its number, the number of the value that it had last.
    map_nearest: Vec<i32>,
    nodes: Vec<Node>,
    schema: SchemaRef,
    batch: String,
    row: usize,
}

impl Columns {
    /// Empty columns; `batch` stands in every row.
    pub(crate) fn new(batch: &str) -> Self {
        Self {
            texts: Texts::ALL.iter().map(|leaf| Text::new(*leaf)).collect(),
            ints: Ints::ALL.iter().map(|_| IntColumn::new()).collect(),
            bools: Bools::ALL.iter().map(|_| BoolColumn::new()).collect(),
            lists: Lists::ALL.iter().map(|_| TextListColumn { list: ListColumn::new(), elements: DictionaryColumn::new() }).collect(),
            resources: StructListColumn::new(),
            observables: ObservableList::new(),
            credentials: StructListColumn::new(),
            policies: StructListColumn::new(),
            map_list: ListColumn::new(),
            map_keys: DictionaryColumn::new(),
            map_values: DictionaryColumn::new(),
            map_nearest: Vec::new(),
            nodes: schema::nodes(LEAVES, 0),
            schema: schema::encoded_schema(),
            batch: batch.to_owned(),
            row: 0,
        }
    }

    #[inline]
    pub(crate) fn text(&mut self, leaf: Texts, value: &str) {
        if let Some(column) = self.texts.get_mut(leaf as usize) {
            column.set(self.row, value);
        }
    }

    #[inline]
    pub(crate) fn text_if(&mut self, leaf: Texts, value: Option<&str>) {
        if let Some(value) = value {
            self.text(leaf, value);
        }
    }

    /// Sets a text that `name` always stands for in this column.
    #[inline]
    pub(crate) fn text_named<'a>(&mut self, leaf: Texts, name: u64, value: impl FnOnce() -> Cow<'a, str>) {
        match self.texts.get_mut(leaf as usize) {
            Some(Text::Repeated(column)) => column.set_named(self.row, name, value),
            Some(Text::Distinct(column)) => column.set(self.row, &value()),
            None => {}
        }
    }

    #[inline]
    pub(crate) fn int(&mut self, leaf: Ints, value: i64) {
        if let Some(column) = self.ints.get_mut(leaf as usize) {
            column.set(self.row, value);
        }
    }

    pub(crate) fn bool(&mut self, leaf: Bools, value: bool) {
        if let Some(column) = self.bools.get_mut(leaf as usize) {
            column.set(self.row, value);
        }
    }

    /// Appends to a row's list of text.
    pub(crate) fn list(&mut self, leaf: Lists, value: &str) {
        if let Some(column) = self.lists.get_mut(leaf as usize) {
            let at = column.elements.len();
            column.elements.set(at, value);
        }
    }

    pub(crate) fn resource(&mut self, uid: &str, kind: Option<&str>, account: Option<&str>) {
        self.resources.push([Some(uid), kind, account]);
    }

    #[inline]
    pub(crate) fn observable(&mut self, of: Observable, value: &str) {
        self.observables.push(of, value);
    }

    pub(crate) fn credential(&mut self, uid: &str, kind: &str) {
        self.credentials.push([Some(uid), Some(kind)]);
    }

    pub(crate) fn policy(&mut self, uid: Option<&str>, name: Option<&str>) {
        self.policies.push([uid, name]);
    }

    #[inline]
    pub(crate) fn unmapped(&mut self, key: &str, value: &str) {
        let at = self.map_keys.len();
        let number = self.map_keys.set(at, key) as usize;
        if self.map_nearest.len() <= number {
            self.map_nearest.resize(number + 1, NONE);
        }
        if let Some(near) = self.map_nearest.get_mut(number) {
            *near = self.map_values.set_near(at, value, *near);
        }
    }

    /// Ends the row.
    pub(crate) fn end_row(&mut self) {
        let row = self.row;
        for column in &mut self.lists {
            column.list.end_row(row, column.elements.len());
        }
        self.resources.list.end_row(row, self.resources.len);
        self.observables.end_row(row);
        self.credentials.list.end_row(row, self.credentials.len);
        self.policies.list.end_row(row, self.policies.len);
        self.map_list.end_row(row, self.map_keys.len());
        self.row += 1;
    }

    /// The rows as Arrow arrays; the builders are empty afterwards.
    ///
    /// # Errors
    /// [`ArrowError`] where the arrays do not fit each other, which would be a fault of this crate.
    pub(crate) fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        let rows = std::mem::take(&mut self.row);
        let texts = self.texts.iter_mut().map(|column| column.take(rows)).collect::<Result<Vec<_>, _>>()?;
        let ints = self.ints.iter_mut().map(|column| column.take(rows, &DataType::Int64)).collect::<Result<Vec<_>, _>>()?;
        let nodes = std::mem::take(&mut self.nodes);
        let arrays = nodes.iter().map(|node| self.assemble(node, rows, &texts, &ints)).collect::<Result<Vec<_>, _>>();
        self.nodes = nodes;
        RecordBatch::try_new(Arc::clone(&self.schema), arrays?)
    }

    fn assemble(&mut self, node: &Node, rows: usize, texts: &[ArrayRef], ints: &[ArrayRef]) -> Result<ArrayRef, ArrowError> {
        match node {
            Node::Leaf(_, source) => self.leaf(*source, rows, texts, ints),
            Node::Struct(_, children) => {
                let arrays = children.iter().map(|child| self.assemble(child, rows, texts, ints)).collect::<Result<Vec<_>, _>>()?;
                let fields: Fields = children.iter().map(Node::field).collect();
                struct_of(fields, arrays)
            }
        }
    }

    fn leaf(&mut self, source: Source, rows: usize, texts: &[ArrayRef], ints: &[ArrayRef]) -> Result<ArrayRef, ArrowError> {
        let missing = || ArrowError::InvalidArgumentError("no such leaf".to_owned());
        let text = |leaf: Texts| texts.get(leaf as usize).cloned().ok_or_else(missing);
        let int = |leaf: Ints| ints.get(leaf as usize).cloned().ok_or_else(missing);
        Ok(match source {
            Source::Text(leaf) => text(leaf)?,
            Source::Constant(value) => constant(value, rows, None)?,
            Source::ConstantWhere(leaf, value) => constant(value, rows, text(leaf)?.nulls())?,
            Source::Batch => constant(&self.batch, rows, None)?,
            Source::Int32(leaf) => {
                let values = int(leaf)?;
                let values = values.as_primitive::<Int64Type>();
                Arc::new(values.unary::<_, arrow_array::types::Int32Type>(|v| v as i32))
            }
            Source::Int32Constant(value) => Arc::new(Int32Array::from_value(value, rows)),
            Source::Int32Where(leaf, value) => Arc::new(Int32Array::try_new(vec![value; rows].into(), text(leaf)?.nulls().cloned())?),
            Source::Int64(leaf) => int(leaf)?,
            Source::Micros(leaf) => {
                let values = int(leaf)?;
                let micros: TimestampMicrosecondArray = values.as_primitive::<Int64Type>().unary(|ms| ms.saturating_mul(1000));
                Arc::new(micros)
            }
            Source::Bool(leaf) => self.bools.get_mut(leaf as usize).ok_or_else(missing)?.take(rows),
            Source::TextList(leaf) => {
                let column = self.lists.get_mut(leaf as usize).ok_or_else(missing)?;
                let len = column.elements.len();
                let (offsets, nulls) = column.list.take(rows);
                Arc::new(ListArray::try_new(schema::element(schema::repeated()), offsets, column.elements.take(len)?, nulls)?)
            }
            Source::Profiles => profiles(rows)?,
            Source::Resources => self.take_resources(rows)?,
            Source::Observables => self.observables.take(rows)?,
            Source::Credentials => take_pairs(&mut self.credentials, rows, schema::credential_fields())?,
            Source::Policies => take_pairs(&mut self.policies, rows, schema::policy_fields())?,
            Source::Unmapped => self.take_unmapped(rows)?,
        })
    }

    fn take_resources(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        let ([uid, kind, account], offsets, nulls, len) = self.resources.take_texts(rows)?;
        let types = constant("AWS Account", len, account.nulls())?;
        let type_ids = Arc::new(Int32Array::try_new(vec![ACCOUNT_TYPE_ID; len].into(), account.nulls().cloned())?);
        let account = struct_of(schema::account_fields(), vec![account, types, type_ids])?;
        let owner = struct_of(schema::owner_fields(), vec![account])?;
        let role_id: ArrayRef = Arc::new(Int32Array::from_value(1, len));
        let structs = struct_of(schema::resource_fields(), vec![uid, owner, kind, constant("Target", len, None)?, role_id])?;
        list_of(schema::resource_fields(), structs, offsets, nulls)
    }

    fn take_unmapped(&mut self, rows: usize) -> Result<ArrayRef, ArrowError> {
        let len = self.map_keys.len();
        self.map_nearest.clear();
        let entries = StructArray::try_new(schema::map_entry_fields(), vec![self.map_keys.take(len)?, self.map_values.take(len)?], None)?;
        let (offsets, nulls) = self.map_list.take(rows);
        Ok(Arc::new(MapArray::try_new(schema::map_entries(), offsets, entries, nulls, false)?))
    }
}

fn take_pairs(column: &mut StructListColumn<2>, rows: usize, fields: Fields) -> Result<ArrayRef, ArrowError> {
    let ([first, second], offsets, nulls, _) = column.take_texts(rows)?;
    list_of(fields.clone(), struct_of(fields, vec![first, second])?, offsets, nulls)
}

pub(crate) fn list_of(
    fields: Fields,
    structs: ArrayRef,
    offsets: OffsetBuffer<i32>,
    nulls: Option<NullBuffer>,
) -> Result<ArrayRef, ArrowError> {
    Ok(Arc::new(ListArray::try_new(schema::element(DataType::Struct(fields)), offsets, structs, nulls)?))
}

/// A struct that is null where all of its fields are: OCSF leaves empty objects out.
pub(crate) fn struct_of(fields: Fields, arrays: Vec<ArrayRef>) -> Result<ArrayRef, ArrowError> {
    let mut any: Option<arrow_buffer::BooleanBuffer> = None;
    let mut all_valid = false;
    for array in &arrays {
        let Some(nulls) = array.nulls() else {
            all_valid = true;
            break;
        };
        any = Some(any.map_or_else(|| nulls.inner().clone(), |so_far| &so_far | nulls.inner()));
    }
    let nulls = if all_valid { None } else { any.map(NullBuffer::new) };
    Ok(Arc::new(StructArray::try_new(fields, arrays, nulls)?))
}

/// The same text in every row that is not null.
fn constant(value: &str, rows: usize, nulls: Option<&NullBuffer>) -> Result<ArrayRef, ArrowError> {
    dictionary(vec![0; rows], nulls.cloned(), StringArray::from_iter_values([value]))
}

fn profiles(rows: usize) -> Result<ArrayRef, ArrowError> {
    let values = dictionary([0, 1].repeat(rows), None, StringArray::from_iter_values(["cloud", "datetime"]))?;
    Ok(Arc::new(ListArray::try_new(schema::element(schema::repeated()), OffsetBuffer::from_repeated_length(2, rows), values, None)?))
}
