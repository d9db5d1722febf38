//! One day of random villagers; `kiosk soak` runs more of them.

use kiosk::soak::soak;

use crate::{directory::Directory, looks::SMALL};

#[test]
fn a_day_of_random_villagers_loses_no_opinion_and_ends_on_the_first_screen() {
    let mut days = Vec::new();
    let data = std::env::temp_dir().join(format!("huiyin-kiosk-soak-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&data);
    soak(&data, 1, 1, SMALL, |day| days.push(*day)).unwrap();
    assert!(days.len() == 1 && days[0].filed > days[0].spoken && days[0].spoken > 0, "{days:?}");
    std::fs::remove_dir_all(&data).unwrap();
}

#[test]
fn a_directory_with_real_records_is_refused() {
    let directory = Directory::new("soak-refused");
    let refused = soak(directory.path(), 1, 1, SMALL, |_| {}).unwrap_err();
    assert!(refused.to_string().contains("is not empty"));
}
