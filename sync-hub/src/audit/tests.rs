//! Nothing in the log can be changed without its being seen.

use std::path::PathBuf;

use civic_core::id::hex;

use super::{search::Search, *};

/// Edits that are tried, each on a whole log.
const EDITS: u64 = 10_000;

struct Book {
    path: PathBuf,
    dir: DataDir,
    audit: Audit,
}

impl Book {
    /// A log with `events`, and a head after every third.
    fn with(events: i64) -> Self {
        let path = std::env::temp_dir().join(format!("huiyin-audit-{}", hex(&clock::random::<8>())));
        let dir = DataDir::hold(&path).unwrap();
        let key = SigningKey::from_bytes(&[7; 32]);
        Audit::make(&dir, &key).unwrap();
        let audit = Audit::open(&dir, &key).unwrap();
        for number in 1..=events {
            let event = Event::new(By::stranger("fang", "127.0.0.1"), Action::ALL[number as usize % Action::ALL.len()])
                .upon(format!("opinion {number}"))
                .because("电话核实");
            let event = if number % 4 == 0 { event.refused() } else { event };
            audit.note_at(&event, UnixSeconds(number * DAY_S)).unwrap();
            if number % 3 == 0 {
                audit.sign_head_at(UnixSeconds(number * DAY_S + 1)).unwrap();
            }
        }
        Self { path, dir, audit }
    }
}

impl Drop for Book {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// Small and even enough for choosing what to spoil; the same seed spoils the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// One edit by somebody who has the file, has taken the triggers away, and has no key; returns what it was.
fn spoil(db: &Connection, dice: &mut Dice, events: u64, heads: u64) -> String {
    let number = 1 + dice.below(events);
    let place = 1 + dice.below(heads);
    let other = 1 + (number + dice.below(events - 1)) % events;
    let text = ["who", "role", "action", "object", "address", "reason"][dice.below(6) as usize];
    let sql = match dice.below(16) {
        0 => format!("UPDATE event SET {text} = {text} || 'x' WHERE number = {number}"),
        1 => format!("UPDATE event SET at = at + 1 WHERE number = {number}"),
        2 => format!(
            "UPDATE event SET outcome = CASE outcome WHEN 'done' THEN 'refused' ELSE 'done' END WHERE number = {number}"
        ),
        3 => format!("UPDATE event SET hash = randomblob(32) WHERE number = {number}"),
        4 => format!("DELETE FROM event WHERE number = {number}"),
        5 => format!("DELETE FROM event WHERE number >= {number}"),
        // Everything behind a head goes, and the other heads with it: only the tip knows.
        6 => format!(
            "DELETE FROM event WHERE number > {number}; DELETE FROM head WHERE number > {number};
             UPDATE bound SET number = {number}, hash = (SELECT hash FROM event WHERE number = {number}),
                 place = (SELECT coalesce(max(place), 0) FROM head) WHERE which = 'tip' AND number <> {number};
             UPDATE event SET at = at - 1 WHERE number = {number} AND {number} = {events}"
        ),
        7 => format!(
            "INSERT INTO event SELECT {events} + 1, at, who, role, action, object, outcome, address, reason, hash
             FROM event WHERE number = {number}"
        ),
        8 => format!(
            "UPDATE event SET number = number + 100000 WHERE number >= {number};
             UPDATE event SET number = number - 99999 WHERE number > 100000;
             INSERT INTO event SELECT {number}, at, who, role, action, object, outcome, address, reason, hash
             FROM event WHERE number = (SELECT max(number) FROM event)"
        ),
        9 => format!(
            "UPDATE event SET number = -1 WHERE number = {number}; UPDATE event SET number = {number} WHERE number = {other};
             UPDATE event SET number = {other} WHERE number = -1"
        ),
        10 => format!("UPDATE head SET hash = randomblob(32) WHERE place = {place}"),
        11 => format!("UPDATE head SET signature = randomblob(64) WHERE place = {place}"),
        12 => format!("DELETE FROM head WHERE place = {place}"),
        13 => format!("UPDATE head SET at = at + 1 WHERE place = {place}"),
        14 => "UPDATE bound SET number = number + 1 WHERE which = 'anchor'".to_owned(),
        _ => format!("UPDATE bound SET signature = randomblob(64) WHERE which = '{}'", ["anchor", "tip"][place as usize % 2]),
    };
    db.execute_batch(&sql).unwrap();
    sql
}

#[test]
fn each_of_ten_thousand_edits_of_the_file_is_detected() {
    let book = Book::with(20);
    let key = book.audit.key.verifying_key();
    assert_eq!(book.audit.verify().unwrap(), Sound { events: 20, archived: 0, heads: 6 });
    let db = Connection::open(book.dir.file(FILE)).unwrap();
    db.execute_batch(
        "DROP TRIGGER event_stays; DROP TRIGGER head_stays; DROP TRIGGER event_is_kept; DROP TRIGGER head_is_kept;
         DROP TRIGGER bound_is_kept",
    )
    .unwrap();
    for seed in 0..EDITS {
        db.execute_batch("BEGIN").unwrap();
        let edit = spoil(&db, &mut Dice(seed), 20, 6);
        assert!(chain::verify(&db, &key).is_err(), "seed {seed}: {edit}");
        db.execute_batch("ROLLBACK").unwrap();
    }
    assert!(book.audit.verify().is_ok(), "nothing of it stayed");
}

#[test]
fn the_file_itself_refuses_to_change_or_forget() {
    let book = Book::with(5);
    let db = book.audit.db();
    for sql in [
        "UPDATE event SET who = 'x'",
        "DELETE FROM event",
        "UPDATE head SET at = 0",
        "DELETE FROM head",
        "DELETE FROM bound",
    ] {
        assert!(db.execute(sql, []).is_err(), "{sql}");
    }
}

#[test]
fn another_hubs_key_signs_nothing_here() {
    let book = Book::with(4);
    let other = SigningKey::from_bytes(&[8; 32]).verifying_key();
    assert!(chain::verify(&book.audit.db(), &other).is_err());
}

#[test]
fn older_days_are_archived_and_the_chain_still_holds_from_a_signed_anchor() {
    let book = Book::with(20);
    // The last head before day 20 - 10 is the one after event 9.
    assert_eq!(book.audit.archive_at(10, UnixSeconds(20 * DAY_S)).unwrap(), 9);
    assert_eq!(book.audit.archive_at(10, UnixSeconds(20 * DAY_S)).unwrap(), 0);
    assert_eq!(book.audit.verify().unwrap(), Sound { events: 11, archived: 9, heads: 3 });
    assert_eq!(book.audit.archive_at(6, UnixSeconds(20 * DAY_S)).unwrap(), 3);
    book.audit.note(&Event::new(By::hub(), Action::Archive)).unwrap();
    assert_eq!(book.audit.verify().unwrap(), Sound { events: 9, archived: 12, heads: 2 });
    assert!(book.audit.db().execute("DELETE FROM event WHERE number = 13", []).is_err(), "what is at hand stays");
    let file = book.dir.file(ARCHIVE).join("000000000001-000000000009.jsonl");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text.lines().count(), 10);
    std::fs::write(&file, text.replace("opinion 4", "opinion 5")).unwrap();
    assert!(matches!(book.audit.verify(), Err(Broken::Archive(_))));
    std::fs::write(&file, text.lines().take(9).collect::<Vec<_>>().join("\n")).unwrap();
    assert!(matches!(book.audit.verify(), Err(Broken::Archive(_))));
}

