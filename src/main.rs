//! The program `swatbot`.

use std::process::ExitCode;

fn main() -> ExitCode {
    swatbot::cli::main()
}
