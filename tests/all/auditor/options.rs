//! Options of the real command: what is shown of them, and what is refused.

use anyhow::{Result, ensure};
use serde_json::Value;
use trailkeep_tests::command::Ended;

use super::auditor_command;

const S3: [&str; 4] = ["--archive", "s3://audit", "--ledger", "dynamodb://trailkeep"];

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Result<Ended> {
    let mut command = auditor_command()?;
    Ok(command.env_remove("TRAILKEEP_LOG_FORMAT").args(arguments).envs(environment.iter().copied()).output()?.into())
}

#[test]
fn the_configuration_is_one_flat_object_without_secrets() -> Result<()> {
    let options = [
        "--role-arn",
        "arn:aws:iam::111122223333:role/auditor",
        "--external-id",
        "a-secret-1",
        "--organizations-role-arn",
        "arn:aws:iam::444455556666:role/organization",
        "--organizations-external-id",
        "a-secret-2",
        "--source-external-id",
        "a-secret-3",
        "--signing-key",
        "kms:alias/attest",
        "--heads",
        "s3://heads",
        "--heads-role-arn",
        "arn:aws:iam::777788889999:role/heads",
        "--heads-external-id",
        "a-secret-4",
        "--aws-endpoint",
        "http://me:a-secret-5@127.0.0.1:9",
        "--bucket-alias",
        "copy=logs,other=more",
        "--print-config",
    ];
    let arguments: Vec<&str> = S3.iter().chain(&options).copied().collect();
    let shown = run(&arguments, &[("TRAILKEEP_EVERY", "30m"), ("TRAILKEEP_AUDITOR_LEASE", "90s")])?.ok()?;
    ensure!(!shown.text().contains("a-secret"), "{}", shown.text());
    let config = shown.json()?;
    let members = config.as_object().map(|members| members.values().all(|value| value.is_string() || value.is_null()));
    ensure!(members == Some(true), "{config:#}");
    for (name, value) in
        [("archive", "s3://audit"), ("every", "30m"), ("lease", "90s"), ("sample", "0.1%"), ("bucket_aliases", "copy=logs,other=more")]
    {
        ensure!(config[name] == value, "{name}: {config:#}");
    }
    ensure!(config["external_id"] == "redacted" && config["heal_queue"] == Value::Null, "{config:#}");
    Ok(())
}

#[test]
fn what_cannot_be_meant_is_refused_with_2_and_says_what_to_give() -> Result<()> {
    let wrong: [(&[&str], &str); 8] = [
        (&["--archive", "s3://audit"], "--ledger dynamodb://TABLE"),
        (&["--archive", "audit", "--ledger", "dynamodb://t"], "DynamoDB"),
        (&["--archive", "audit", "--external-id", "x"], "--role-arn"),
        (&["--archive", "audit", "--heads", "heads"], "--signing-key"),
        (&["--archive", "audit", "--sample", "200%"], "0.1%"),
        (&["--archive", "audit", "--every", "25h"], "24 h"),
        (&["--archive", "audit", "--findings-topic-arn", "findings"], "arn:aws:sns"),
        (&["--archive", "audit", "--without-organization", "--organizations-role-arn", "arn:aws:iam::1:role/x"], "cannot be used with"),
    ];
    for (arguments, words) in wrong {
        run(arguments, &[])?.failed(2, &[words])?;
    }
    Ok(())
}
