//! The rarer classes: Insights (a Start, later its End), network activity of VPC endpoints, and summaries of data events.

use crate::{
    chance::Chance,
    config::SynthConfig,
    estate::{Estate, Pool},
    object::Author,
    template::Scene,
    time,
};

/// Calls whose rate stands out: service, event name, error code.
const UNUSUAL: [(&str, &str, &str); 5] = [
    ("ec2", "RunInstances", ""),
    ("iam", "CreateAccessKey", ""),
    ("secretsmanager", "GetSecretValue", "AccessDeniedException"),
    ("s3", "DeleteBucketPolicy", ""),
    ("ssm", "PutParameter", "ThrottlingException"),
];

/// A strange stretch of time.
#[derive(Debug)]
pub(crate) struct Episode {
    kind: usize,
    shared_id: String,
    minutes: u64,
    baseline: u64,
    rate: u64,
    caller: String,
    normal_caller: String,
    agent: String,
}

impl Episode {
    pub(crate) fn new(author: &mut Author<'_>) -> Self {
        let chance = &mut author.chance;
        let mut shared_id = Vec::with_capacity(36);
        chance.uuid(&mut shared_id);
        let (first, second) = (author.actors.choose(chance), author.actors.choose(chance));
        Self {
            kind: chance.below(UNUSUAL.len() as u64) as usize,
            shared_id: shared_id.into_iter().map(char::from).collect(),
            minutes: chance.between(3, 40),
            baseline: chance.between(1, 90),
            rate: chance.between(400, 9_000),
            caller: author.actors.get(first).arn.clone(),
            normal_caller: author.actors.get(second).arn.clone(),
            agent: author.actors.get(first).agent.clone(),
        }
    }

    /// How long it lasts, in milliseconds.
    pub(crate) fn length_ms(&self) -> i64 {
        self.minutes as i64 * 60_000
    }

    /// The object with its Start or End.
    pub(crate) fn write(&self, end: bool, event_ms: i64, estate: &Estate, chance: &mut Chance, out: &mut Vec<u8>) {
        let (source, name, code) = UNUSUAL[self.kind];
        let state = if end { "End" } else { "Start" };
        let (kind, error) = if code.is_empty() {
            ("ApiCallRateInsight", String::new())
        } else {
            ("ApiErrorRateInsight", format!("\"errorCode\":\"{code}\","))
        };
        let duration = if end { self.minutes } else { 1 };
        let (baseline, rate) = (decimal(self.baseline), decimal(self.rate));
        let (caller, normal, agent) = (&self.caller, &self.normal_caller, &self.agent);
        let error_name = if code.is_empty() { "null" } else { code };
        let mut id = Vec::with_capacity(36);
        chance.uuid(&mut id);
        let id: String = id.into_iter().map(char::from).collect();
        let text = format!(
            "{{\"Records\":[{{\"eventVersion\":\"1.08\",\"eventTime\":\"{}\",\"awsRegion\":\"{}\",\"eventID\":\"{id}\",\
             \"eventType\":\"AwsCloudTrailInsight\",\"recipientAccountId\":\"{}\",\"sharedEventID\":\"{}\",\"insightDetails\":{{\"state\":\"{state}\",\
             \"eventSource\":\"{source}.amazonaws.com\",\"eventName\":\"{name}\",\"insightType\":\"{kind}\",{error}\"insightContext\":{{\"statistics\":{{\
             \"baseline\":{{\"average\":{baseline}}},\"insight\":{{\"average\":{rate}}},\"insightDuration\":{duration},\"baselineDuration\":10181}},\
             \"attributions\":[{{\"attribute\":\"userIdentityArn\",\"insight\":[{{\"value\":\"{caller}\",\"average\":{rate}}}],\"baseline\":[{{\"value\":\"{normal}\",\"average\":{baseline}}}]}},\
             {{\"attribute\":\"userAgent\",\"insight\":[{{\"value\":\"{agent}\",\"average\":{rate}}}],\"baseline\":[{{\"value\":\"{agent}\",\"average\":{baseline}}}]}},\
             {{\"attribute\":\"errorCode\",\"insight\":[{{\"value\":\"{error_name}\",\"average\":{rate}}}],\"baseline\":[{{\"value\":\"{error_name}\",\"average\":{baseline}}}]}}]}}}},\
             \"eventCategory\":\"Insight\"}}]}}",
            time::iso(event_ms),
            estate.region,
            estate.account,
            self.shared_id,
        );
        out.clear();
        out.extend_from_slice(text.as_bytes());
    }
}

/// Thousandths, without a float in between.
fn decimal(thousandths: u64) -> String {
    format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
}

