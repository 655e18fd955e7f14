//! One Record, one row. The order of steps is the order of MAPPING: class, status, common columns, actor, endpoint, call,
//! resources, what the class has of its own, leftovers, observables.

use std::{borrow::Cow, net::IpAddr};

use arrow_array::RecordBatch;
use arrow_schema::ArrowError;
use memchr::memmem;
use trailkeep_records::{Key, json::Value};

use crate::{
    actor::Identity,
    classes::{Parts, Written},
    columns::{Columns, Ints, Texts},
    flatten::Leftovers,
    head::{EventCategory, Head, own_account},
    insight,
    observables::Observable,
    place::Place,
    record::{RecordView, filled},
    redact::Redaction,
    redacted::RedactedRecord,
    resources::{Resource, Resources},
    route::{Classes, Route, Signs, route_signs},
};

/// How Records are normalised.
#[derive(Debug, Clone, Default)]
pub struct NormaliserConfig {
    /// Which classes are used.
    pub classes: Classes,
    /// What is hidden.
    pub redaction: Redaction,
    /// Whether `raw_data` holds the Record's text (redacted as configured).
    pub raw_data: bool,
}

/// Turns Records into rows.
#[derive(Debug)]
pub struct Normaliser {
    config: NormaliserConfig,
    columns: Columns,
    left: Leftovers,
}

impl Normaliser {
    /// A normaliser whose rows carry the batch's id.
    pub fn new(config: NormaliserConfig, batch: &str) -> Self {
        Self { config, columns: Columns::new(batch), left: Leftovers::default() }
    }

