//! One record: a row of the catalogue, a session and a time become the JSON that CloudTrail would write.

use crate::{
    actors::{Session, browser},
    catalogue::{Caller, Denial, Event},
    chance::Chance,
    estate::Estate,
    template::Scene,
    time,
};

/// What all records of an object share.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) estate: &'a Estate,
    pub(crate) trail_bucket: &'a str,
    /// How many calls of a thousand are refused.
    pub(crate) denied_per_mille: u64,
    /// CloudTrail says that these come late, and why.
    pub(crate) delayed: bool,
}

/// Why a call failed.
enum Failure {
    No,
    Denied(Denial),
    Other { code: &'static str, message: &'static str },
}

/// Appends one record, without anything around it.
pub(crate) fn write(event: &Event, session: &Session, event_ms: i64, setting: Setting<'_>, chance: &mut Chance, out: &mut Vec<u8>) {
    let mut request_id = Vec::with_capacity(36);
    chance.uuid(&mut request_id);
    let scene = Scene {
        estate: setting.estate,
        region: if event.global { "us-east-1" } else { &setting.estate.region },
        trail_bucket: setting.trail_bucket,
        caller_arn: &session.arn,
        caller_name: &session.name,
        event_ms,
        salt: chance.next(),
        request_id: request_id.try_into().unwrap_or([b'0'; 36]),
    };
    let failure = fail(event, setting, chance);
    let mut record = Record { event, session, scene, failure, out };
    record.who(chance);
    record.what();
    record.origin(chance);
    record.outcome(chance);
    record.ids(chance);
    record.ending(setting, chance);
}

fn fail(event: &Event, setting: Setting<'_>, chance: &mut Chance) -> Failure {
    let by_session = matches!(event.caller, Caller::Session);
    match (event.denial, event.failure) {
        (Some(denial), _) if by_session && chance.per_mille(setting.denied_per_mille) => Failure::Denied(denial),
        (_, Some((code, message, times))) if chance.per_mille(times) => Failure::Other { code, message },
        _ => Failure::No,
    }
}

/// A record being written, member by member in CloudTrail's order.
struct Record<'a> {
    event: &'a Event,
    session: &'a Session,
    scene: Scene<'a>,
    failure: Failure,
    out: &'a mut Vec<u8>,
}

