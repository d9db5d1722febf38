//! Stories through a real browser: what people see on the pages, touched and typed as they would.
//!
//! They are passed over with one line where Chromium is not installed, unless `HUIYIN_BROWSER=required`.

mod desk;
mod driver;
mod field;
mod kiosk;
mod passkey;
mod paths;
mod speed;
mod stations;
mod walk;

// The paths through the kiosk and the kiosk without a screen, as the stories of the headless screen have them.
#[path = "../../kiosk/tests/it/looks.rs"]
#[allow(dead_code)]
mod looks;
#[path = "../../kiosk/tests/it/support.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod support;
#[path = "../../kiosk/tests/it/ways.rs"]
#[allow(clippy::unwrap_used)]
mod ways;
