//! `trailkeep queue` as operators use it, on moto and on MiniStack.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use anyhow::{Context, Result, ensure};
use aws_sdk_sqs::{
    Client,
    types::{Message, MessageAttributeValue, QueueAttributeName as Name},
};
use serde_json::{Value, json};
use trailkeep_tests::{
    command::{self, Ended},
    emulator::{Emulator, Ministack, Moto},
};

/// What an emulator knows of SQS. None of them knows message move tasks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Knows {
    /// Whose dead letter queue a queue is, too.
    Sources,
    /// Not that.
    NoSources,
}

/// A queue with its dead letter queue.
struct Queues<'a> {
    emulator: &'a Emulator,
    client: Client,
    queue: String,
    dead: String,
    dead_arn: String,
}

impl<'a> Queues<'a> {
    async fn new(emulator: &'a Emulator) -> Result<Self> {
        let client = emulator.sqs();
        let dead = made(&client, "trail-dead", [(Name::MessageRetentionPeriod, "1209600".to_owned())]).await?;
        let described = client.get_queue_attributes().queue_url(&dead).attribute_names(Name::QueueArn).send().await?;
        let dead_arn = described.attributes.unwrap_or_default().remove(&Name::QueueArn).context("the queue has no ARN")?;
        let policy = json!({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 10}).to_string();
        let settings = [(Name::RedrivePolicy, policy), (Name::KmsMasterKeyId, "alias/trail".to_owned())];
        let queue = made(&client, "trail", settings).await?;
        Ok(Self { emulator, client, queue, dead, dead_arn })
    }

    fn run(&self, words: &[&str]) -> Result<Ended> {
        let mut command = command::command(["queue"].iter().chain(words))?;
        Ok(command.envs(self.emulator.environment()).output()?.into())
    }

    async fn send(&self, url: &str, body: &str) -> Result<()> {
        let team = MessageAttributeValue::builder().data_type("String").string_value("audit").build()?;
        self.client.send_message().queue_url(url).message_body(body).message_attributes("team", team).send().await?;
        Ok(())
    }

    /// Receives everything that is visible.
    async fn drain(&self, url: &str) -> Result<Vec<Message>> {
        let mut messages = Vec::new();
        loop {
            let receive = self.client.receive_message().queue_url(url).max_number_of_messages(10).wait_time_seconds(1);
            let received = receive.message_attribute_names("All").send().await?.messages.unwrap_or_default();
            if received.is_empty() {
                return Ok(messages);
            }
            messages.extend(received);
        }
    }
}

async fn made(client: &Client, name: &str, settings: impl IntoIterator<Item = (Name, String)>) -> Result<String> {
    let create = settings.into_iter().fold(client.create_queue().queue_name(name), |create, (name, value)| create.attributes(name, value));
    create.send().await?.queue_url.context("the queue has no URL")
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    let mut bodies: Vec<&str> = messages.iter().filter_map(|message| message.body.as_deref()).collect();
    bodies.sort_unstable();
    bodies
}

const CLOUDTRAIL: &str = r#"{"s3Bucket":"example-logs","s3ObjectKey":["AWSLogs/a.json.gz","AWSLogs/b.json.gz"]}"#;

async fn status_tells_a_queue_and_its_dead_letters(emulator: &Emulator, knows: Knows) -> Result<()> {
    let queues = Queues::new(emulator).await?;
    queues.send(&queues.queue, CLOUDTRAIL).await?;
    queues.send(&queues.dead, "poison").await?;
    let told = queues.run(&["status", "--queue", &queues.queue, "--output", "json"])?.ok()?.json()?;
    let expected = json!({"visible": 1, "in_flight": 0, "delayed": 0, "in_flight_limit": 120_000, "max_receive_count": 10,
        "retention_secs": 345_600, "visibility_timeout_secs": 30, "encryption": "kms", "kms_key_id": "alias/trail", "fifo": false,
        "oldest_message_age_secs": null});
    for (name, value) in expected.as_object().into_iter().flatten() {
        ensure!(told[name] == *value, "{name} should be {value}: {told:#}");
    }
    let dead = &told["dead_letter_queue"];
    ensure!(dead["arn"] == queues.dead_arn.as_str() && dead["visible"] == 1 && dead["retention_secs"] == 1_209_600, "{told:#}");
    let warnings = told["warnings"].as_array().context("there are no warnings")?;
    ensure!(
        warnings.len() == 1 && warnings[0].as_str().is_some_and(|said| said.contains("1 message is in its dead letter queue")),
        "{told:#}"
    );
    let text = queues.run(&["status", "--queue", &queues.queue])?.ok()?.text();
    for words in [
        "visible       1\n",
        "in flight     0 of 120,000",
        "retention     4 d\n",
        "KMS key alias/trail",
        "after 10 receives",
        "warning: 1 message",
    ] {
        ensure!(text.contains(words), "{words:?} is missing:\n{text}");
    }
    let told = queues.run(&["status", "--queue", &queues.dead, "--output", "json"])?.ok()?.json()?;
    let sources = (knows == Knows::Sources).then_some([queues.queue.as_str()]);
    ensure!(told["dead_letter_queue_of"] == json!(sources), "{told:#}");
    queues.run(&["status", "--queue", &format!("{}-absent", queues.queue)])?.failed(1, &["-absent", "is not there"])?;
    Ok(())
}