/// An object of a few denied calls through a VPC endpoint.
pub(crate) fn network(config: &SynthConfig, author: &mut Author<'_>, stamp_ms: i64, out: &mut Vec<u8>) -> u64 {
    const RECORD: &str = r#","eventSource":"%SOURCE%.amazonaws.com","eventName":"%NAME%","awsRegion":"%r","sourceIPAddress":"10.0.%n2.%n2","errorCode":"VpceAccessDenied","errorMessage":"The request was denied due to a VPC endpoint policy","requestID":"%q","eventID":"%u","eventType":"AwsVpceEvent","recipientAccountId":"%a","sharedEventID":"%u","vpcEndpointId":"vpce-0%h16","vpcEndpointAccountId":"%a","eventCategory":"NetworkActivity"}"#;
    out.clear();
    out.extend_from_slice(b"{\"Records\":[");
    let count = author.chance.between(1, 12);
    for index in 0..count {
        let chosen = author.actors.choose(&mut author.chance);
        let event_ms = stamp_ms - author.chance.between(30_000, 500_000) as i64;
        let (source, name) = *author.chance.pick(&[
            ("s3", "GetObject"),
            ("kms", "Decrypt"),
            ("ec2", "DescribeInstances"),
            ("secretsmanager", "GetSecretValue"),
        ]);
        let mut request_id = Vec::with_capacity(36);
        author.chance.uuid(&mut request_id);
        let session = author.actors.get(chosen);
        let scene = Scene {
            estate: &author.estate,
            region: &author.estate.region,
            trail_bucket: &config.bucket,
            caller_arn: &session.arn,
            caller_name: &session.name,
            event_ms,
            salt: author.chance.next(),
            request_id: request_id.try_into().unwrap_or([b'0'; 36]),
        };
        out.extend_from_slice(if index == 0 { b"" } else { b"," });
        let head = r#"{"eventVersion":"1.09","userIdentity":{"type":"AssumedRole","principalId":"%k21:%s","arn":"%p","accountId":"%a"},"eventTime":"%t""#;
        scene.render(head, &mut author.chance, out);
        let template = RECORD.replace("%SOURCE%", source).replace("%NAME%", name);
        scene.render(&template, &mut author.chance, out);
    }
    out.extend_from_slice(b"]}");
    count
}

/// Services whose data events are summarised, and their calls.
const SUMMARISED: [(&str, [&str; 3]); 3] = [
    ("s3", ["GetObject", "PutObject", "HeadObject"]),
    ("lambda", ["Invoke", "InvokeAsync", "InvokeWithResponseStream"]),
    ("dynamodb", ["GetItem", "Query", "UpdateItem"]),
];

/// Length of the window that one summary covers: five minutes.
const WINDOW_MS: i64 = 300_000;

/// An object of summaries of the data events of five minutes, a top-level array.
/// Source: CloudTrail User Guide, "Aggregated events".
pub(crate) fn aggregated(author: &Author<'_>, stamp_ms: i64, chance: &mut Chance, out: &mut Vec<u8>) -> u64 {
    let (end_ms, estate) = (stamp_ms - WINDOW_MS, &author.estate);
    let (from, to) = (time::iso(end_ms - WINDOW_MS), time::iso(end_ms));
    out.clear();
    out.push(b'[');
    for (index, (source, calls)) in SUMMARISED.into_iter().enumerate() {
        let counts = calls.map(|_| chance.between(20, 9_000));
        let total: u64 = counts.iter().sum();
        let by_call: Vec<String> = calls.iter().zip(counts).map(|(name, value)| statistic(name, value)).collect();
        let services = chance.below(total + 1);
        let caller = &author.actors.get(author.actors.choose(chance)).arn;
        let details = [
            ("userIdentity", [statistic(caller, total - services), statistic("AWSService:AWS Internal", services)].join(",")),
            ("resourceARN", statistic(&resource(source, estate, chance), total)),
            ("sourceIpAddress", statistic("AWS Internal", total)),
        ];
        let details: Vec<String> = details.iter().map(|(name, statistics)| dimension(name, statistics)).collect();
        let text = format!(
            "{}{{\"eventVersion\":\"1.0\",\"accountId\":\"{}\",\"eventId\":\"{}\",\"eventCategory\":\"Aggregated\",\
             \"eventType\":\"AwsAggregatedEvent\",\"awsRegion\":\"{}\",\"eventSource\":\"{source}.amazonaws.com\",\
             \"timeWindow\":{{\"windowStart\":\"{from}\",\"windowEnd\":\"{to}\",\"windowSize\":\"PT5M\"}},\
             \"summary\":{{\"primaryDimension\":{},\"details\":[{}]}}}}",
            if index == 0 { "" } else { "," },
            estate.account,
            chance.text(36, |chance, out, _| chance.uuid(out)),
            estate.region,
            dimension("eventName", &by_call.join(",")),
            details.join(","),
        );
        out.extend_from_slice(text.as_bytes());
    }
    out.push(b']');
    SUMMARISED.len() as u64
}

/// Something that a service's data events are about.
fn resource(source: &str, estate: &Estate, chance: &mut Chance) -> String {
    let (region, account, salt) = (&estate.region, &estate.account, chance.next());
    match source {
        "s3" => format!("arn:aws:s3:::{}", estate.get(Pool::Bucket, salt)),
        "lambda" => format!("arn:aws:lambda:{region}:{account}:function:{}", estate.get(Pool::Function, salt)),
        _ => format!("arn:aws:{source}:{region}:{account}:table/{}", estate.get(Pool::Table, salt)),
    }
}

fn dimension(name: &str, statistics: &str) -> String {
    format!("{{\"dimension\":\"{name}\",\"statistics\":[{statistics}],\"aggregationType\":\"Count\"}}")
}

fn statistic(name: &str, value: u64) -> String {
    format!("{{\"name\":\"{name}\",\"value\":{value}}}")
}