#[test]
fn an_archive_behind_which_the_log_was_never_cut_spoils_neither_the_chain_nor_a_copy() {
    let book = Book::with(20);
    book.audit.db().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let before = std::fs::read(book.dir.file(FILE)).unwrap();
    assert_eq!(book.audit.archive_at(10, UnixSeconds(20 * DAY_S)).unwrap(), 9);
    // The power failed between the file and the log.
    let dir = DataDir::hold(&book.path.join("after")).unwrap();
    std::fs::write(dir.file(FILE), before).unwrap();
    std::fs::create_dir(dir.file(ARCHIVE)).unwrap();
    let name = "000000000001-000000000009.jsonl";
    std::fs::copy(book.dir.file(ARCHIVE).join(name), dir.file(ARCHIVE).join(name)).unwrap();
    let audit = Audit::open(&dir, &SigningKey::from_bytes(&[7; 32])).unwrap();
    assert_eq!(audit.verify().unwrap(), Sound { events: 20, archived: 0, heads: 6 });
    // The next turn finds more that is old.
    assert_eq!(audit.archive_at(6, UnixSeconds(20 * DAY_S)).unwrap(), 12);
    assert_eq!(audit.verify().unwrap(), Sound { events: 8, archived: 12, heads: 2 });
    assert_eq!(archive::names(&audit.db(), &dir.file(ARCHIVE)).unwrap(), ["000000000001-000000000012.jsonl"]);
}

