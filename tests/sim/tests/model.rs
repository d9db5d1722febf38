//! Parts against their models; any number: `cargo run --release -p sim --bin model -- --sequences 50000`.

#[test]
fn every_part_does_what_its_model_says() {
    let (operations, broken) = sim::model::compare(0..60);
    assert!(broken.is_empty(), "{broken:#?}");
    assert!(operations.len() == 4 && operations.values().all(|operations| *operations > 600), "{operations:?}");
}
