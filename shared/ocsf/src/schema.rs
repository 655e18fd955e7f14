//! The columns of `events/`: Security Lake's `cloud_trail_mgmt_2_0`, what OCSF 1.8.0 adds, and Trailkeep's own, as one list of
//! dotted paths. The list is the schema; nesting follows from the dots, and columns are assembled from it.

use std::sync::Arc;

use arrow_schema::{DataType, Field, Fields, Schema, TimeUnit};

use crate::columns::{Bools, Ints, Lists, Texts};

/// Where a leaf's values come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    Text(Texts),
    /// The same text in every row.
    Constant(&'static str),
    /// A text wherever another column has a value.
    ConstantWhere(Texts, &'static str),
    Int32(Ints),
    Int32Constant(i32),
    Int32Where(Texts, i32),
    Int64(Ints),
    /// Milliseconds in the builder, microseconds in the column.
    Micros(Ints),
    Bool(Bools),
    TextList(Lists),
    /// `["cloud", "datetime"]` in every row.
    Profiles,
    /// The batch's id in every row.
    Batch,
    Resources,
    Observables,
    Credentials,
    Policies,
    Unmapped,
}

use Source::{
    Batch, Bool, Constant, ConstantWhere, Credentials, Int32, Int32Constant, Int32Where, Int64, Micros, Observables, Policies, Profiles,
    Resources, Text, TextList, Unmapped,
};

const ACCOUNT: &str = "AWS Account";
/// `type_id` of an AWS account in OCSF's `account` object.
pub(crate) const ACCOUNT_TYPE_ID: i32 = 10;

pub(crate) const LEAVES: &[(&str, Source)] = &[
    ("metadata.product.version", Text(Texts::ProductVersion)),
    ("metadata.product.name", Constant("CloudTrail")),
    ("metadata.product.vendor_name", Constant("AWS")),
    ("metadata.product.feature.name", Text(Texts::FeatureName)),
    ("metadata.event_code", Text(Texts::EventCode)),
    ("metadata.uid", Text(Texts::Uid)),
    ("metadata.profiles", Profiles),
    ("metadata.version", Constant(crate::OCSF_VERSION)),
    ("metadata.original_time", Text(Texts::OriginalTime)),
    ("metadata.log_provider", Constant("AWS CloudTrail")),
    ("metadata.correlation_uid", Text(Texts::CorrelationUid)),
    ("metadata.logged_time", Int64(Ints::LoggedTime)),
    ("time", Int64(Ints::Time)),
    ("time_dt", Micros(Ints::Time)),
    ("cloud.region", Text(Texts::Region)),
    ("cloud.provider", Constant("AWS")),
    ("cloud.account.uid", Text(Texts::Account)),
    ("cloud.account.type", ConstantWhere(Texts::Account, ACCOUNT)),
    ("cloud.account.type_id", Int32Where(Texts::Account, ACCOUNT_TYPE_ID)),
    ("cloud.org.uid", Text(Texts::OrgUid)),
    ("cloud.org.name", Text(Texts::OrgName)),
    ("cloud.org.ou_uid", Text(Texts::OrgOuUid)),
    ("cloud.org.ou_name", Text(Texts::OrgOuName)),
    ("cloud.cloud_partition", Text(Texts::CloudPartition)),
    ("api.response.error", Text(Texts::ResponseError)),
    ("api.response.message", Text(Texts::ResponseMessage)),
    ("api.response.data", Text(Texts::ResponseData)),
    ("api.operation", Text(Texts::Operation)),
    ("api.version", Text(Texts::ApiVersion)),
    ("api.service.name", Text(Texts::ApiService)),
    ("api.request.data", Text(Texts::RequestData)),
    ("api.request.uid", Text(Texts::RequestUid)),
    ("dst_endpoint.svc_name", Text(Texts::DstService)),
    ("actor.user.type", Text(Texts::ActorType)),
    ("actor.user.name", Text(Texts::ActorName)),
    ("actor.user.uid_alt", Text(Texts::ActorUidAlt)),
    ("actor.user.uid", Text(Texts::ActorUid)),
    ("actor.user.account.uid", Text(Texts::ActorAccount)),
    ("actor.user.account.type", ConstantWhere(Texts::ActorAccount, ACCOUNT)),
    ("actor.user.account.type_id", Int32Where(Texts::ActorAccount, ACCOUNT_TYPE_ID)),
    ("actor.user.credential_uid", Text(Texts::ActorCredential)),
    ("actor.user.type_id", Int32Where(Texts::ActorType, 99)),
    ("actor.user.programmatic_credentials", Credentials),
    ("actor.session.created_time_dt", Micros(Ints::SessionCreated)),
    ("actor.session.is_mfa", Bool(Bools::SessionMfa)),
    ("actor.session.issuer", Text(Texts::ActorIssuer)),
    ("actor.session.created_time", Int64(Ints::SessionCreated)),
    ("actor.session.uid", Text(Texts::ActorSession)),
    ("actor.session.credential_uid", Text(Texts::ActorSessionCredential)),
    ("actor.invoked_by", Text(Texts::InvokedBy)),
    ("actor.idp.name", Text(Texts::IdpName)),
    ("actor.idp.uid", Text(Texts::IdpUid)),
    ("actor.app_name", Text(Texts::AppName)),
    ("http_request.user_agent", Text(Texts::UserAgent)),
    ("src_endpoint.uid", Text(Texts::SrcUid)),
    ("src_endpoint.ip", Text(Texts::SrcIp)),
    ("src_endpoint.domain", Text(Texts::SrcDomain)),
    ("src_endpoint.svc_name", Text(Texts::SrcService)),
    ("src_endpoint.owner.account.uid", Text(Texts::SrcOwner)),
    ("src_endpoint.owner.account.type", ConstantWhere(Texts::SrcOwner, ACCOUNT)),
    ("src_endpoint.owner.account.type_id", Int32Where(Texts::SrcOwner, ACCOUNT_TYPE_ID)),
    ("session.uid", Text(Texts::SessionUid)),
    ("session.uid_alt", Text(Texts::SessionUidAlt)),
    ("session.credential_uid", Text(Texts::SessionCredential)),
    ("session.issuer", Text(Texts::SessionIssuer)),
    ("session.expiration_time", Int64(Ints::SessionExpires)),
    ("session.expiration_time_dt", Micros(Ints::SessionExpires)),
    ("policy.uid", Text(Texts::PolicyUid)),
    ("resources", Resources),
    ("class_name", Text(Texts::ClassName)),
    ("class_uid", Int32(Ints::Class)),
    ("category_name", Text(Texts::CategoryName)),
    ("category_uid", Int32(Ints::Category)),
    ("severity_id", Int32Constant(1)),
    ("severity", Constant("Informational")),
    ("user.uid_alt", Text(Texts::UserUidAlt)),
    ("user.uid", Text(Texts::UserUid)),
    ("user.name", Text(Texts::UserName)),
    ("user.type", Text(Texts::UserType)),
    ("user.type_id", Int32Where(Texts::UserType, 99)),
    ("user.account.uid", Text(Texts::UserAccount)),
    ("user.account.type", ConstantWhere(Texts::UserAccount, ACCOUNT)),
    ("user.account.type_id", Int32Where(Texts::UserAccount, ACCOUNT_TYPE_ID)),
    ("activity_name", Text(Texts::ActivityName)),
    ("activity_id", Int32(Ints::Activity)),
    ("type_uid", Int64(Ints::TypeUid)),
    ("type_name", Text(Texts::TypeName)),
    ("status", Text(Texts::Status)),
    ("is_mfa", Bool(Bools::Mfa)),
    ("unmapped", Unmapped),
    ("observables", Observables),
    ("status_id", Int32(Ints::Status)),
    ("status_code", Text(Texts::StatusCode)),
    ("status_detail", Text(Texts::StatusDetail)),
    ("policies", Policies),
    ("privileges", TextList(Lists::Privileges)),
    ("group.name", Text(Texts::GroupName)),
    ("group.uid", Text(Texts::GroupUid)),
    ("group.uid_alt", Text(Texts::GroupUidAlt)),
    ("entity.name", Text(Texts::EntityName)),
    ("entity.uid", Text(Texts::EntityUid)),
    ("entity.type", Text(Texts::EntityType)),
    ("entity.type_id", Int32(Ints::EntityType)),
    ("service.name", Text(Texts::Service)),
    ("databucket.name", Text(Texts::DatabucketName)),
    ("databucket.uid", Text(Texts::DatabucketUid)),
    ("databucket.type", Text(Texts::DatabucketType)),
    ("databucket.type_id", Int32Where(Texts::DatabucketType, 1)),
    ("table.name", Text(Texts::TableName)),
    ("table.uid", Text(Texts::TableUid)),
    ("auth_protocol", Text(Texts::AuthProtocol)),
    ("auth_protocol_id", Int32(Ints::AuthProtocol)),
    ("account_switch_type", Text(Texts::AccountSwitchType)),
    ("account_switch_type_id", Int32Where(Texts::AccountSwitchType, 2)),
    ("finding_info.uid", Text(Texts::FindingUid)),
    ("finding_info.title", Text(Texts::FindingTitle)),
    ("finding_info.types", TextList(Lists::FindingTypes)),
    ("finding_info.created_time", Int64(Ints::FindingCreated)),
    ("finding_info.created_time_dt", Micros(Ints::FindingCreated)),
    ("finding_info.analytic.name", Text(Texts::AnalyticName)),
    ("finding_info.analytic.type", ConstantWhere(Texts::FindingUid, "Statistical")),
    ("finding_info.analytic.type_id", Int32Where(Texts::FindingUid, 3)),
    ("finding_info.data_sources", TextList(Lists::DataSources)),
    ("anomaly_analyses", Text(Texts::AnomalyAnalyses)),
    // Trailkeep's own.
    ("event_uid", Text(Texts::Uid)),
    ("event_time", Micros(Ints::Time)),
    ("principal_arn", Text(Texts::ActorUid)),
    ("access_key_id", Text(Texts::ActorCredential)),
    ("source_ip", Text(Texts::SrcIp)),
    ("region", Text(Texts::Region)),
    ("accountid", Text(Texts::Account)),
    ("record_hash", Text(Texts::RecordHash)),
    ("source_bucket", Text(Texts::SourceBucket)),
    ("source_key", Text(Texts::SourceKey)),
    ("raw_segment", Text(Texts::RawSegment)),
    ("raw_offset", Int64(Ints::RawOffset)),
    ("raw_length", Int64(Ints::RawLength)),
    ("record_index", Int32(Ints::RecordIndex)),
    ("record_offset", Int64(Ints::RecordOffset)),
    ("record_length", Int32(Ints::RecordLength)),
    ("batch", Batch),
    ("anomalies", Text(Texts::Anomalies)),
    ("raw_data", Text(Texts::RawData)),
];

/// Text whose values repeat.
pub(crate) fn repeated() -> DataType {
    DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))
}

