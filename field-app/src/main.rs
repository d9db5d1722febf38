//! The deputy's app, as a program.
fn main() -> std::process::ExitCode {
    field_app::cli::main(std::env::args_os())
}
