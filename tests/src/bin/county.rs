//! `county`: a whole county on one desk; `county hub|kiosk|field ARGS…` is one of its programs by itself.

use std::process::ExitCode;

fn main() -> ExitCode {
    tests::program::keep_on_leash();
    let mut args = std::env::args_os();
    let own_name = args.next().unwrap_or_default();
    let mut args = args.peekable();
    let part = args.peek().and_then(|word| word.to_str()).map(str::to_owned);
    match part.as_deref() {
        Some("hub") => sync_hub::cli::main(args),
        Some("kiosk") => kiosk::cli::main(args),
        Some("field") => field_app::cli::main(args),
        Some(_) | None => tests::desk::main(std::iter::once(own_name).chain(args)),
    }
}
