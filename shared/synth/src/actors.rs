//! Who acts: sessions of roles, people and machines, with the address and program they come from.

use crate::{
    chance::Chance,
    estate::{Estate, Pool, is_sso},
    template::ipv4,
};

/// How many sessions an account has in a Region at any time.
const SESSIONS: usize = 36;

const BROWSERS: [&str; 3] = [
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:146.0) Gecko/20100101 Firefox/146.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
];

/// A caller for some hours.
#[derive(Debug)]
pub(crate) struct Session {
    /// `userIdentity` without its last brace; up to the creation date where there is one.
    pub(crate) identity: String,
    /// What follows the creation date, and when that was, in milliseconds since 1970.
    pub(crate) context: Option<(String, i64)>,
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) agent: String,
    /// Signed in to the console: a browser, and no `tlsDetails`.
    pub(crate) console: bool,
    /// The VPC endpoint it calls through.
    pub(crate) endpoint: Option<String>,
}

/// The sessions of one account and Region; some end and others begin every hour.
#[derive(Debug)]
pub(crate) struct Actors {
    sessions: Vec<Session>,
}

impl Actors {
    pub(crate) fn new(estate: &Estate, now_ms: i64, chance: &mut Chance) -> Self {
        Self { sessions: (0..SESSIONS).map(|_| session(estate, now_ms, chance)).collect() }
    }

    /// An hour passes: a fifth of the sessions are replaced.
    pub(crate) fn renew(&mut self, estate: &Estate, now_ms: i64, chance: &mut Chance) {
        for _ in 0..SESSIONS / 5 {
            let index = chance.below(SESSIONS as u64) as usize;
            self.sessions[index] = session(estate, now_ms, chance);
        }
    }

    /// Which session acts next; the first ones more often.
    pub(crate) fn choose(&self, chance: &mut Chance) -> usize {
        let unit = chance.unit();
        ((unit * unit) * self.sessions.len() as f64) as usize % self.sessions.len()
    }

    pub(crate) fn get(&self, index: usize) -> &Session {
        &self.sessions[index % self.sessions.len()]
    }
}

/// A browser's `userAgent`.
pub(crate) fn browser(chance: &mut Chance) -> &'static str {
    chance.pick::<&str>(&BROWSERS)
}

fn session(estate: &Estate, now_ms: i64, chance: &mut Chance) -> Session {
    let salt = chance.next();
    let created_ms = now_ms - chance.between(60_000, 6 * 3_600_000) as i64;
    if chance.per_mille(180) {
        return user(estate, salt, created_ms, chance);
    }
    let role = estate.get(Pool::Role, salt).to_owned();
    let sso = is_sso(&role);
    let machine = !sso && chance.per_mille(500);
    let name = if sso {
        format!("{}@example.com", estate.get(Pool::User, salt))
    } else if machine {
        estate.get(Pool::Instance, salt).to_owned()
    } else {
        format!("{}-{}", *chance.pick(&["aws-go-sdk", "botocore-session", "GitHubActions", "run"]), chance.text(16, Chance::digits))
    };
    assumed(estate, &role, salt, name, (sso, machine), created_ms, chance)
}

fn assumed(
    estate: &Estate,
    role: &str,
    salt: u64,
    name: String,
    (sso, machine): (bool, bool),
    created_ms: i64,
    chance: &mut Chance,
) -> Session {
    let (account, id) = (&estate.account, estate.get(Pool::RoleId, salt));
    let path = if sso { format!("aws-reserved/sso.amazonaws.com/{role}") } else { role.to_owned() };
    let arn = format!("arn:aws:sts::{account}:assumed-role/{role}/{name}");
    let federation = if chance.per_mille(400) { "\"webIdFederationData\":{}," } else { "" };
    let identity = format!(
        "{{\"type\":\"AssumedRole\",\"principalId\":\"{id}:{name}\",\"arn\":\"{arn}\",\"accountId\":\"{account}\",\"accessKeyId\":\"ASIA{}\",\
         \"sessionContext\":{{\"sessionIssuer\":{{\"type\":\"Role\",\"principalId\":\"{id}\",\"arn\":\"arn:aws:iam::{account}:role/{path}\",\
         \"accountId\":\"{account}\",\"userName\":\"{role}\"}},{federation}\"attributes\":{{\"creationDate\":\"",
        chance.text(16, Chance::id)
    );
    let delivery = if machine { ",\"ec2RoleDelivery\":\"2.0\"" } else { "" };
    let console = sso && chance.per_mille(600);
    let endpoint = (machine && chance.per_mille(600)).then(|| format!("vpce-0{}", chance.text(16, Chance::hex)));
    Session {
        identity,
        context: Some((format!("\",\"mfaAuthenticated\":\"false\"}}{delivery}}}"), created_ms)),
        arn,
        name,
        address: address(endpoint.is_some(), chance),
        agent: if console { browser(chance).to_owned() } else { program(machine, chance) },
        console,
        endpoint,
    }
}

