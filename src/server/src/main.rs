//! `tusklet`: the native shell. See the crate's README.

mod files;
mod serve;
mod sql;

use std::process::ExitCode;

const USAGE: &str = "\
usage: tusklet serve [--listen ADDRESS:PORT] [--data DIR]
       tusklet init --data DIR
       tusklet sql [--data DIR] [--database NAME] STATEMENTS

serve   answers PostgreSQL's protocol; without --data everything is in memory (default address 127.0.0.1:5432)
init    makes an empty data directory
sql     runs statements and prints their rows";

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let command = args.next().unwrap_or_default();
    let mut listen = "127.0.0.1:5432".to_string();
    let mut data = None;
    let mut database = "postgres".to_string();
    let mut rest = Vec::new();
    while let Some(a) = args.next() {
        let mut value = |name: &str| match args.next() {
            Some(v) => Ok(v),
            None => Err(format!("{name} needs a value")),
        };
        let r = match a.as_str() {
            "--listen" => value("--listen").map(|v| listen = v),
            "--data" => value("--data").map(|v| data = Some(std::path::PathBuf::from(v))),
            "--database" => value("--database").map(|v| database = v),
            "--help" | "-h" => {
                println!("{USAGE}");
                return ExitCode::SUCCESS;
            }
            a if a.starts_with("--") => Err(format!("unknown option {a}")),
            _ => {
                rest.push(a);
                Ok(())
            }
        };
        if let Err(e) = r {
            eprintln!("tusklet: {e}\n{USAGE}");
            return ExitCode::from(2);
        }
    }
    let result = match command.as_str() {
        "serve" => serve::serve(&listen, data.as_deref()),
        "init" => match &data {
            Some(dir) => files::init(dir),
            None => Err("init needs --data".to_string()),
        },
        "sql" => sql::run(data.as_deref(), &database, &rest.join(" ")),
        "--help" | "-h" | "help" => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        "" => Err(format!("no command given\n{USAGE}")),
        c => Err(format!("unknown command {c}\n{USAGE}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("tusklet: {e}");
            ExitCode::FAILURE
        }
    }
}
