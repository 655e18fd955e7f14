//! The kinds of calls and how often each kind of account makes them. Rows are data: see [`crate::template`] for the codes.

mod compute;
mod identity;
mod platform;
mod storage;

/// Who makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Caller {
    /// A role's session or a user.
    Session,
    /// An AWS service on its own, by the first part of its DNS name.
    Service(&'static str),
    /// A session by way of a service.
    Through(&'static str),
    /// Somebody else: the template of the whole `userIdentity`.
    Identity(&'static str),
}

/// How a service says no.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denial {
    Plain,
    Exception,
    Ec2,
}

impl Denial {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Plain => "AccessDenied",
            Self::Exception => "AccessDeniedException",
            Self::Ec2 => "Client.UnauthorizedOperation",
        }
    }
}

/// A kind of call. Texts are templates; an empty one is null, or absent where CloudTrail leaves it out.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a member of its own in the record")]
pub(crate) struct Event {
    pub(crate) source: &'static str,
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) caller: Caller,
    pub(crate) params: &'static str,
    pub(crate) response: &'static str,
    pub(crate) extra: &'static str,
    pub(crate) resources: &'static str,
    pub(crate) details: &'static str,
    pub(crate) host: &'static str,
    pub(crate) denial: Option<Denial>,
    pub(crate) denied_on: &'static str,
    /// Code (may be empty: a message alone), message, times in a thousand.
    pub(crate) failure: Option<(&'static str, &'static str, u64)>,
    pub(crate) read_only: bool,
    pub(crate) data: bool,
    pub(crate) global: bool,
    pub(crate) shared: bool,
    pub(crate) weight: u32,
}

const fn write(source: &'static str, name: &'static str, weight: u32) -> Event {
    Event {
        source,
        name,
        version: "1.11",
        kind: "AwsApiCall",
        caller: Caller::Session,
        params: "",
        response: "",
        extra: "",
        resources: "",
        details: "",
        host: "",
        denial: Some(Denial::Plain),
        denied_on: "",
        failure: None,
        read_only: false,
        data: false,
        global: false,
        shared: false,
        weight,
    }
}

const fn read(source: &'static str, name: &'static str, weight: u32) -> Event {
    Event { read_only: true, ..write(source, name, weight) }
}

impl Event {
    const fn version(self, version: &'static str) -> Self {
        Self { version, ..self }
    }
    const fn kind(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }
    const fn by(self, caller: Caller) -> Self {
        Self { caller, ..self }
    }
    const fn asks(self, params: &'static str) -> Self {
        Self { params, ..self }
    }
    const fn gives(self, response: &'static str) -> Self {
        Self { response, ..self }
    }
    const fn extra(self, extra: &'static str) -> Self {
        Self { extra, ..self }
    }
    const fn about(self, resources: &'static str) -> Self {
        Self { resources, ..self }
    }
    const fn details(self, details: &'static str) -> Self {
        Self { details, ..self }
    }
    const fn host(self, host: &'static str) -> Self {
        Self { host, ..self }
    }
    const fn denied(self, denial: Denial, denied_on: &'static str) -> Self {
        Self { denial: Some(denial), denied_on, ..self }
    }
    const fn fails(self, code: &'static str, message: &'static str, per_mille: u64) -> Self {
        Self { failure: Some((code, message, per_mille)), ..self }
    }
    const fn data(self) -> Self {
        Self { data: true, ..self }
    }
    /// Served from us-east-1 wherever it is asked.
    const fn global(self) -> Self {
        Self { global: true, ..self }
    }
    const fn shared(self) -> Self {
        Self { shared: true, ..self }
    }
}

/// Rows that belong together; a profile weighs families, a family its rows.
const FAMILIES: [&[Event]; 10] = [
    storage::DELIVERY,
    storage::BUCKETS,
    storage::OBJECTS,
    storage::KEYS,
    compute::EC2,
    compute::CHANGES,
    compute::APPLICATION,
    identity::TOKENS,
    identity::PEOPLE,
    platform::GOVERNANCE,
];

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Profile {
    weights: [u32; FAMILIES.len()],
    /// How many calls of a thousand are refused.
    pub(crate) denied_per_mille: u64,
}

const MANAGEMENT: Profile = Profile { weights: [280, 40, 20, 60, 60, 10, 30, 180, 250, 200], denied_per_mille: 15 };
const LOG_ARCHIVE: Profile = Profile { weights: [780, 40, 30, 90, 5, 1, 9, 30, 5, 10], denied_per_mille: 4 };
const WORKLOAD: Profile = Profile { weights: [330, 50, 220, 110, 170, 12, 158, 70, 10, 20], denied_per_mille: 18 };
const SECURITY: Profile = Profile { weights: [160, 180, 10, 50, 330, 4, 140, 90, 36, 70], denied_per_mille: 30 };
const SANDBOX: Profile = Profile { weights: [200, 90, 90, 60, 260, 70, 130, 80, 70, 30], denied_per_mille: 120 };

/// The profile of the account with this index.
pub(crate) fn profile(account_index: u32) -> Profile {
    match account_index % 7 {
        0 => MANAGEMENT,
        1 => LOG_ARCHIVE,
        3 => SECURITY,
        4 => SANDBOX,
        _ => WORKLOAD,
    }
}

/// A profile's rows, ready to be drawn from.
#[derive(Debug)]
pub(crate) struct Mix {
    /// The sum of the weights up to and with each row.
    upto: Vec<u64>,
    rows: Vec<&'static Event>,
}

impl Mix {
    /// The calls of a profile in a Region: global services are rare outside us-east-1.
    pub(crate) fn new(profile: Profile, region: &str) -> Self {
        let mut mix = Self { upto: Vec::new(), rows: Vec::new() };
        let mut sum = 0;
        for (family, weight) in FAMILIES.into_iter().zip(profile.weights) {
            let total: u64 = family.iter().map(|event| u64::from(event.weight)).sum();
            for event in family {
                let share = u64::from(weight) * u64::from(event.weight) * 10_000 / total;
                sum += if event.global && region != "us-east-1" { share / 20 } else { share };
                mix.upto.push(sum);
                mix.rows.push(event);
            }
        }
        mix
    }

    /// A row.
    pub(crate) fn draw(&self, chance: &mut crate::chance::Chance) -> &'static Event {
        let point = chance.below(self.upto.last().copied().unwrap_or(1));
        self.rows[self.upto.partition_point(|upto| *upto <= point)]
    }

    /// Whether calls of this kind come in bursts: scans of EC2, runs over objects, deliveries of logs.
    pub(crate) fn in_bursts(event: &Event) -> bool {
        event.data || event.source == "ec2" && event.read_only || matches!(event.caller, Caller::Service(_))
    }
}

/// Every row, for tests.
#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = &'static Event> {
    FAMILIES.into_iter().flatten()
}