impl Record<'_> {
    fn put(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn member(&mut self, name: &str, value: &str) {
        self.put(",\"");
        self.put(name);
        self.put("\":\"");
        self.put(value);
        self.put("\"");
    }

    fn render(&mut self, template: &str, chance: &mut Chance) {
        self.scene.render(template, chance, self.out);
    }

    fn who(&mut self, chance: &mut Chance) {
        self.put("{\"eventVersion\":\"");
        self.put(self.event.version);
        self.put("\",\"userIdentity\":");
        match self.event.caller {
            Caller::Service(service) => {
                self.put("{\"type\":\"AWSService\",\"invokedBy\":\"");
                self.put(service);
                self.put(".amazonaws.com\"}");
            }
            Caller::Identity(template) => self.render(template, chance),
            Caller::Session => {
                self.identity();
                self.put("}");
            }
            Caller::Through(service) => {
                self.identity();
                self.put(",\"invokedBy\":\"");
                self.put(service);
                self.put(".amazonaws.com\"}");
            }
        }
    }

    fn identity(&mut self) {
        let session = self.session;
        self.put(&session.identity);
        if let Some((after, created_ms)) = &session.context {
            // A late record is older than the session that lends it its face.
            let created_ms = (*created_ms).min(self.scene.event_ms - 45_000);
            time::write_iso(self.out, created_ms);
            self.put(after);
        }
    }

    fn what(&mut self) {
        self.put(",\"eventTime\":\"");
        time::write_iso(self.out, self.scene.event_ms);
        self.put("\",\"eventSource\":\"");
        self.put(self.event.source);
        self.put(".amazonaws.com\"");
        self.member("eventName", self.event.name);
        let region = self.scene.region;
        self.member("awsRegion", region);
    }

    fn origin(&mut self, chance: &mut Chance) {
        match self.event.caller {
            Caller::Service(service) | Caller::Through(service) => {
                let service = format!("{service}.amazonaws.com");
                self.member("sourceIPAddress", &service);
                self.member("userAgent", &service);
            }
            Caller::Session => {
                self.member("sourceIPAddress", &self.session.address);
                self.member("userAgent", &self.session.agent);
            }
            Caller::Identity(_) if self.event.kind == "AwsServiceEvent" => {
                let service = format!("{}.amazonaws.com", self.event.source);
                self.member("sourceIPAddress", &service);
                self.member("userAgent", &service);
            }
            Caller::Identity(_) => {
                self.member("sourceIPAddress", &self.session.address);
                self.member("userAgent", if self.session.console { &self.session.agent } else { browser(chance) });
            }
        }
    }

    fn outcome(&mut self, chance: &mut Chance) {
        let (mut asks, mut gives) = (self.event.params, self.event.response);
        match self.failure {
            Failure::No => {}
            Failure::Denied(denial) => {
                gives = "";
                if denial == Denial::Plain && !self.event.data && self.event.source != "s3" {
                    asks = "";
                }
                self.denied(denial, chance);
            }
            Failure::Other { code, message } => {
                if !code.is_empty() {
                    gives = "";
                    self.member("errorCode", code);
                }
                self.put(",\"errorMessage\":\"");
                self.render(message, chance);
                self.put("\"");
            }
        }
        self.object("requestParameters", asks, chance);
        self.object("responseElements", gives, chance);
        if !self.event.extra.is_empty() {
            self.object("additionalEventData", self.event.extra, chance);
        }
    }

    fn denied(&mut self, denial: Denial, chance: &mut Chance) {
        self.member("errorCode", denial.code());
        let action = format!("{}:{}", self.event.source, self.event.name);
        self.put(",\"errorMessage\":\"");
        if denial == Denial::Ec2 {
            self.put("You are not authorized to perform this operation. ");
        }
        self.render("User: %p is not authorized to perform: ", chance);
        self.put(&action);
        self.render(self.event.denied_on, chance);
        self.put(" because no identity-based policy allows the ");
        self.put(&action);
        self.put(" action");
        if denial == Denial::Ec2 {
            self.render(". Encoded authorization failure message: %b420", chance);
        }
        self.put("\"");
    }

    fn object(&mut self, name: &str, template: &str, chance: &mut Chance) {
        self.put(",\"");
        self.put(name);
        self.put("\":");
        self.render(if template.is_empty() { "null" } else { template }, chance);
    }

    fn ids(&mut self, chance: &mut Chance) {
        if self.event.kind == "AwsApiCall" {
            let id = self.scene.request_id;
            if self.event.source == "s3" {
                self.put(",\"requestID\":\"");
                chance.id(self.out, 16);
            } else {
                self.put(",\"requestID\":\"");
                self.out.extend_from_slice(&id);
            }
            self.put("\"");
        }
        self.put(",\"eventID\":\"");
        chance.uuid(self.out);
        self.put(if self.event.read_only { "\",\"readOnly\":true" } else { "\",\"readOnly\":false" });
        if !self.event.resources.is_empty() && matches!(self.failure, Failure::No) {
            self.put(",\"resources\":");
            self.render(self.event.resources, chance);
        }
    }

    fn ending(&mut self, setting: Setting<'_>, chance: &mut Chance) {
        self.member("eventType", self.event.kind);
        self.put(if self.event.data { ",\"managementEvent\":false" } else { ",\"managementEvent\":true" });
        self.member("recipientAccountId", &setting.estate.account);
        if self.event.shared {
            self.put(",\"sharedEventID\":\"");
            chance.uuid(self.out);
            self.put("\"");
        }
        let session = matches!(self.event.caller, Caller::Session);
        if let (true, Some(endpoint)) = (session, &self.session.endpoint) {
            self.member("vpcEndpointId", endpoint);
            self.member("vpcEndpointAccountId", &setting.estate.account);
        }
        if !self.event.details.is_empty() {
            self.object("serviceEventDetails", self.event.details, chance);
        }
        self.member("eventCategory", if self.event.data { "Data" } else { "Management" });
        if session && !self.session.console {
            let tls = if self.session.address.ends_with('7') {
                ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256")
            } else {
                ("TLSv1.3", "TLS_AES_128_GCM_SHA256")
            };
            self.put(",\"tlsDetails\":{\"tlsVersion\":\"");
            self.put(tls.0);
            self.put("\",\"cipherSuite\":\"");
            self.put(tls.1);
            self.put("\",\"clientProvidedHostHeader\":\"");
            self.host(chance);
            self.put("\"}");
        }
        if session && self.session.console {
            self.member("sessionCredentialFromConsole", "true");
        }
        if setting.delayed {
            self.put(",\"addendum\":{\"reason\":\"DELIVERY_DELAY\"}");
        }
        self.put("}");
    }

    fn host(&mut self, chance: &mut Chance) {
        if self.event.host.is_empty() {
            self.put(self.event.source);
            self.render(".%r.amazonaws.com", chance);
        } else {
            self.render(self.event.host, chance);
        }
    }
}
