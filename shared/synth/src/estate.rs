//! What an account owns in a Region: the names and ids that its records speak of again and again.

use crate::{
    chance::{Chance, mix},
    config::SynthConfig,
};

const WHAT: [&str; 24] = [
    "payments",
    "orders",
    "ledger",
    "catalog",
    "search",
    "media",
    "billing",
    "identity",
    "telemetry",
    "pricing",
    "shipping",
    "claims",
    "risk",
    "reports",
    "mailer",
    "gateway",
    "sessions",
    "exports",
    "archive",
    "partner",
    "inventory",
    "quotes",
    "loyalty",
    "fraud",
];
const ROLE: [&str; 16] = [
    "api",
    "worker",
    "etl",
    "batch",
    "web",
    "sync",
    "ingest",
    "scheduler",
    "cache",
    "index",
    "deploy",
    "backup",
    "stream",
    "audit",
    "admin",
    "reader",
];
const STAGE: [&str; 5] = ["prod", "staging", "dev", "test", "shared"];
const PEOPLE: [&str; 20] = [
    "ada.brook",
    "ben.castle",
    "cleo.dunn",
    "dario.elm",
    "edda.frost",
    "finn.gale",
    "gita.hale",
    "hugo.ives",
    "ines.jarl",
    "jon.kerr",
    "kira.lund",
    "leo.marsh",
    "mina.north",
    "nils.oak",
    "olga.pike",
    "piet.quill",
    "rosa.stone",
    "sven.thorn",
    "tess.upton",
    "vera.wolf",
];

/// A kind of thing that an account has several of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pool {
    Bucket,
    Key,
    Role,
    RoleId,
    Secret,
    Function,
    Instance,
    Group,
    Parameter,
    Database,
    User,
    UserId,
    Subnet,
    Vpc,
    Volume,
    Image,
    Table,
    LogGroup,
    Account,
}

impl Pool {
    const COUNT: usize = 19;

    /// The pool that a capital letter stands for in a template.
    pub(crate) fn of(letter: u8) -> Option<Self> {
        Some(match letter {
            b'B' => Self::Bucket,
            b'K' => Self::Key,
            b'R' => Self::Role,
            b'E' => Self::RoleId,
            b'S' => Self::Secret,
            b'F' => Self::Function,
            b'I' => Self::Instance,
            b'G' => Self::Group,
            b'P' => Self::Parameter,
            b'D' => Self::Database,
            b'U' => Self::User,
            b'A' => Self::UserId,
            b'N' => Self::Subnet,
            b'V' => Self::Vpc,
            b'O' => Self::Volume,
            b'M' => Self::Image,
            b'T' => Self::Table,
            b'L' => Self::LogGroup,
            b'C' => Self::Account,
            _ => return None,
        })
    }

    /// Names and their ids stand at the same places.
    fn order(self) -> u64 {
        match self {
            Self::RoleId => Self::Role as u64,
            Self::UserId => Self::User as u64,
            other => other as u64,
        }
    }
}

/// What one account owns in one Region.
#[derive(Debug)]
pub(crate) struct Estate {
    pub(crate) account: String,
    pub(crate) region: String,
    pools: [Vec<String>; Pool::COUNT],
}

impl Estate {
    pub(crate) fn new(config: &SynthConfig, account_index: u32, region: &str, region_index: u32) -> Self {
        let account = SynthConfig::account(account_index);
        let mut estate = Self { account: account.clone(), region: region.to_owned(), pools: Default::default() };
        // Roles, users and buckets are the account's in every Region.
        let mut chance = Chance::new(config.seed, &[2, u64::from(account_index)]);
        estate.fill(Pool::Role, 24, |index| role(&mut chance, index));
        estate.fill(Pool::RoleId, 24, |_| format!("AROA{}", chance.text(17, Chance::id)));
        let shift = chance.below(20) as usize;
        estate.fill(Pool::User, 9, |index| PEOPLE[(index + shift) % PEOPLE.len()].to_owned());
        estate.fill(Pool::UserId, 9, |_| format!("AIDA{}", chance.text(17, Chance::id)));
        estate.fill(Pool::Account, 6, |index| SynthConfig::account((account_index + 1 + index as u32) % config.accounts.max(2)));
        let mut chance = Chance::new(config.seed, &[3, u64::from(account_index), u64::from(region_index)]);
        let suffix = account.get(8..).unwrap_or_default().to_owned();
        estate.fill(Pool::Bucket, 14, |_| format!("{}-{suffix}-{region}", name(&mut chance)));
        estate.fill(Pool::Key, 12, |_| uuid(&mut chance));
        estate.fill(Pool::Secret, 18, |_| format!("{}/{}-{}", chance.pick(&STAGE), name(&mut chance), chance.text(6, Chance::word)));
        estate.fill(Pool::Function, 24, |_| name(&mut chance));
        estate.fill(Pool::Parameter, 40, |_| {
            format!("/{}/{}/{}", chance.pick(&STAGE), chance.pick(&WHAT), ["url", "token", "limit", "host"][chance.below(4) as usize])
        });
        estate.fill(Pool::Database, 8, |_| format!("{}-db", name(&mut chance)));
        estate.fill(Pool::Table, 16, |_| name(&mut chance));
        estate.fill(Pool::LogGroup, 20, |_| format!("/aws/lambda/{}", name(&mut chance)));
        for (pool, count, start) in [
            (Pool::Instance, 80, "i-0"),
            (Pool::Group, 30, "sg-0"),
            (Pool::Subnet, 12, "subnet-0"),
            (Pool::Vpc, 4, "vpc-0"),
            (Pool::Volume, 80, "vol-0"),
            (Pool::Image, 12, "ami-0"),
        ] {
            estate.fill(pool, count, |_| format!("{start}{}", chance.text(16, Chance::hex)));
        }
        estate
    }

    fn fill(&mut self, pool: Pool, count: usize, make: impl FnMut(usize) -> String) {
        self.pools[pool as usize] = (0..count).map(make).collect();
    }

    /// The thing of this kind that `salt` chooses, the first ones more often than the last.
    pub(crate) fn get(&self, pool: Pool, salt: u64) -> &str {
        let things = &self.pools[pool as usize];
        let draw = mix(salt.wrapping_add(pool.order())) >> 32;
        // The square of a number between 0 and 1 leans to 0.
        let index = (((draw * draw) >> 32) * things.len() as u64) >> 32;
        things.get(index as usize).map_or("", String::as_str)
    }
}

fn role(chance: &mut Chance, index: usize) -> String {
    let sso = ["AdministratorAccess", "PowerUserAccess", "ReadOnlyAccess", "SecurityAudit"];
    match sso.get(index.wrapping_sub(4)) {
        Some(set) => format!("AWSReservedSSO_{set}_{}", chance.text(16, Chance::hex)),
        None => name(chance),
    }
}

/// Where in the pool of roles those of IAM Identity Center stand.
pub(crate) fn is_sso(role: &str) -> bool {
    role.starts_with("AWSReservedSSO_")
}

/// Three words, like `orders-worker-prod`.
pub(crate) fn name(chance: &mut Chance) -> String {
    format!("{}-{}-{}", chance.pick(&WHAT), chance.pick(&ROLE), chance.pick(&STAGE))
}

fn uuid(chance: &mut Chance) -> String {
    let mut out = Vec::with_capacity(36);
    chance.uuid(&mut out);
    out.into_iter().map(char::from).collect()
}
