//! The access table as a clerk reads it: any change of it shows as a change of `golden/access.table`.

#[test]
fn the_access_table_is_the_one_that_was_agreed() {
    let agreed = include_str!("../golden/access.table");
    let table = civic_core::access::table();
    assert_eq!(table, agreed, "if the change is meant, write this to tests/golden/access.table:\n{table}");
}