async fn peek_shows_messages_and_gives_them_back(emulator: &Emulator) -> Result<()> {
    let queues = Queues::new(emulator).await?;
    let empty = queues.run(&["peek", "--queue", &queues.queue])?.ok()?;
    ensure!(empty.text().contains("nothing to be received"), "{}", empty.said());
    let long = format!("{{\"x\":\"{}\"}}", "ä".repeat(3_000));
    for body in [CLOUDTRAIL, "a\u{9b}31m\ttab", &long, "CloudTrail validation message."] {
        queues.send(&queues.queue, body).await?;
    }
    let told = queues.run(&["peek", "--queue", &queues.queue, "--count", "100", "--output", "json"])?.ok()?;
    ensure!(!told.text().contains('\u{9b}'), "{}", told.text());
    let told = told.json()?;
    let messages = told["messages"].as_array().context("there are no messages")?;
    let forms: BTreeMap<&str, &Value> = messages.iter().filter_map(|message| Some((message["form"].as_str()?, message))).collect();
    ensure!(messages.len() == 4 && told["still_hidden"] == 0, "{told:#}");
    let announced = forms.get("cloudtrail").context("the notification is not shown")?;
    ensure!(announced["receive_count"] == 1 && announced["entry_count"] == 2, "{announced:#}");
    ensure!(
        announced["entries"][1] == json!({"bucket": "example-logs", "key": "AWSLogs/b.json.gz", "version": null, "size_bytes": null}),
        "{announced:#}"
    );
    ensure!(announced["age_secs"].as_u64().is_some_and(|age| age < 600), "{announced:#}");
    ensure!(forms.contains_key("cloudtrail_validation"), "{told:#}");
    let cut = messages.iter().find(|message| message["body_cut"] == true).context("the long body is not cut")?;
    ensure!(cut["body"].as_str().map(str::len) == Some(2_048) && cut["body_bytes"] == long.len(), "{cut:#}");
    let text = queues.run(&["peek", "--queue", &queues.queue, "--full"])?.ok()?.text();
    for words in ["received 2×", "s3://example-logs/AWSLogs/a.json.gz", "a\\u{9b}31m\\ttab", &long, "receive counts rose by one"] {
        ensure!(text.contains(words), "{words:?} is missing:\n{text}");
    }
    ensure!(queues.drain(&queues.queue).await?.len() == 4, "not all messages came back");
    Ok(())
}

async fn redrive_moves_dead_letters_back(emulator: &Emulator, knows: Knows) -> Result<()> {
    let queues = Queues::new(emulator).await?;
    let expected: Vec<String> = (0..12).map(|number| format!("letter {number:02}")).collect();
    for body in &expected {
        queues.send(&queues.dead, body).await?;
    }
    let redrive = |more: &[&str]| {
        let mut words = vec!["redrive", "--queue", &queues.dead, "--output", "json"];
        if knows == Knows::NoSources {
            words.extend(["--to", &queues.queue]);
        }
        words.extend(more);
        queues.run(&words)?.ok()?.json()
    };
    let told = redrive(&["--dry-run"])?;
    ensure!(told["looked_at"] == 12 && told["forms"] == json!({"not_json": 12}) && told["dry_run"] == true, "{told:#}");
    ensure!(told["to"].as_array().map(Vec::len) == Some(1), "{told:#}");
    let some = redrive(&["--max", "3", "--rate", "100/s"])?;
    ensure!(some["by"] == "copy" && some["moved"] == 3 && some["deleted"] == 3 && some["left_visible"] == 9, "{some:#}");
    let rest = redrive(&[])?;
    ensure!(rest["by"] == "copy" && rest["moved"] == 9 && rest["refused"] == 0, "{rest:#}");
    let back = queues.drain(&queues.queue).await?;
    ensure!(bodies(&back) == expected, "{:?}", bodies(&back));
    let teams = back.iter().filter_map(|message| message.message_attributes.as_ref()?.get("team")?.string_value.as_deref());
    ensure!(teams.filter(|team| *team == "audit").count() == 12, "attributes were lost");
    ensure!(queues.drain(&queues.dead).await?.is_empty(), "messages are in both queues");
    ensure!(redrive(&[])?["moved"] == 0, "there was nothing to move");
    if knows == Knows::NoSources {
        queues.run(&["redrive", "--queue", &queues.dead])?.failed(1, &["whose dead letter queue it is", "--to"])?;
    }
    Ok(())
}

