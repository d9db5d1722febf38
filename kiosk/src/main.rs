//! The kiosk's program; everything is in the library.

fn main() -> std::process::ExitCode {
    kiosk::cli::main(std::env::args_os())
}
