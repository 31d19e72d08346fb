//! All goldens, natively: `cargo test -p tusklet-harness --test goldens [-- words]`.

use std::process::ExitCode;

use tusklet_harness::known;
use tusklet_harness::suite::{self, Against};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    // What `cargo test` itself may pass.
    if args.iter().any(|a| a == "--list") {
        return ExitCode::SUCCESS;
    }
    let words: Vec<String> = args.into_iter().filter(|a| !a.starts_with('-')).collect();
    match known::read().and_then(|known| suite::report(&words, &Against::Native, &known)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}
