//! A random schedule of faults, by seed: one storm after another, each a few rules for a short while.

use std::time::Duration;

use rand::{Rng as _, SeedableRng as _, seq::SliceRandom as _};
use rand_chacha::ChaCha8Rng;

use crate::proxy::{Fault, Rule, Whom};

/// Requests at which a process may be killed or stopped, with a word of their subject: every step of a Batch.
const STEPS: [(&str, &str); 20] = [
    ("sqs:ReceiveMessage", ""),
    ("sqs:ChangeMessageVisibilityBatch", ""),
    ("sqs:DeleteMessageBatch", ""),
    ("dynamodb:PutItem", ""),
    ("dynamodb:UpdateItem", ""),
    ("dynamodb:BatchGetItem", ""),
    ("dynamodb:BatchExecuteStatement", ""),
    ("dynamodb:Query", ""),
    ("dynamodb:TransactWriteItems", ""),
    ("dynamodb:GetItem", ""),
    ("s3:GetObject", "AWSLogs/"),
    ("s3:CreateMultipartUpload", ""),
    ("s3:UploadPart", ""),
    ("s3:PutObject", "staging/"),
    ("s3:CompleteMultipartUpload", "/raw/"),
    ("s3:CompleteMultipartUpload", "/events/"),
    ("s3:CompleteMultipartUpload", "/sources/"),
    ("s3:DeleteObject", "staging/"),
    ("s3:HeadObject", "sources/"),
    ("s3:ListObjectsV2", ""),
];

/// A few rules, and for how long.
#[derive(Debug)]
pub struct Storm {
    /// The rules.
    pub rules: Vec<Rule>,
    /// How long they stand.
    pub lasts: Duration,
}

/// Draws storms.
#[derive(Debug)]
pub struct Schedule(ChaCha8Rng);

impl Schedule {
    /// The schedule of this seed.
    pub fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A number of the schedule's own.
    pub fn random(&mut self) -> &mut ChaCha8Rng {
        &mut self.0
    }

    /// The next storm.
    pub fn next_storm(&mut self) -> Storm {
        let lasts = Duration::from_millis(self.0.gen_range(300..2_500));
        let rules = match self.0.gen_range(0..100) {
            0..30 => vec![self.at_a_step(Fault::Kill(Whom::Sender))],
            30..38 => vec![self.at_a_step(Fault::Stop(Whom::Sender))],
            38..46 => vec![Rule::before("s3:", Fault::SlowDown).chance(0.4)],
            46..54 => vec![Rule::before("dynamodb:", Fault::Throttled).chance(0.4)],
            54..64 => vec![Rule::before("", Fault::Reset).chance(0.1), Rule::after("", Fault::Reset).chance(0.2)],
            64..70 => vec![Rule::after("s3:GetObject", Fault::Truncated).chance(0.5)],
            70..75 => vec![Rule::after("s3:GetObject", Fault::Slow(Duration::from_millis(30))).chance(0.5)],
            75..85 => {
                let code = if self.0.gen_bool(0.5) { "InternalError" } else { "ReceiptHandleIsInvalid" };
                ["sqs:DeleteMessageBatch", "sqs:ChangeMessageVisibilityBatch"]
                    .map(|call| Rule::before(call, Fault::SomeFail(code)))
                    .to_vec()
            }
            85..90 => vec![Rule::before("s3:GetObject", Fault::Denied).with("AWSLogs/").chance(0.3)],
            90..95 => vec![Rule::before("sqs:", Fault::SlowDown).chance(0.5)],
            _ => vec![Rule::before("", Fault::Delay(Duration::from_millis(300))).chance(0.3)],
        };
        Storm { rules, lasts }
    }

    fn at_a_step(&mut self, fault: Fault) -> Rule {
        let (operation, subject) = STEPS.choose(&mut self.0).copied().unwrap_or_default();
        let rule = if self.0.gen_bool(0.5) { Rule::before(operation, fault) } else { Rule::after(operation, fault) };
        rule.with(subject).nth(self.0.gen_range(1..4)).times(1)
    }
}