    /// The rows as Arrow arrays; empty afterwards.
    ///
    /// # Errors
    /// [`ArrowError`], which would be a fault of this crate.
    pub fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        self.columns.take()
    }

    /// Appends a Record as a row. Where paths are redacted, all that the row says is read from the redacted text.
    pub fn push(&mut self, view: &RecordView<'_>, head: &Head<'_>, place: &Place<'_>) {
        let length = view.text().len();
        match RedactedRecord::of(view, &self.config.redaction) {
            None => self.write_row(view, head, place, length),
            Some(redacted) => {
                let view = redacted.view();
                self.write_row(&view, &head.redacted(&view, place.key_account), place, length);
            }
        }
    }

    fn write_row(&mut self, view: &RecordView<'_>, head: &Head<'_>, place: &Place<'_>, record_length: usize) {
        self.left.clear(view.text().len());
        let name = view.text_of(Key::EventName);
        let source = view.text_of(Key::EventSource);
        let object = |key| view.get(key).filter(Value::is_object);
        let request = object(Key::RequestParameters);
        let details = object(Key::InsightDetails);
        let insight = head.category == EventCategory::Insight;
        let signs = Signs {
            source: source.as_deref().unwrap_or_default(),
            name: name.as_deref().unwrap_or_default(),
            read_only: view.get(Key::ReadOnly).is_some_and(|value| value.text == "true"),
            insight,
            insight_ends: details.and_then(|d| d.get("state")).and_then(filled).as_deref() == Some("End"),
            data_event: head.category == EventCategory::Data,
        };
        let route = route_signs(&signs, self.config.classes, |field| request.and_then(|r| r.get(field)).and_then(filled));

        self.write_class(route, signs.name);
        self.write_status(view, route, signs.name);
        self.write_common(view, head, place, insight);
        if insight {
            self.write_insight(view, details, head, place);
        } else {
            self.write_call(view, head, route, &signs, request);
        }
        self.write_leftovers(view, route, insight);
        self.columns.int(Ints::RecordLength, record_length as i64);
        self.write_own(view, place);
        self.columns.end_row();
    }

    fn write_class(&mut self, route: Route, name: &str) {
        let columns = &mut self.columns;
        let (category, category_name) = route.category();
        let activity = route.activity_name();
        let type_uid = route.type_uid();
        columns.int(Ints::Class, i64::from(route.class));
        columns.text_named(Texts::ClassName, route.class as u64, || route.class_name().into());
        columns.int(Ints::Category, i64::from(category));
        columns.text_named(Texts::CategoryName, category as u64, || category_name.into());
        columns.int(Ints::Activity, i64::from(route.activity));
        match activity {
            Some(activity) => columns.text_named(Texts::ActivityName, type_uid as u64, || activity.into()),
            None => columns.text(Texts::ActivityName, if name.is_empty() { "Unknown" } else { name }),
        }
        columns.int(Ints::TypeUid, type_uid);
        columns.text_named(Texts::TypeName, type_uid as u64, || format!("{}: {}", route.class_name(), activity.unwrap_or("Other")).into());
    }

    fn write_status(&mut self, view: &RecordView<'_>, route: Route, name: &str) {
        let code = self.mapped(view, Key::ErrorCode);
        let message = self.mapped(view, Key::ErrorMessage);
        let failed = match verdict(view, name) {
            Some(success) => !success,
            None => code.is_some() || message.is_some(),
        };
        let (id, status) = match (route.class, route.activity) {
            (2004, 3) => (4, "Resolved"),
            (2004, _) => (1, "New"),
            _ if failed => (2, "Failure"),
            _ => (1, "Success"),
        };
        self.columns.int(Ints::Status, id);
        self.columns.text_named(Texts::Status, id as u64, || status.into());
        self.columns.text_if(Texts::StatusCode, code.as_deref());
        self.columns.text_if(Texts::StatusDetail, message.as_deref());
        if route.class != 2004 {
            self.columns.text_if(Texts::ResponseError, code.as_deref());
            self.columns.text_if(Texts::ResponseMessage, message.as_deref());
        }
    }

    /// A field that has a column: its text. What is no text goes to the leftovers.
    fn mapped<'a>(&mut self, view: &RecordView<'a>, key: Key) -> Option<Cow<'a, str>> {
        let value = view.get(key)?;
        let text = value.as_str();
        if text.is_none() {
            self.left.add(key.name(), value, &self.config.redaction);
        }
        text.filter(|text| !text.is_empty())
    }

    fn write_common(&mut self, view: &RecordView<'_>, head: &Head<'_>, place: &Place<'_>, insight: bool) {
        for (key, leaf) in
            [(Key::EventVersion, Texts::ProductVersion), (Key::EventType, Texts::EventCode), (Key::SharedEventId, Texts::CorrelationUid)]
        {
            let text = self.mapped(view, key);
            self.columns.text_if(leaf, text.as_deref());
        }
        let uid = self.mapped(view, Key::EventId).or_else(|| view.text_of(Key::AggregatedEventId));
        self.columns.text_if(Texts::Uid, uid.as_deref());
        let feature = self.mapped(view, Key::EventCategory);
        let default = if insight { "Insight" } else { "Management, Data, and Insights" };
        self.columns.text(Texts::FeatureName, feature.as_deref().unwrap_or(default));
        let original = self.mapped(view, Key::EventTime);
        self.columns.text_if(Texts::OriginalTime, original.as_deref());
        if let Some(ms) = place.delivered_ms {
            self.columns.int(Ints::LoggedTime, ms);
        }
        self.columns.int(Ints::Time, head.time_ms);
        let _region = self.mapped(view, Key::AwsRegion);
        self.columns.text_if(Texts::Region, head.region.as_deref());
        self.columns.text_if(Texts::Account, head.account.as_deref());
        self.columns.text_if(Texts::OrgUid, place.organization);
    }

    fn write_call(&mut self, view: &RecordView<'_>, head: &Head<'_>, route: Route, signs: &Signs<'_>, request: Option<Value<'_>>) {
        let _source = self.mapped(view, Key::EventSource);
        let _name = self.mapped(view, Key::EventName);
        let additional = view.get(Key::AdditionalEventData).filter(Value::is_object);
        let sso_user = || additional.and_then(|data| data.get("UserName")).and_then(filled);
        let identity = match view.get(Key::UserIdentity) {
            Some(identity) => Identity::read(identity, sso_user, &mut self.left, &self.config.redaction),
            None => Identity::default(),
        };
        let source = if signs.source.is_empty() { "Unknown" } else { signs.source };
        identity.write(&mut self.columns, &mut self.left, source);
        self.columns.text(Texts::CloudPartition, partition(identity.arn.as_deref(), head.region.as_deref()));

        let endpoint = self.write_endpoint(view, &identity, source);
        let user_agent = self.mapped(view, Key::UserAgent);
        self.columns.text_if(Texts::UserAgent, user_agent.as_deref());
        self.write_api(view, signs.name, source);
        let resources = self.write_resources(view, matches!(route.class, 6003 | 3005));
        let parts = Parts {
            route,
            name: signs.name,
            source,
            account: head.account.as_deref(),
            identity: &identity,
            request,
            response: if route.class == 6003 { None } else { view.get(Key::ResponseElements).filter(Value::is_object) },
            bucket_arn: resources.bucket_arn.clone(),
            table_arn: resources.table_arn.clone(),
        };
        let written = parts.write(&mut self.columns);
        if route.class == 3002 {
            self.write_login(additional);
        }
        self.write_observables(head, &identity, &endpoint, user_agent.as_deref(), &written, &resources);
    }

    fn write_endpoint<'a>(&mut self, view: &RecordView<'a>, identity: &Identity<'a>, source: &str) -> Endpoint<'a> {
        let address = self.mapped(view, Key::SourceIpAddress);
        let uid = self.mapped(view, Key::VpcEndpointId);
        self.columns.text_if(Texts::SrcUid, uid.as_deref());
        self.columns.text_if(Texts::SrcOwner, view.text_of(Key::VpcEndpointAccountId).as_deref());
        let is_ip = address.as_deref().is_some_and(is_ip);
        match address.as_deref() {
            Some(ip) if is_ip => self.columns.text(Texts::SrcIp, ip),
            Some(name) => {
                self.columns.text(Texts::SrcDomain, name);
                self.columns.text(Texts::SrcService, name);
            }
            None if uid.is_none() => self.columns.text(Texts::SrcService, identity.invoked_by.as_deref().unwrap_or(source)),
            None => {}
        }
        Endpoint { uid, address, is_ip }
    }

    fn write_api(&mut self, view: &RecordView<'_>, name: &str, source: &str) {
        self.columns.text(Texts::Operation, if name.is_empty() { "Unknown" } else { name });
        self.columns.text(Texts::ApiService, source);
        let version = self.mapped(view, Key::ApiVersion);
        self.columns.text_if(Texts::ApiVersion, version.as_deref());
        let request_id = self.mapped(view, Key::RequestId);
        if let Some(value) = view.get(Key::RequestParameters) {
            let text = self.config.redaction.json(Key::RequestParameters.name(), value);
            if request_id.is_some() {
                self.columns.text(Texts::RequestData, &text);
            } else {
                self.left.add_text(Key::RequestParameters.name(), &text);
            }
        }
        self.columns.text_if(Texts::RequestUid, request_id.as_deref());
        if let Some(value) = view.get(Key::ResponseElements) {
            let text = self.config.redaction.json(Key::ResponseElements.name(), value);
            self.columns.text(Texts::ResponseData, &text);
        }
    }

    /// Writes `resources`, or leaves them to `unmapped` where the class has no such column.
    fn write_resources<'a>(&mut self, view: &RecordView<'a>, has_column: bool) -> Resources<'a> {
        let mut resources = Resources::default();
        let Some(value) = view.get(Key::Resources) else { return resources };
        if !has_column || !value.is_array() {
            self.left.add(Key::Resources.name(), value, &self.config.redaction);
        }
        for element in value.elements() {
            let resource = Resource::read(element);
            resources.remember(&resource);
            if !has_column {
                continue;
            }
            if !resource.complete {
                self.left.add("resources[]", element, &self.config.redaction);
            }
            let Some(uid) = resource.uid else { continue };
            let known = (uid, resource.kind, resource.account);
            if !resources.written.contains(&known) {
                self.columns.resource(&known.0, known.1.as_deref(), known.2.as_deref());
                resources.written.push(known);
            }
        }
        resources
    }

    fn write_login(&mut self, additional: Option<Value<'_>>) {
        let text = |name: &str| additional.and_then(|data| data.get(name)).and_then(filled);
        self.columns.text_if(Texts::DstService, text("LoginTo").as_deref());
        let mfa = match text("MFAUsed").as_deref() {
            Some("Yes") => Some(true),
            Some("No") => Some(false),
            _ => None,
        };
        if let Some(mfa) = mfa {
            self.columns.bool(crate::columns::Bools::Mfa, mfa);
        }
        for (name, value) in additional.into_iter().flat_map(|data| data.members()) {
            let taken = (name.is("LoginTo") && filled(value).is_some()) || (name.is("MFAUsed") && mfa.is_some());
            if !taken {
                self.left.add_member(Key::AdditionalEventData.name(), &name.decoded(), value, &self.config.redaction);
            }
        }
    }

    fn write_insight(&mut self, view: &RecordView<'_>, details: Option<Value<'_>>, head: &Head<'_>, place: &Place<'_>) {
        let uid = view.text_of(Key::SharedEventId).or_else(|| view.text_of(Key::EventId));
        self.columns.text(Texts::CloudPartition, partition(None, head.region.as_deref()));
        insight::write(&mut self.columns, details, uid.as_deref().unwrap_or(place.record_hash), head.time_ms);
        let _resources = self.write_resources(view, true);
        // A finding has no columns for these.
        for key in [
            Key::UserIdentity,
            Key::EventSource,
            Key::EventName,
            Key::SourceIpAddress,
            Key::UserAgent,
            Key::RequestId,
            Key::ApiVersion,
            Key::VpcEndpointId,
            Key::RequestParameters,
            Key::ResponseElements,
        ] {
            if let Some(value) = view.get(key) {
                if matches!(key, Key::RequestParameters | Key::ResponseElements) {
                    let text = self.config.redaction.json(key.name(), value);
                    self.left.add_text(key.name(), &text);
                } else {
                    self.left.add(key.name(), value, &self.config.redaction);
                }
            }
        }
        if let Some(account) = head.account.as_deref() {
            self.columns.observable(Observable::Account, account);
        }
    }

    fn write_leftovers(&mut self, view: &RecordView<'_>, route: Route, insight: bool) {
        const UNMAPPED: [Key; 17] = [
            Key::ReadOnly,
            Key::ManagementEvent,
            Key::RecipientAccountId,
            Key::SharedEventId,
            Key::VpcEndpointAccountId,
            Key::ServiceEventDetails,
            Key::InsightDetails,
            Key::Addendum,
            Key::EdgeDeviceDetails,
            Key::TlsDetails,
            Key::SessionCredentialFromConsole,
            Key::AggregatedEventId,
            Key::AggregatedAccountId,
            Key::TimeWindow,
            Key::Summary,
            Key::AwsAccountId,
            Key::AdditionalEventData,
        ];
        for key in UNMAPPED {
            let written = key == Key::AdditionalEventData && route.class == 3002 && !insight;
            if let Some(value) = view.get(key)
                && !(written && value.is_object())
                && !(key == Key::SharedEventId && value.as_str().is_none())
            {
                self.left.add(key.name(), value, &self.config.redaction);
            }
        }
        for (name, value) in view.others() {
            self.left.add(&name, value, &self.config.redaction);
        }
        self.left.write(&mut self.columns);
    }

    fn write_own(&mut self, view: &RecordView<'_>, place: &Place<'_>) {
        let columns = &mut self.columns;
        columns.text(Texts::RecordHash, place.record_hash);
        columns.text(Texts::SourceBucket, place.bucket);
        columns.text(Texts::SourceKey, place.key);
        columns.text(Texts::RawSegment, place.segment);
        columns.int(Ints::RawOffset, place.segment_offset as i64);
        columns.int(Ints::RawLength, place.segment_length as i64);
        columns.int(Ints::RecordIndex, place.record_index as i64);
        columns.int(Ints::RecordOffset, place.record_offset as i64);
        if let Some(anomalies) = anomalies(view, place) {
            columns.text(Texts::Anomalies, &anomalies);
        }
        if self.config.raw_data {
            columns.text(Texts::RawData, &self.config.redaction.record(view.text()));
        }
    }

    fn write_observables(
        &mut self,
        head: &Head<'_>,
        identity: &Identity<'_>,
        endpoint: &Endpoint<'_>,
        user_agent: Option<&str>,
        written: &Written<'_>,
        resources: &Resources<'_>,
    ) {
        let columns = &mut self.columns;
        let mut add = |of: Observable, value: Option<&str>| {
            if let Some(value) = value {
                columns.observable(of, value);
            }
        };
        let user = identity.is_user();
        add(Observable::ActorName, identity.name.as_deref());
        add(Observable::UserName, written.user_name.as_deref());
        add(Observable::SrcIp, endpoint.address.as_deref().filter(|_| endpoint.is_ip));
        add(Observable::SrcDomain, endpoint.address.as_deref().filter(|_| !endpoint.is_ip));
        add(Observable::ActorUid, identity.arn.as_deref());
        add(Observable::ActorCredential, identity.key().filter(|_| user));
        add(Observable::SessionCredential, written.session_credential.as_deref());
        add(Observable::Account, head.account.as_deref());
        add(Observable::UserAgent, user_agent);
        add(Observable::SrcUid, endpoint.uid.as_deref());
        for (uid, _, _) in &resources.written {
            add(Observable::Resource, Some(uid));
        }
    }
}

