//! The hub's program; everything is in the library.

fn main() -> std::process::ExitCode {
    sync_hub::cli::main(std::env::args_os())
}
