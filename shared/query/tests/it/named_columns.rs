//! What the auditor knows, in `events` and `cloudtrail`: there for who names it, and for nobody else.

use serde_json::{Value, json};
use trailkeep_archive::{Category, layout::AttestationKind};

use crate::{
    archives::{ask, batch, empty, engine, land, value},
    audited::{account, attest, from, history, key, outcome},
};

/// Three days of two files each, one of them not verified; the account was renamed on the second.
async fn three_days() -> trailkeep_query::Engine {
    let bucket = empty();
    for (n, day) in (20_260_101..20_260_104).enumerate() {
        let rows = (0..20).map(|n| from(day, n, &key(day, if n < 15 { "good" } else { "forged" }))).collect();
        land(&bucket, batch(n as u64), &[(Category::Management, day, rows)]);
        let outcomes = [outcome(&key(day, "forged"), 1, "b", "unlisted"), outcome(&key(day, "good"), 1, "a", "verified")];
        attest(&bucket, day, n as u64 + 1, AttestationKind::Final, &outcomes);
    }
    let names = [account("111122223333", "first", "Root/A", -1, Some(1)), account("111122223333", "second", "Root/B", 1, None)];
    history(&bucket, 30, &names);
    engine(bucket).await
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_cloudtrail_answer_as_the_audited_views_where_their_columns_are_named() {
    let engine = three_days().await;
    for sql in [
        "SELECT event_uid, verified FROM EVENTS WHERE eventday = '20260102' ORDER BY event_time",
        "SELECT account_name, account_ou_path, account_tags['team'] AS team, count(*) AS n FROM EVENTS GROUP BY 1, 2, 3 ORDER BY 1",
        "SELECT count(*) AS n FROM EVENTS WHERE (verified IS DISTINCT FROM 'verified') AND account_name = 'second'",
        "SELECT e.verified, count(*) AS n FROM EVENTS e JOIN sources s ON false RIGHT JOIN EVENTS f ON e.event_uid = f.event_uid GROUP BY 1",
        "WITH bad AS (SELECT region, verified AS v FROM EVENTS WHERE verified <> 'verified') SELECT v, count(*) AS n FROM bad GROUP BY 1",
        "SELECT eventid, eventname, verified, account_name FROM CLOUDTRAIL WHERE verified = 'unlisted' ORDER BY eventtime",
        "SELECT verified, count(*) AS n FROM CLOUDTRAIL WHERE eventday >= '20260102' GROUP BY 1 ORDER BY 1",
    ] {
        let plain = ask(&engine, &sql.replace("EVENTS", "events").replace("CLOUDTRAIL", "cloudtrail")).await.0;
        let audited = ask(&engine, &sql.replace("EVENTS", "audited_events").replace("CLOUDTRAIL", "audited_cloudtrail")).await.0;
        assert_eq!(plain, audited, "{sql}");
        assert!(!plain.is_empty(), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_name_them_pays_nothing_and_sees_none_of_them() {
    let engine = three_days().await;
    let names = |row: &Value| row.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    for table in ["events", "cloudtrail"] {
        let (stored, io) = ask(&engine, &format!("SELECT * FROM {table} LIMIT 1")).await;
        assert_eq!(io.outcome_days_read, 0, "{table}: {io:?}");
        assert!(!names(&stored[0]).iter().any(|name| name == "verified" || name.starts_with("account_")), "{stored:?}");
        // Naming one of them does not put the others into *.
        let (with, io) = ask(&engine, &format!("SELECT *, verified FROM {table} WHERE eventday = '20260102' LIMIT 1")).await;
        assert_eq!((with[0]["verified"].is_string(), io.outcome_days_read), (true, 1), "{table}: {io:?}");
        let mut more = names(&with[0]);
        more.retain(|name| name != "verified");
        assert_eq!(more, names(&stored[0]), "{table}");
        let filtered = format!("SELECT * FROM {table} WHERE verified = 'unlisted'");
        assert_eq!(ask(&engine, &filtered).await.0.iter().map(names).filter(|found| *found == names(&stored[0])).count(), 15, "{table}");
        // The word in a text is not the column.
        let (_, io) = ask(&engine, &format!("SELECT count(*) FROM {table} WHERE eventday <> 'verified'")).await;
        assert_eq!(io.outcome_days_read, 0, "{table}: {io:?}");
        let error = engine.query(&format!("SELECT verifed FROM {table}")).await.unwrap_err().to_string();
        assert!(error.contains("did you mean verified?"), "{error}");
    }
    let shown = ask(&engine, "SELECT column_name FROM information_schema.columns WHERE table_name = 'events'").await.0;
    assert!(!shown.is_empty() && !shown.contains(&json!({"column_name": "verified"})), "{shown:?}");
    let own = "WITH events AS (SELECT 'mine' AS verified) SELECT verified FROM events";
    assert_eq!(value(&engine, own).await, json!("mine"));
}
