//! Some bent bytes at every door; any number: `cargo run --release -p sim --bin bend -- --inputs 1000000`.

#[test]
fn nothing_bent_does_more_than_be_refused() {
    let (tallies, broken) = sim::bend::bend(1_000, 1);
    assert!(broken.is_empty(), "{broken:#?}");
    // They get far enough to mean something.
    for (door, tally) in tallies {
        assert!(tally.read > 0 && tally.refused > 0, "{door}: {tally:?}");
    }
}
