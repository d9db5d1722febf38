//! Notes when this program was built: no clock is believed to be earlier. A build that is to be repeatable sets
//! `SOURCE_DATE_EPOCH`.

use std::time::{SystemTime, UNIX_EPOCH};

fn main() {
    println!("cargo:rerun-if-changed=src");
    println!("cargo:rerun-if-env-changed=SOURCE_DATE_EPOCH");
    let told = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse::<u64>().ok());
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    println!("cargo:rustc-env=HUIYIN_BUILT_AT={}", told.unwrap_or_else(clock));
}