/// An IAM user, with a long-lived key or in the console.
fn user(estate: &Estate, salt: u64, created_ms: i64, chance: &mut Chance) -> Session {
    let (account, name, id) = (&estate.account, estate.get(Pool::User, salt), estate.get(Pool::UserId, salt));
    let arn = format!("arn:aws:iam::{account}:user/{name}");
    let console = chance.per_mille(450);
    let kind = if console { "ASIA" } else { "AKIA" };
    let mut identity = format!(
        "{{\"type\":\"IAMUser\",\"principalId\":\"{id}\",\"arn\":\"{arn}\",\"accountId\":\"{account}\",\"accessKeyId\":\"{kind}{}\",\"userName\":\"{name}\"",
        chance.text(16, Chance::id)
    );
    if console {
        identity.push_str(",\"sessionContext\":{\"sessionIssuer\":{},\"webIdFederationData\":{},\"attributes\":{\"creationDate\":\"");
    }
    let mfa = chance.per_mille(700);
    Session {
        identity,
        context: console.then(|| (format!("\",\"mfaAuthenticated\":\"{mfa}\"}}}}"), created_ms)),
        arn,
        name: name.to_owned(),
        address: address(false, chance),
        agent: if console { browser(chance).to_owned() } else { program(false, chance) },
        console,
        endpoint: None,
    }
}

fn address(private: bool, chance: &mut Chance) -> String {
    if private {
        format!("10.{}.{}.{}", chance.below(64), chance.below(256), chance.between(1, 254))
    } else if chance.per_mille(80) {
        format!("2001:db8:{}:{}::{}", chance.text(4, Chance::hex), chance.text(4, Chance::hex), chance.text(4, Chance::hex))
    } else {
        ipv4(chance)
    }
}

fn program(machine: bool, chance: &mut Chance) -> String {
    let (minor, patch) = (chance.between(20, 43), chance.below(30));
    let choice = if machine { chance.below(4) } else { chance.below(6) };
    match choice {
        0 => format!(
            "Boto3/1.{minor}.{patch} md/Botocore#1.{minor}.{patch} ua/2.1 os/linux#6.1.{}-amzn2023.x86_64 md/arch#x86_64 lang/python#3.12.{} md/pyimpl#CPython m/b,Z,D cfg/retry-mode#legacy Botocore/1.{minor}.{patch}",
            chance.between(80, 160),
            chance.below(9)
        ),
        1 => format!(
            "aws-sdk-go-v2/1.{minor}.{patch} ua/2.1 os/linux lang/go#1.25.{} md/GOOS#linux md/GOARCH#arm64 api/ec2#1.{}.0 m/E,e",
            chance.below(6),
            chance.between(200, 270)
        ),
        2 => format!(
            "aws-sdk-java/2.{minor}.{patch} md/io#sync md/http#Apache ua/2.1 os/Linux#6.1 lang/java#21.0.{} md/OpenJDK_64-Bit_Server_VM md/vendor#Amazon.com_Inc. md/en m/D,N",
            chance.below(9)
        ),
        3 => format!("aws-sdk-js/3.{}.0 ua/2.1 os/linux#5.10 lang/js md/nodejs#22.{patch}.0 md/crt-avail m/E,n", chance.between(700, 960)),
        4 => format!(
            "aws-cli/2.{minor}.{patch} md/awscrt#0.29.1 ua/2.1 os/macos#25.1.0 md/arch#arm64 lang/python#3.13.9 md/pyimpl#CPython m/E,b,Z cfg/retry-mode#standard md/installer#exe sid/{} md/prompt#off md/command#ec2.describe-instances",
            chance.text(12, Chance::hex)
        ),
        _ => format!(
            "APN/1.0 HashiCorp/1.0 Terraform/1.13.{} (+https://www.terraform.io) terraform-provider-aws/6.{minor}.0 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go-v2/1.{minor}.{patch}",
            chance.below(6)
        ),
    }
}
