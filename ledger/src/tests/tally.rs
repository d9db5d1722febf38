//! What is counted is what is there.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::*;
use civic_core::document::Kind;

use crate::{
    erase::{Depth, Ground},
    query::Filter,
};

/// Every count that a page shows, and how many lines a list has where it says so.
fn counts(ledger: &Ledger) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    let within = |area: &str| Filter { within: Area::parse(area), limit: 99, ..Filter::default() };
    let filters = [
        ("all", Filter { limit: 99, ..Filter::default() }),
        ("village", within(VILLAGE)),
        ("elsewhere", within("990127101202")),
        ("road", Filter { topic: Some("道路交通".into()), limit: 99, ..Filter::default() }),
        (
            "traffic",
            Filter {
                office: Some("交通局".into()), handled_by: Some("交通局".into()), limit: 99, ..Filter::default()
            },
        ),
        ("questions", Filter { has_questions: true, limit: 99, ..Filter::default() }),
        ("words", Filter { text: Some("桥".into()), limit: 99, ..Filter::default() }),
    ];
    for (name, filter) in filters {
        let page = ledger.list(&filter).unwrap();
        assert_eq!(page.total, page.lines.len() as u64, "{name}");
        counts.insert(name.to_owned(), page.total);
        for (state, count) in ledger.tallies(&filter).unwrap() {
            let of_state = ledger.list(&Filter { state: Some(state.clone()), ..filter.clone() }).unwrap();
            assert_eq!((count, count), (of_state.total, of_state.lines.len() as u64), "{name} {state}");
            counts.insert(format!("{name} {state}"), count);
        }
    }
    counts.insert("slips".to_owned(), ledger.count(Kind::Slip).unwrap());
    counts.insert("opinions".to_owned(), ledger.count(Kind::Opinion).unwrap());
    counts
}

/// A hub in which opinions came, went their way, clashed and were erased.
fn hub() -> (Installation, Ledger) {
    let mut hub = Installation::new(Role::Hub, "990127", 0);
    hub.identity.card.hub_key = hex(&hub.identity.key.verifying_key().to_bytes());
    let ledger = hub.open();
    let file = |area: &str, body: &str| {
        ledger.file(&Area::parse(area).unwrap(), "县", opinion(body), &Contact::default()).unwrap().id
    };
    let step = |act: &str, office: &str| {
        let fields = if office.is_empty() { Default::default() } else { [(Field::Office, office.to_owned())].into() };
        Edit { step: Some(NewStep { act: act.into(), ..NewStep::default() }), fields, ..Edit::default() }
    };
    let here: Vec<DocId> = (0..5).map(|number| file(VILLAGE, &format!("桥坏了 {number}"))).collect();
    file("990127101202", "没有灯");
    for id in &here[..3] {
        ledger.edit(id, "县", &step("受理", "")).unwrap();
    }
    ledger.edit(&here[0], "县", &step("交办", "交通局")).unwrap();
    // Two who know nothing of each other call it by different names.
    let deputy = Installation::new(Role::Deputy, VILLAGE, 1);
    let chen = deputy.open();
    carry(&ledger, &chen, Audience::Deputies);
    for (of, title) in [(&chen, "桥"), (&ledger, "大桥")] {
        let fields = [(Field::Title, title.to_owned())].into();
        of.edit(&here[2], "某", &Edit { fields, ..Edit::default() }).unwrap();
    }
    carry(&chen, &ledger, Audience::Deputies);
    while ledger.write_slips().unwrap() > 0 {}
    ledger.erase(&here[1], Depth::Whole, Ground::Asked).unwrap();
    ledger.erase(&here[4], Depth::Whole, Ground::Asked).unwrap();
    (hub, ledger)
}

#[test]
fn every_count_is_of_what_is_there() {
    let (_hub, ledger) = hub();
    let counts = counts(&ledger);
    let of = |name: &str| counts[name];
    assert_eq!(
        [of("all"), of("village"), of("elsewhere"), of("road"), of("traffic"), of("words"), of("questions")],
        [4, 3, 1, 4, 1, 3, 1]
    );
    assert_eq!((of("opinions"), of("slips")), (4, 4));
}

#[test]
fn counts_are_made_for_tables_of_an_older_program() {
    let (hub, ledger) = hub();
    let before = counts(&ledger);
    drop(ledger);
    let tables = Connection::open(hub.path.join(crate::LEDGER_FILE)).unwrap();
    tables
        .execute_batch(
            "DROP TRIGGER opinion_comes; DROP TRIGGER opinion_goes; DROP TRIGGER opinion_turns; DROP TRIGGER document_comes;
             DROP TRIGGER document_goes; DROP TRIGGER document_turns; DROP INDEX opinion_state; DROP INDEX opinion_office;
             DROP INDEX opinion_questions; DROP TABLE tally; DROP TABLE held; DROP TRIGGER number_goes; DROP TABLE number;
             ALTER TABLE progress DROP COLUMN part;
             PRAGMA user_version = 6;",
        )
        .unwrap();
    drop(tables);
    assert_eq!(counts(&hub.open()), before);
}

#[test]
fn a_count_that_is_none_any_more_leaves_no_row() {
    let (hub, ledger) = hub();
    drop(ledger);
    let tables = Connection::open(hub.path.join(crate::LEDGER_FILE)).unwrap();
    let empty: u64 = tables.query_row("SELECT count(*) FROM tally WHERE count <= 0", [], |row| row.get(0)).unwrap();
    assert_eq!(empty, 0);
}