struct Endpoint<'a> {
    uid: Option<Cow<'a, str>>,
    address: Option<Cow<'a, str>>,
    is_ip: bool,
}

/// The partition of the caller's ARN, else of the Region.
fn partition<'a>(arn: Option<&'a str>, region: Option<&str>) -> &'a str {
    let own = arn.and_then(|arn| arn.split(':').nth(1)).filter(|partition| partition.starts_with("aws"));
    own.unwrap_or_else(|| match region.unwrap_or_default() {
        r if r.starts_with("cn-") => "aws-cn",
        r if r.starts_with("us-gov-") => "aws-us-gov",
        r if r.starts_with("us-isob-") => "aws-iso-b",
        r if r.starts_with("us-iso-") => "aws-iso",
        r if r.starts_with("eu-isoe-") => "aws-iso-e",
        r if r.starts_with("us-isof-") => "aws-iso-f",
        r if r.starts_with("eusc-") => "aws-eusc",
        _ => "aws",
    })
}

/// Whether a source address is an IP address, IPv4 or IPv6.
fn is_ip(text: &str) -> bool {
    text.bytes().next().is_some_and(|b| b.is_ascii_hexdigit() || b == b':') && text.len() <= 45 && text.parse::<IpAddr>().is_ok()
}

/// What the service itself says of the outcome: `"<eventName>": "Success"` or `"Failure"`, as console sign-ins do.
fn verdict(view: &RecordView<'_>, name: &str) -> Option<bool> {
    [Key::ResponseElements, Key::ServiceEventDetails].into_iter().find_map(|key| {
        let value = view.get(key)?;
        let bytes = value.text.as_bytes();
        let may_say = memmem::find(bytes, b"\"Success\"").is_some() || memmem::find(bytes, b"\"Failure\"").is_some();
        match may_say.then(|| value.get(name)).flatten()?.text {
            "\"Success\"" => Some(true),
            "\"Failure\"" => Some(false),
            _ => None,
        }
    })
}

/// What is odd about a Record, for people to look at.
fn anomalies(view: &RecordView<'_>, place: &Place<'_>) -> Option<String> {
    let mut names = Vec::new();
    if let (Some(own), Some(key)) = (own_account(view), place.key_account)
        && own != key
    {
        names.push("account_mismatch");
    }
    if view.has_repeated_fields() {
        names.push("repeated_field");
    }
    (!names.is_empty()).then(|| names.join(","))
}

#[cfg(test)]
#[path = "normalise_tests.rs"]
mod tests;