fn nullable(name: &str, data_type: DataType) -> Field {
    Field::new(name, data_type, true)
}

pub(crate) fn account_fields() -> Fields {
    Fields::from(vec![nullable("uid", repeated()), nullable("type", repeated()), nullable("type_id", DataType::Int32)])
}

pub(crate) fn owner_fields() -> Fields {
    Fields::from(vec![nullable("account", DataType::Struct(account_fields()))])
}

pub(crate) fn resource_fields() -> Fields {
    Fields::from(vec![
        nullable("uid", repeated()),
        nullable("owner", DataType::Struct(owner_fields())),
        nullable("type", repeated()),
        nullable("role", repeated()),
        nullable("role_id", DataType::Int32),
    ])
}

pub(crate) fn observable_fields() -> Fields {
    Fields::from(vec![
        nullable("name", repeated()),
        nullable("value", repeated()),
        nullable("type", repeated()),
        nullable("type_id", DataType::Int32),
    ])
}

pub(crate) fn credential_fields() -> Fields {
    Fields::from(vec![nullable("uid", repeated()), nullable("type", repeated())])
}

pub(crate) fn policy_fields() -> Fields {
    Fields::from(vec![nullable("uid", repeated()), nullable("name", repeated())])
}

pub(crate) fn map_entry_fields() -> Fields {
    Fields::from(vec![Field::new("key", repeated(), false), nullable("value", repeated())])
}