async fn redrive_refuses_what_is_no_dead_letter_queue(emulator: &Emulator) -> Result<()> {
    let queues = Queues::new(emulator).await?;
    let other = made(&queues.client, "other", []).await?;
    queues.send(&queues.queue, "live").await?;
    queues.run(&["redrive", "--queue", &queues.queue])?.failed(1, &["nobody's dead letter queue", "--to"])?;
    queues.run(&["redrive", "--queue", &queues.queue, "--to", &queues.queue])?.failed(2, &["--to is the queue itself"])?;
    queues.run(&["redrive", "--queue", &queues.queue, "--to", &format!("{other}-absent")])?.failed(1, &["-absent", "is not there"])?;
    queues.run(&["redrive", "--queue", &queues.dead_arn])?.failed(2, &["not its ARN"])?;
    let moved = queues.run(&["redrive", "--queue", &queues.queue, "--to", &other, "--output", "json"])?.ok()?.json()?;
    ensure!(moved["by"] == "copy" && moved["moved"] == 1, "{moved:#}");
    ensure!(bodies(&queues.drain(&other).await?) == ["live"], "the message did not arrive");
    // With two sources only SQS knows which message came from which.
    let policy = json!({"deadLetterTargetArn": queues.dead_arn, "maxReceiveCount": 10}).to_string();
    made(&queues.client, "second", [(Name::RedrivePolicy, policy)]).await?;
    queues.send(&queues.dead, "letter").await?;
    queues.run(&["redrive", "--queue", &queues.dead, "--max", "1"])?.failed(1, &["only SQS knows", "--to"])?;
    ensure!(bodies(&queues.drain(&queues.dead).await?) == ["letter"], "the message was touched");
    Ok(())
}

/// SQS with move tasks, which no emulator has: answers by the operation that is asked for, the last answer again and again.
#[derive(Debug)]
struct Tasks {
    address: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Tasks {
    fn answering(mut tasks: Vec<(u16, Value)>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, asked) = (listener.local_addr()?, Arc::<Mutex<Vec<String>>>::default());
        let seen = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let answered = stream.and_then(|stream| answer(stream, &seen, &mut tasks));
                answered.expect("the command asks and listens");
            }
        });
        Ok(Self { address, asked })
    }

    fn redrive(&self, more: &[&str]) -> Result<Ended> {
        let endpoint = format!("http://{}", self.address);
        let queue = format!("{endpoint}/111122223333/trail-dead");
        let mut words = vec!["queue", "redrive", "--queue", &queue, "--output", "json"];
        words.extend(more);
        let mut command = command::command(words)?;
        command.env("TRAILKEEP_AWS_ENDPOINT", &endpoint).env("TRAILKEEP_AWS_REGION", "eu-central-1").env("AWS_MAX_ATTEMPTS", "1");
        Ok(command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "example").output()?.into())
    }

    fn asked(&self, operation: &str) -> Vec<Value> {
        let asked = self.asked.lock().expect("nobody panicked while holding it");
        let bodies = asked.iter().filter_map(|asked| asked.strip_prefix(&format!("{operation} ")).map(str::to_owned));
        bodies.filter_map(|body| serde_json::from_str(&body).ok()).collect()
    }
}

