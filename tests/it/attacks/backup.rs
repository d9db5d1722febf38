//! Somebody has the disk on which the copies lie, or brings a copy of their own making.

use std::{
    fs,
    path::{Path, PathBuf},
};

use sync_hub::audit::Action;
use tests::world::Part;

use super::{Field, Ground};
use crate::stories::backup::{PUBLIC, SECRET};

static GROUND: Ground = Ground::new();
/// Nobody's key.
const OTHER: &str = "AGE-SECRET-KEY-10U2AAAA3NQ5JYJQHR8VLWQEH0MR3X0UC7VY5JXQ7G4SRQEVNGUAQ5VSGEP";

/// A copy of the county in a directory of this name.
fn copy(field: &mut Field<'_>, name: &str) -> PathBuf {
    let story = field.story();
    let to = story.dir.join(name);
    fs::create_dir_all(&to).unwrap();
    let file = to.join("copy.age");
    story
        .world
        .tell("hub", &["backup", "--to", file.to_str().unwrap(), "--recipient", PUBLIC])
        .unwrap()
        .good()
        .unwrap();
    file
}

/// Tries to restore; exit status, error, and whether anything came of it.
fn restore(field: &mut Field<'_>, file: &Path, secret: &str, name: &str) -> (i32, String, bool) {
    let story = field.story();
    let (key, data) = (story.dir.join("key.txt"), story.dir.join(name));
    fs::write(&key, secret).unwrap();
    let args = ["restore", "--from", file.to_str().unwrap(), "--identity", key.to_str().unwrap(), "--data"];
    let done = story.world.run(Part::Hub, &[&args[..], &[data.to_str().unwrap()]].concat()).unwrap();
    (done.code, done.err, data.join("device.json").exists())
}

/// 偷备份 the disk with the copies is stolen
/// - refused: sealed to the recipients, whose keys lie elsewhere
/// - audit: nothing reaches the hub
#[test]
fn whoever_steals_a_copy_without_a_key_has_nothing() {
    let mut field = GROUND.enter("copies");
    let file = copy(&mut field, "stolen");
    let hub = field.story().world.data("hub");
    for part in ["device.key", "authority.key", "seal.key"] {
        let secret = fs::read(hub.join(part)).unwrap();
        for half in [file.clone(), file.with_file_name("copy-keys.age")] {
            let bytes = fs::read(half).unwrap();
            assert!(
                !bytes.windows(secret.len().min(32)).any(|piece| piece == &secret[..secret.len().min(32)]),
                "{part}"
            );
        }
    }
    let (code, said, came) = restore(&mut field, &file, OTHER, "stolen-county");
    assert!(code == 1 && said.contains("not sealed for this key") && !came, "{said}");
}

/// 改备份 a copy is changed
/// - refused: restore: it is told where, and nothing is restored
/// - audit: nothing: there is no county yet that could note it
#[test]
fn a_copy_that_was_changed_is_not_restored() {
    let mut field = GROUND.enter("copies");
    let file = copy(&mut field, "changed");
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
    let (code, said, came) = restore(&mut field, &file, SECRET, "changed-county");
    assert!(code == 1 && said.contains("damaged, cut off or changed") && !came, "{said}");
}

/// 截断备份 a copy is cut off
/// - refused: restore: only the end of what was sealed says that nothing is missing
/// - audit: nothing, likewise
#[test]
fn a_copy_that_was_cut_off_is_not_restored() {
    let mut field = GROUND.enter("copies");
    let file = copy(&mut field, "cut");
    let bytes = fs::read(&file).unwrap();
    fs::write(&file, &bytes[..bytes.len() - 1]).unwrap();
    let (code, said, came) = restore(&mut field, &file, SECRET, "cut-county");
    assert!(code == 1 && said.contains("damaged, cut off or changed") && !came, "{said}");
}

/// 偷换密钥 the keys of another county are laid beside a copy
/// - refused: restore: both halves name their hub
/// - audit: nothing, likewise
#[test]
fn the_keys_of_another_county_do_not_fit() {
    static ELSEWHERE: Ground = Ground::new();
    let theirs = copy(&mut ELSEWHERE.enter("other-copies"), "theirs").with_file_name("copy-keys.age");
    let mut field = GROUND.enter("copies");
    let file = copy(&mut field, "swapped");
    fs::copy(theirs, file.with_file_name("copy-keys.age")).unwrap();
    let (code, said, came) = restore(&mut field, &file, SECRET, "swapped-county");
    assert!(code == 1 && said.contains("another county") && !came, "{said}");
}

/// 覆盖 a copy is restored over a county that lives
/// - refused: restore: into an empty directory alone
/// - audit: nothing: that county was not touched
#[test]
fn no_copy_is_laid_over_a_county() {
    let mut field = GROUND.enter("copies");
    let file = copy(&mut field, "over");
    let hub = field.story().world.data("hub");
    let before = fs::read(hub.join("device.key")).unwrap();
    let (code, said, _) = restore(&mut field, &file, SECRET, "hub");
    assert!(code == 1 && said.contains("is not empty"), "{said}");
    assert_eq!(fs::read(hub.join("device.key")).unwrap(), before);
}

/// 预置链接 a link with the name of the coming copy lies in the place
/// - refused: hub: it writes new files only, and follows no link
/// - audit: backup, refused
#[test]
fn a_link_that_waits_for_a_copy_leads_nowhere() {
    let mut field = GROUND.enter("copies");
    let to = field.story().dir.join("links");
    fs::create_dir(&to).unwrap();
    let victim = field.story().dir.join("victim.txt");
    fs::write(&victim, "untouched").unwrap();
    std::os::unix::fs::symlink(&victim, to.join("copy.age.part")).unwrap();
    let file = to.join("copy.age");
    let args = ["backup", "--to", file.to_str().unwrap(), "--recipient", PUBLIC];
    let done = field.story().world.tell("hub", &args).unwrap();
    assert_eq!(done.code, 1, "{}", done.out);
    assert_eq!(fs::read_to_string(victim).unwrap(), "untouched");
    assert!(field.noted(Action::Backup, "links") > 0);
}

/// 自己目录 the copy is put into the directory that it copies
/// - refused: hub: that is no copy
/// - audit: backup, refused
#[test]
fn a_copy_inside_of_what_it_copies_is_refused() {
    let mut field = GROUND.enter("copies");
    let hub = field.story().world.data("hub");
    let args = ["backup", "--to", hub.to_str().unwrap(), "--recipient", PUBLIC];
    let done = field.story().world.tell("hub", &args).unwrap();
    assert!(done.code == 1 && done.err.contains("own directory"), "{}", done.err);
    assert!(field.noted(Action::Backup, "own directory") > 0);
}

/// 泄露私钥 somebody names a private key as recipient
/// - refused: hub: it is no recipient, and the key is not repeated in the audit log
/// - audit: nothing: the command fails before anything is done
#[test]
fn a_private_key_is_no_recipient() {
    let mut field = GROUND.enter("copies");
    let to = field.story().dir.clone();
    let args = ["backup", "--to", to.to_str().unwrap(), "--recipient", OTHER];
    let done = field.story().world.tell("hub", &args).unwrap();
    assert_eq!(done.code, 1);
    assert!(!done.err.contains(OTHER), "a secret that was pasted by mistake is not printed");
    assert_eq!(field.noted(Action::Backup, OTHER), 0);
}
