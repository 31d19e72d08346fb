//! `tusklet sql`: statements from the command line, rows as tab-separated text.

use std::path::Path;
use std::rc::Rc;

use tusklet_engine::database::Cluster;
use tusklet_engine::output::{Output, Tag, write_text};
use tusklet_engine::work::Status;
use tusklet_engine::{Batch, ExecCx, ResultColumn};
use tusklet_error::{Error, Notice, Result};

use crate::files::{Files, System};

/// Runs statements and prints what they answer.
pub fn run(data: Option<&Path>, database: &str, sql: &str) -> std::result::Result<(), String> {
    let (files, cluster) = match data {
        Some(dir) => {
            let (f, c) = Files::open(dir, tusklet_functions::KERNELS)?;
            (Some(f), c)
        }
        None => (None, Cluster::in_memory(Rc::new(System), tusklet_functions::KERNELS).map_err(|e| e.to_string())?),
    };
    let mut session = cluster.connect(database, "postgres").map_err(|e| e.to_string())?;
    let mut out = Print { failed: false };
    session.simple_query(sql, &mut out);
    loop {
        match session.step(&mut out) {
            Status::Done => break,
            Status::Ack(_) => {
                if let Some(f) = &files {
                    f.sync();
                }
            }
            Status::Blocked | Status::Segment | Status::CopyIn => return Err("the statement waits for something that will not come".into()),
            Status::Yield | Status::Full => {}
        }
    }
    if out.failed { Err("the statements failed".into()) } else { Ok(()) }
}

struct Print {
    failed: bool,
}

impl Output for Print {
    fn columns(&mut self, columns: &[ResultColumn], _: &[i16]) -> Result<()> {
        let names: Vec<&str> = columns.iter().map(|c| c.name.as_str()).collect();
        println!("{}", names.join("\t"));
        Ok(())
    }

    fn rows(&mut self, cx: &mut ExecCx<'_>, columns: &[ResultColumn], _: &[i16], batch: &Batch) -> Result<()> {
        let mut scratch = String::new();
        for i in batch.sel.iter() {
            let mut line = Vec::new();
            for (k, c) in columns.iter().enumerate() {
                if k > 0 {
                    line.push(b'\t');
                }
                let d = batch.columns[k].get(i);
                if !d.is_null() {
                    write_text(cx, c.ty.oid, d, &mut line, &mut scratch)?;
                }
            }
            println!("{}", String::from_utf8_lossy(&line));
        }
        Ok(())
    }

    fn complete(&mut self, tag: &Tag) {
        eprintln!("{}", tag.text());
    }

    fn suspended(&mut self) {}

    fn empty(&mut self) {}

    fn error(&mut self, error: &Error, _sql: &str) {
        self.failed = true;
        eprintln!("{error}");
    }

    fn notice(&mut self, notice: &Notice, _sql: &str) {
        eprintln!("{}: {}", notice.severity.as_str(), notice.message);
    }

    fn setting(&mut self, _: &str, _: &str) {}

    fn notification(&mut self, _: u32, _: &str, _: &str) {}

    fn copy_in(&mut self, _: usize, _: bool) {}

    fn copy_out(&mut self, _: usize, _: bool) {}

    fn copy_data(&mut self, data: &[u8]) {
        print!("{}", String::from_utf8_lossy(data));
    }

    fn copy_done(&mut self) {}
}
