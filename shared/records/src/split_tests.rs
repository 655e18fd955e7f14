//! Splitting whole files, broken files, and files that come in pieces.

use proptest::prelude::*;

use super::*;

#[derive(Debug, PartialEq, Eq, Clone)]
enum Seen {
    Record(String),
    Broken(String, &'static str),
}

fn whole(bytes: &[u8]) -> Vec<Seen> {
    let mut splitter = Splitter::new();
    let mut seen = Vec::new();
    loop {
        let text = |start, end| String::from_utf8_lossy(&bytes[start..end]).into_owned();
        match splitter.next(bytes, true, &mut Vec::new()) {
            Piece::Record { start, end, .. } => seen.push(Seen::Record(text(start, end))),
            Piece::Broken { start, end, reason } => seen.push(Seen::Broken(text(start, end), reason)),
            Piece::More { .. } => unreachable!("the bytes are complete"),
            Piece::End => return seen,
        }
    }
}

/// The same through a window that grows `step` bytes at a time and forgets what is done with.
fn stepwise(bytes: &[u8], step: usize) -> Vec<Seen> {
    let (mut splitter, mut seen, mut window, mut given) = (Splitter::new(), Vec::new(), Vec::new(), 0);
    loop {
        match splitter.next(&window, given == bytes.len(), &mut Vec::new()) {
            Piece::Record { start, end, .. } => seen.push(Seen::Record(String::from_utf8_lossy(&window[start..end]).into_owned())),
            Piece::Broken { start, end, reason } => {
                seen.push(Seen::Broken(String::from_utf8_lossy(&window[start..end]).into_owned(), reason));
            }
            Piece::More { keep_from } => {
                window.drain(..keep_from);
                splitter.rebase(keep_from);
                let next = (given + step).min(bytes.len());
                window.extend_from_slice(&bytes[given..next]);
                given = next;
            }
            Piece::End => return seen,
        }
    }
}

fn record(text: &str) -> Seen {
    Seen::Record(text.to_owned())
}

fn broken(text: &str, reason: &'static str) -> Seen {
    Seen::Broken(text.to_owned(), reason)
}

const A: &str = r#"{"eventVersion":"1.08","eventName":"A"}"#;
const B: &str = r#"{"eventVersion":"1.08","eventName":"B}]\""}"#;

#[test]
fn three_envelopes_are_read() {
    assert_eq!(whole(format!(r#"{{"Records":[{A},{B}]}}"#).as_bytes()), [record(A), record(B)]);
    assert_eq!(whole(format!("\u{feff} [ {A} ,\n{B} ]\n").as_bytes()), [record(A), record(B)]);
    assert_eq!(whole(B.as_bytes()), [record(B)]);
    assert_eq!(whole(format!(r#"{{"version":1,"Records":[{A}],"more":[1]}} "#).as_bytes()), [record(A)]);
    assert_eq!(whole(br#"{"Records":[]}"#), []);
    assert_eq!(whole(b""), []);
    assert_eq!(whole(b"{}"), [record("{}")]);
}

#[test]
fn several_documents_are_read_one_after_the_other() {
    assert_eq!(whole(format!(r#"{{"Records":[{A}]}}{{"Records":[{B}]}}"#).as_bytes()), [record(A), record(B)]);
    assert_eq!(whole(format!("{A}\n{B}\n").as_bytes()), [record(A), record(B)]);
}

#[test]
fn a_broken_record_leaves_its_neighbours_whole() {
    let bad = r#"{"eventVersion":"1.08","x":tru}"#;
    assert_eq!(whole(format!(r#"{{"Records":[{A},{bad},{B}]}}"#).as_bytes()), [record(A), broken(bad, "record_not_json"), record(B)]);
    let open = r#"{"eventVersion":"1.08","x":"un"closed"},"#;
    assert_eq!(whole(format!(r#"{{"Records":[{A},{open}{B}]}}"#).as_bytes()), [record(A), broken(open, "record_not_json"), record(B)]);
    assert_eq!(
        whole(format!(r#"{{"Records":[null,{A},7,"s"]}}"#).as_bytes()),
        [broken("null", "record_not_an_object"), record(A), broken("7", "record_not_an_object"), broken("\"s\"", "record_not_an_object")]
    );
}

#[test]
fn a_cut_file_keeps_what_is_whole() {
    let cut = B.get(..20).expect("longer");
    assert_eq!(whole(format!(r#"{{"Records":[{A},{cut}"#).as_bytes()), [record(A), broken(cut, "record_truncated")]);
    assert_eq!(whole(format!(r#"{{"Records":[{A},"#).as_bytes()), [record(A), broken("", "array_truncated")]);
}

#[test]
fn what_is_no_json_is_one_broken_piece() {
    assert_eq!(
        whole(b"\x89PNG\r\n\x1a\n...")[..],
        [Seen::Broken(String::from_utf8_lossy(b"\x89PNG\r\n\x1a\n...").into_owned(), "not_json")]
    );
}

proptest! {
    #[test]
    fn a_window_sees_what_the_whole_shows(names in prop::collection::vec("[a-z\"\\\\{}\\[\\]]{0,12}", 0..12), step in 1_usize..64, spoil in any::<Option<prop::sample::Index>>()) {
        let records: Vec<String> = names.iter().map(|n| serde_json::json!({"eventVersion": "1.08", "n": n}).to_string()).collect();
        let mut file = format!(r#"{{"Records":[{}]}}"#, records.join(",")).into_bytes();
        if let Some(at) = spoil {
            let at = at.index(file.len());
            file[at] = b'#';
            prop_assert_eq!(stepwise(&file, step), whole(&file));
        } else {
            let expect: Vec<Seen> = records.iter().map(|r| Seen::Record(r.clone())).collect();
            prop_assert_eq!(&whole(&file), &expect);
            prop_assert_eq!(&stepwise(&file, step), &expect);
        }
    }

    #[test]
    fn any_bytes_end_and_lose_no_offset(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut splitter = Splitter::new();
        let mut last = 0;
        loop {
            match splitter.next(&bytes, true, &mut Vec::new()) {
                Piece::Record { start, end, .. } | Piece::Broken { start, end, .. } => {
                    prop_assert!(start >= last && end >= start && end <= bytes.len());
                    last = end;
                }
                Piece::More { .. } => prop_assert!(false, "complete bytes need no more"),
                Piece::End => break,
            }
        }
    }
}

#[test]
fn starts_of_records_without_records_are_read_in_one_pass() {
    // Every start was once searched to the end for its own end: seconds for kilobytes. Here are five megabytes.
    let starts = r#"{"eventVersion":""#.repeat(300_000);
    let pieces = whole(format!(r#"{{"Records":[{starts}"#).as_bytes());
    assert_eq!(pieces.len(), 300_000);
    let elements = format!(r#"{{"Records":[{}{A}]}}"#, "1,".repeat(1_000_000));
    assert_eq!(whole(elements.as_bytes()).len(), 1_000_001);
}

#[test]
fn every_records_member_is_read() {
    assert_eq!(whole(format!(r#"{{"Records":[{A}],"x":1,"Records":[{B}]}}"#).as_bytes()), [record(A), record(B)]);
    assert_eq!(whole(format!(r#"{{"Records":[],"Records":[{A},{B}]}}"#).as_bytes()), [record(A), record(B)]);
}

#[test]
fn records_behind_what_cannot_be_read_are_found_again() {
    let array = format!(r#""Records":[{A},{B},{A}]}}"#);
    for (before, reason) in [(r#"{"x":01,"#, "record_not_json"), (r"garbage {", "not_json"), ("\0{", "not_json")] {
        let text = format!("{before}{array}");
        let lost = format!(r#"{before}"Records":["#);
        assert_eq!(whole(text.as_bytes()), [broken(&lost, reason), record(A), record(B), record(A)], "{before}");
    }
}
