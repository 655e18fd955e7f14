//! `trailkeep digest serve`: the two calls of CloudTrail that `aws cloudtrail validate-logs` makes, and those that organizations need.

use std::{io::Write as _, net::SocketAddr, path::PathBuf, sync::Arc};

use anyhow::Context as _;
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use clap::Args;
use trailkeep_digests::PublicKeys;
use trailkeep_keys::{OrganizationId, Region};
use trailkeep_pipeline::ingest::Surroundings as _;

use crate::{
    commands::verify::keys,
    exit::{Exit, Usage},
    location::bucket_name,
    output::Standard,
    outside::Machine,
    signals,
};

mod answers;
mod trails;

use answers::{Answers, Refused};
use trails::Trails;

/// Largest request: 64 KiB. The calls take some hundred bytes.
const MAX_REQUEST_BYTES: usize = 64 << 10;

/// Answer DescribeTrails and ListPublicKeys, so that an unmodified `aws cloudtrail validate-logs` can validate.
///
/// Serves our public key for our digests, or CloudTrail's own, kept from ListPublicKeys, for its digests. What it tells is public; signatures of requests are
/// not looked at. The AWS command line decides what is valid, by the keys that it is given here.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct Serve {
    /// Public keys, as ListPublicKeys gives them or an archive keeps them. May be repeated.
    #[arg(long = "public-key", alias = "public-keys", required = true, value_name = "FILE")]
    public_keys: Vec<PathBuf>,
    /// The Region of keys that name none.
    #[arg(long, value_name = "REGION")]
    keys_region: Option<Region>,
    /// Where to listen; port 0: any free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The trail that is described.
    #[arg(long, alias = "trail", value_name = "ARN", requires = "s3_bucket")]
    trail_arn: Option<String>,
    /// The bucket that its digests stand in.
    #[arg(long, value_name = "NAME", requires = "trail_arn", value_parser = bucket_name)]
    s3_bucket: Option<String>,
    /// What stands before AWSLogs in their keys.
    #[arg(long, value_name = "PREFIX", requires = "trail_arn")]
    s3_prefix: Option<String>,
    /// The organization whose trail it is, where the digests' keys name one.
    #[arg(long, value_name = "o-…")]
    organization: Option<OrganizationId>,
    /// Further trails, as DescribeTrails gives them. May be repeated.
    #[arg(long, value_name = "FILE")]
    trails: Vec<PathBuf>,
}

const AFTER_HELP: &str = "\
The AWS command line asks CloudTrail at --endpoint-url (or AWS_ENDPOINT_URL_CLOUDTRAIL), S3 where it always does, and, for trails of an organization,
Organizations at AWS_ENDPOINT_URL_ORGANIZATIONS, which this answers too.

Example:
  trailkeep digest serve --public-key our-keys.json --trail-arn arn:aws:cloudtrail:us-east-1:111122223333:trail/trailkeep-digests --s3-bucket restored --s3-prefix trailkeep
  aws cloudtrail validate-logs --endpoint-url http://127.0.0.1:8080 --region eu-west-1 --start-time 2026-01-01T00:00:00Z \\
    --trail-arn arn:aws:cloudtrail:us-east-1:111122223333:trail/trailkeep-digests --account-id 444455556666";

impl Serve {
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let answers = Arc::new(self.answers()?);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("failed to start the runtime")?;
        runtime.block_on(serve(self.listen, answers))
    }

    fn answers(&self) -> anyhow::Result<Answers> {
        let now_ms = Machine::new().now().unix_ms;
        let mut all = PublicKeys::new();
        for file in &self.public_keys {
            keys::of_a_file(file, self.keys_region, now_ms)?.iter().for_each(|key| all.add(key.clone()));
        }
        let mut trails = Trails::default();
        if let (Some(arn), Some(bucket)) = (&self.trail_arn, &self.s3_bucket) {
            trails.add(arn, bucket, self.s3_prefix.as_deref(), self.organization.is_some())?;
        }
        for file in &self.trails {
            trails.add_file(file)?;
        }
        if trails.is_empty() {
            return Err(Usage("no trail is described: give --trail-arn and --s3-bucket, or --trails").into());
        }
        Ok(Answers { keys: all, trails, organization: self.organization.map(|id| id.to_string()) })
    }
}

async fn serve(listen: SocketAddr, answers: Arc<Answers>) -> anyhow::Result<Exit> {
    let listener = tokio::net::TcpListener::bind(listen).await.with_context(|| format!("failed to listen on {listen}"))?;
    let address = listener.local_addr()?;
    let mut out = Standard::new();
    // Whoever does not read this is served all the same.
    let _ = writeln!(out, "Answering for CloudTrail on http://{address}").and_then(|()| out.flush());
    let routes = Router::new().route("/", post(answer)).layer(DefaultBodyLimit::max(MAX_REQUEST_BYTES)).with_state(answers);
    let stopped = async {
        // Where nobody can ask it to stop, it goes on.
        if !signals::asked_to_stop().await {
            std::future::pending::<()>().await;
        }
    };
    axum::serve(listener, routes).with_graceful_shutdown(stopped).await.context("the server failed")?;
    Ok(Exit::Done)
}

/// One call: named by a header, a JSON object in and out.
/// Source: AWS JSON 1.1 protocol.
async fn answer(State(answers): State<Arc<Answers>>, headers: HeaderMap, body: Bytes) -> Response {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let target = text(header::HeaderName::from_static("x-amz-target")).unwrap_or_default();
    let (status, json) = match answers.call(target, text(header::AUTHORIZATION).unwrap_or_default(), &body) {
        Ok(json) => (StatusCode::OK, json),
        Err(Refused { kind, message }) => (StatusCode::BAD_REQUEST, serde_json::json!({ "__type": kind, "message": message })),
    };
    tracing::info!(target_call = target, status = status.as_u16(), "answered");
    (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.1")], json.to_string()).into_response()
}