/// The field inside a list; Parquet's own name for it.
pub(crate) fn element(data_type: DataType) -> Arc<Field> {
    Arc::new(nullable("element", data_type))
}

pub(crate) fn map_entries() -> Arc<Field> {
    Arc::new(Field::new("key_value", DataType::Struct(map_entry_fields()), false))
}

impl Source {
    pub(crate) fn data_type(self) -> DataType {
        let list_of = |fields| DataType::List(element(DataType::Struct(fields)));
        match self {
            Text(leaf) if !leaf.repeats() => DataType::Utf8,
            Text(_) | Constant(_) | ConstantWhere(..) | Batch => repeated(),
            Int32(_) | Int32Constant(_) | Int32Where(..) => DataType::Int32,
            Int64(_) => DataType::Int64,
            Micros(_) => DataType::Timestamp(TimeUnit::Microsecond, None),
            Bool(_) => DataType::Boolean,
            TextList(_) | Profiles => DataType::List(element(repeated())),
            Resources => list_of(resource_fields()),
            Observables => list_of(observable_fields()),
            Credentials => list_of(credential_fields()),
            Policies => list_of(policy_fields()),
            Unmapped => DataType::Map(map_entries(), false),
        }
    }
}

/// One level of the nesting that the dotted paths describe.
#[derive(Debug)]
pub(crate) enum Node {
    Leaf(&'static str, Source),
    Struct(&'static str, Vec<Node>),
}

/// The nesting of `leaves`, whose paths all begin after the same prefix of `skip` bytes.
pub(crate) fn nodes(leaves: &[(&'static str, Source)], skip: usize) -> Vec<Node> {
    let rest = |path: &'static str| path.get(skip..).unwrap_or_default();
    let mut out = Vec::new();
    for group in leaves.chunk_by(|(a, _), (b, _)| rest(a).contains('.') && rest(a).split('.').next() == rest(b).split('.').next()) {
        let Some((path, source)) = group.first() else { continue };
        out.push(match rest(path).split_once('.') {
            None => Node::Leaf(rest(path), *source),
            Some((name, _)) => Node::Struct(name, nodes(group, skip + name.len() + 1)),
        });
    }
    out
}

impl Node {
    pub(crate) fn field(&self) -> Field {
        match self {
            Self::Leaf(name, source) => nullable(name, source.data_type()),
            Self::Struct(name, children) => nullable(name, DataType::Struct(children.iter().map(Self::field).collect())),
        }
    }
}

/// The Arrow schema of `events/`. Everything is nullable but the keys of maps; timestamps are UTC microseconds without a zone.
pub fn events_schema() -> Arc<Schema> {
    Arc::new(Schema::new(encoded_schema().fields().iter().map(|field| plain(field)).collect::<Fields>()))
}

/// The schema of the normaliser's rows: that of `events/`, with dictionaries where values repeat.
pub(crate) fn encoded_schema() -> Arc<Schema> {
    Arc::new(Schema::new(nodes(LEAVES, 0).iter().map(Node::field).collect::<Fields>()))
}

/// A field without dictionaries.
fn plain(field: &Field) -> Field {
    let inner = |field: &Arc<Field>| Arc::new(plain(field));
    let data_type = match field.data_type() {
        DataType::Dictionary(_, values) => values.as_ref().clone(),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(inner).collect()),
        DataType::List(element) => DataType::List(inner(element)),
        DataType::Map(entries, sorted) => DataType::Map(inner(entries), *sorted),
        other => other.clone(),
    };
    field.clone().with_data_type(data_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_occurs_once() {
        let schema = events_schema();
        let mut names: Vec<_> = schema.fields().iter().map(|f| f.name().clone()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(
            matches!(schema.field_with_name("actor").map(|f| f.data_type().clone()), Ok(DataType::Struct(fields)) if fields.len() == 5)
        );
    }
}