#[test]
fn an_older_log_that_was_put_back_beside_a_younger_archive_is_seen_and_takes_nothing_of_it_away() {
    let book = Book::with(8);
    book.audit.db().execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let older = std::fs::read(book.dir.file(FILE)).unwrap();
    for number in 9..=20 {
        book.audit.note_at(&Event::new(By::hub(), Action::Start), UnixSeconds(number * DAY_S)).unwrap();
    }
    book.audit.sign_head_at(UnixSeconds(20 * DAY_S)).unwrap();
    assert_eq!(book.audit.archive_at(1, UnixSeconds(30 * DAY_S)).unwrap(), 20);
    let dir = DataDir::hold(&book.path.join("after")).unwrap();
    std::fs::write(dir.file(FILE), older).unwrap();
    std::fs::create_dir(dir.file(ARCHIVE)).unwrap();
    let name = "000000000001-000000000020.jsonl";
    std::fs::copy(book.dir.file(ARCHIVE).join(name), dir.file(ARCHIVE).join(name)).unwrap();
    let audit = Audit::open(&dir, &SigningKey::from_bytes(&[7; 32])).unwrap();
    assert!(audit.verify().is_err());
    audit.archive_at(100, UnixSeconds(30 * DAY_S)).unwrap();
    assert!(dir.file(ARCHIVE).join(name).exists(), "nothing else has these events");
    // The log has as many events again, and they are others.
    for number in 9..=25 {
        audit.note_at(&Event::new(By::hub(), Action::Archive), UnixSeconds((30 + number) * DAY_S)).unwrap();
    }
    audit.archive_at(100, UnixSeconds(60 * DAY_S)).unwrap();
    assert!(dir.file(ARCHIVE).join(name).exists(), "nothing else has these events");
    assert!(audit.verify().is_err());
}

#[test]
fn a_head_whose_clock_had_gone_back_takes_nothing_young_into_the_archive() {
    let book = Book::with(20);
    book.audit.sign_head_at(UnixSeconds(1)).unwrap();
    assert_eq!(book.audit.archive_at(10, UnixSeconds(20 * DAY_S)).unwrap(), 9);
}

#[test]
fn a_head_that_was_signed_while_the_clock_ran_ahead_keeps_nothing_back() {
    let book = Book::with(0);
    book.audit.note_at(&Event::new(By::hub(), Action::Start), UnixSeconds(DAY_S)).unwrap();
    book.audit.sign_head_at(UnixSeconds(2_000 * DAY_S)).unwrap();
    for number in 2..=20 {
        book.audit.note_at(&Event::new(By::hub(), Action::Start), UnixSeconds(number * DAY_S)).unwrap();
        book.audit.sign_head_at(UnixSeconds(number * DAY_S)).unwrap();
    }
    assert_eq!(book.audit.archive_at(10, UnixSeconds(20 * DAY_S)).unwrap(), 9);
    assert!(book.audit.verify().is_ok());
}

#[test]
fn a_log_that_is_gone_is_not_begun_anew() {
    let book = Book::with(1);
    std::fs::remove_file(book.dir.file(FILE)).unwrap();
    let again = Audit::open(&book.dir, &SigningKey::from_bytes(&[7; 32]));
    assert!(matches!(again, Err(AuditError::Missing(_))));
}

#[test]
fn a_search_finds_by_time_who_what_and_upon_what() {
    let book = Book::with(20);
    let count = |search: Search| book.audit.count(&search).unwrap();
    assert_eq!(count(Search::default()), 20);
    assert_eq!(count(Search { from: Some(19 * DAY_S), ..Search::default() }), 2);
    assert_eq!(count(Search { until: Some(3 * DAY_S), ..Search::default() }), 2);
    assert_eq!(count(Search { who: Some("fan".into()), ..Search::default() }), 0);
    assert_eq!(count(Search { text: Some("opinion 17".into()), ..Search::default() }), 1);
    assert_eq!(count(Search { is_refused: true, ..Search::default() }), 5);
    assert_eq!(count(Search { action: Some(Action::ALL[5]), ..Search::default() }), 1);
    let found = book.audit.find(&Search::default(), 11, 3).unwrap();
    assert_eq!(found.iter().map(|noted| noted.number).collect::<Vec<_>>(), [10, 9, 8]);
}

#[test]
fn what_is_too_long_is_cut_and_every_action_has_a_word_of_its_own() {
    assert_eq!(cut(&"字".repeat(9), 4), "字字字…");
    let words: std::collections::BTreeSet<_> = Action::ALL.iter().map(|action| action.word()).collect();
    assert_eq!(words.len(), Action::ALL.len());
    assert!(Action::ALL.iter().all(|action| Action::parse(action.word()) == Some(*action)));
}
