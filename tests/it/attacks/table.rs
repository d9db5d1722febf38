//! The table of attacks in docs/security.md is made from the words above the tests, so that neither says what the other
//! does not. `ATTACKS_WRITE=1 cargo test -p tests the_table_of_attacks` writes it.

use std::{fs, path::Path};

const SURFACES: [(&str, &str, &str); 9] = [
    ("设备 devices", "devices", include_str!("devices.rs")),
    ("门口 door", "door", include_str!("door.rs")),
    ("入网 enrolment", "enrolment", include_str!("enrolment.rs")),
    ("U 盘 bundles", "bundles", include_str!("bundles.rs")),
    ("县级页面 console", "console", include_str!("console.rs")),
    ("终端和代表页面 forms", "forms", include_str!("forms.rs")),
    ("小票 slips", "slips", include_str!("slips.rs")),
    ("导出 exports", "exports", include_str!("exports.rs")),
    ("备份 backup", "backup", include_str!("backup.rs")),
];
const BEGIN: &str = "<!-- attacks: made from tests/it/attacks -->\n";
const END: &str = "<!-- end of attacks -->\n";
const LEAST: usize = 60;

/// One attack: what is tried, where it is refused, what the audit log says, and its test.
struct Attack {
    tried: String,
    refused: String,
    audit: String,
    test: String,
}

/// Every test of a file, with the words above it.
fn attacks(source: &str) -> Vec<Attack> {
    let lines: Vec<&str> = source.lines().collect();
    let mut found = Vec::new();
    for (place, _) in lines.iter().enumerate().filter(|(_, line)| **line == "#[test]") {
        let name = lines[place + 1].strip_prefix("fn ").and_then(|rest| rest.split('(').next()).unwrap();
        let words: Vec<&str> = lines[..place]
            .iter()
            .rev()
            .map_while(|line| line.strip_prefix("/// "))
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .collect();
        let part = |mark: &str| {
            let line = words.iter().find_map(|line| line.strip_prefix(mark));
            line.unwrap_or_else(|| panic!("{name} does not say {mark:?}")).trim().to_owned()
        };
        found.push(Attack {
            tried: words.first().map(|line| (*line).to_owned()).unwrap_or_default(),
            refused: part("- refused:"),
            audit: part("- audit:"),
            test: name.to_owned(),
        });
    }
    found
}

#[test]
fn the_table_of_attacks_in_the_documentation_is_that_of_the_tests() {
    let mut table = String::from(BEGIN);
    let mut count = 0;
    for (heading, file, source) in SURFACES {
        table.push_str(&format!("\n### {heading}\n\n| 攻击 attack | 在哪里被拒 refused | 审计 audit | 测试 test (`attacks/{file}.rs`) |\n|---|---|---|---|\n"));
        for Attack { tried, refused, audit, test } in attacks(source) {
            table.push_str(&format!("| {tried} | {refused} | {audit} | `{test}` |\n"));
            count += 1;
        }
    }
    table.push('\n');
    table.push_str(END);
    assert!(count >= LEAST, "{count} attacks are too few");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/security.md");
    let page = fs::read_to_string(&path).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let right = format!("{before}{table}{after}");
    if std::env::var_os("ATTACKS_WRITE").is_some() {
        fs::write(&path, &right).unwrap();
    }
    assert!(
        right == fs::read_to_string(&path).unwrap(),
        "docs/security.md is old; ATTACKS_WRITE=1 writes its table anew"
    );
}
