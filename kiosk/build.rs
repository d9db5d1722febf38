//! Puts the packs of recorded prompts into the program: writes a table of every file below `prompts/`.

use std::{env, error::Error, fmt::Write, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let packs = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("prompts");
    println!("cargo::rerun-if-changed={}", packs.display());
    let mut table = String::from("static PACKS: &[(&str, &[File])] = &[\n");
    for pack in sorted(&packs)?.iter().filter(|path| path.is_dir()) {
        println!("cargo::rerun-if-changed={}", pack.display());
        writeln!(table, "    ({:?}, &[", name(pack))?;
        for file in sorted(pack)? {
            writeln!(table, "        ({:?}, include_bytes!({:?})),", name(&file), file)?;
        }
        table.push_str("    ]),\n");
    }
    table.push_str("];\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("packs.rs"), table)?;
    Ok(())
}

fn sorted(directory: &Path) -> Result<Vec<std::path::PathBuf>, std::io::Error> {
    let mut entries: Vec<_> =
        fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    entries.sort();
    Ok(entries)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