fn answer(stream: TcpStream, seen: &Mutex<Vec<String>>, tasks: &mut Vec<(u16, Value)>) -> std::io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let (mut operation, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap_or_default(),
            "x-amz-target" => value.trim_start_matches("AmazonSQS.").clone_into(&mut operation),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let asked = format!("{operation} {}", String::from_utf8_lossy(&body));
    let (status, body) = match operation.as_str() {
        "GetQueueAttributes" => (200, json!({"Attributes": {"QueueArn": DEAD_ARN, "ApproximateNumberOfMessages": "0"}})),
        "ListDeadLetterSourceQueues" => (200, json!({"queueUrls": ["http://127.0.0.1/111122223333/trail"]})),
        "StartMessageMoveTask" | "ListMessageMoveTasks" if tasks.len() > 1 => tasks.remove(0),
        _ => tasks.first().cloned().unwrap_or((500, Value::Null)),
    };
    seen.lock().expect("nobody panicked while holding it").push(asked);
    let body = body.to_string();
    write!(&stream, "HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

const DEAD_ARN: &str = "arn:aws:sqs:eu-central-1:111122223333:trail-dead";

#[test]
fn redrive_lets_sqs_move_where_it_can_and_follows_the_task() -> Result<()> {
    let task = |status: &str, moved: u32| {
        let newest =
            json!({"Status": status, "ApproximateNumberOfMessagesMoved": moved, "StartedTimestamp": 2, "FailureReason": "AccessDenied"});
        (200, json!({"Results": [newest, {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 99, "StartedTimestamp": 1}]}))
    };
    let started = || (200, json!({"TaskHandle": "t1"}));
    let sqs = Tasks::answering(vec![started(), task("RUNNING", 3), task("COMPLETED", 7)])?;
    let told = sqs.redrive(&["--rate", "50"])?.ok()?.json()?;
    ensure!(told["by"] == "task" && told["moved"] == 7 && told["left_visible"] == 0, "{told:#}");
    ensure!(sqs.asked("StartMessageMoveTask") == [json!({"SourceArn": DEAD_ARN, "MaxNumberOfMessagesPerSecond": 50})], "{:?}", sqs.asked);
    ensure!(sqs.asked("ListMessageMoveTasks").len() == 2 && sqs.asked("ReceiveMessage").is_empty(), "{:?}", sqs.asked);

    let sqs = Tasks::answering(vec![started(), task("FAILED", 3)])?;
    sqs.redrive(&[])?.failed(1, &["FAILED after 3 messages", "AccessDenied"])?;

    let running = json!({"__type": "com.amazonaws.sqs#UnsupportedOperation", "message": "There is already a task running."});
    let sqs = Tasks::answering(vec![(400, running)])?;
    sqs.redrive(&[])?.failed(1, &["refuses to move", "already a task running"])?;
    ensure!(sqs.asked("ReceiveMessage").is_empty(), "messages were moved beside a task: {:?}", sqs.asked);
    Ok(())
}

#[tokio::test]
async fn status_tells_a_queue_and_its_dead_letters_on_moto() -> Result<()> {
    let Some(moto) = Moto::start("queue status on moto")? else { return Ok(()) };
    status_tells_a_queue_and_its_dead_letters(&moto, Knows::Sources).await
}

#[tokio::test]
async fn status_tells_a_queue_and_its_dead_letters_on_ministack() -> Result<()> {
    let Some(ministack) = Ministack::start("queue status on MiniStack")? else { return Ok(()) };
    status_tells_a_queue_and_its_dead_letters(&ministack, Knows::NoSources).await
}

#[tokio::test]
async fn peek_shows_messages_and_gives_them_back_on_moto() -> Result<()> {
    let Some(moto) = Moto::start("queue peek on moto")? else { return Ok(()) };
    peek_shows_messages_and_gives_them_back(&moto).await
}

#[tokio::test]
async fn peek_shows_messages_and_gives_them_back_on_ministack() -> Result<()> {
    let Some(ministack) = Ministack::start("queue peek on MiniStack")? else { return Ok(()) };
    peek_shows_messages_and_gives_them_back(&ministack).await
}

#[tokio::test]
async fn redrive_copies_dead_letters_back_where_there_are_no_tasks() -> Result<()> {
    let Some(moto) = Moto::start("queue redrive on moto")? else { return Ok(()) };
    redrive_moves_dead_letters_back(&moto, Knows::Sources).await
}

#[tokio::test]
async fn redrive_moves_dead_letters_back_on_ministack() -> Result<()> {
    let Some(ministack) = Ministack::start("queue redrive on MiniStack")? else { return Ok(()) };
    redrive_moves_dead_letters_back(&ministack, Knows::NoSources).await
}

#[tokio::test]
async fn redrive_refuses_what_is_no_dead_letter_queue_on_moto() -> Result<()> {
    let Some(moto) = Moto::start("a redrive of other queues on moto")? else { return Ok(()) };
    redrive_refuses_what_is_no_dead_letter_queue(&moto).await
}
