//! Reads statements separated by NUL bytes and prints for each `ok`, or `error`, the byte position and the message: what a
//! comparison with PostgreSQL's own parser needs. With `--tree` the tree is printed instead of `ok`.

use std::io::{Read, Write};

fn main() -> std::io::Result<()> {
    let tree = std::env::args().any(|a| a == "--tree");
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for sql in text.split('\0') {
        match tusklet_syntax::parse(sql) {
            Ok(stmts) if tree => writeln!(out, "ok\t{}", format!("{stmts:?}").replace(['\n', '\t'], " "))?,
            Ok(_) => writeln!(out, "ok")?,
            Err(e) => {
                let report = e.report();
                let position = if report.span.is_none() { -1 } else { i64::from(report.span.start) };
                let message = report.message.replace(['\n', '\t', '\r'], " ");
                writeln!(out, "error\t{position}\t{}\t{message}", report.code.as_str())?;
            }
        }
    }
    Ok(())
}
