//! Stories through a real browser: what people see on the pages, touched and typed as they would.
//!
//! They are passed over with one line where Chromium is not installed, unless `HUIYIN_BROWSER=required`.

mod desk;
mod driver;
mod kiosk;
mod passkey;
