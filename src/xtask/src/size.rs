//! `cargo xtask size`: what a visitor downloads, through node's zlib (which has brotli).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, root};

// Prints `raw gzip brotli path` for every argument; quality 11 and level 9, as a static host stores them.
const SCRIPT: &str = "
const zlib = require('zlib'), fs = require('fs');
for (const path of process.argv.slice(1)) {
  const raw = fs.readFileSync(path);
  const gzip = zlib.gzipSync(raw, { level: 9 });
  const brotli = zlib.brotliCompressSync(raw, { params: {
    [zlib.constants.BROTLI_PARAM_QUALITY]: 11,
    [zlib.constants.BROTLI_PARAM_LGWIN]: 24,
    [zlib.constants.BROTLI_PARAM_SIZE_HINT]: raw.length } });
  console.log([raw.length, gzip.length, brotli.length, path].join(' '));
}";

/// Runs the command.
pub fn run(args: &[&str]) -> Outcome {
    let mut files: Vec<PathBuf> = args.iter().map(PathBuf::from).collect();
    if files.is_empty() {
        collect(&root().join("pkg/dist"), &mut files)?;
        files.sort();
    }
    let output = Command::new("node").arg("-e").arg(SCRIPT).arg("--").args(&files).output();
    let output = output.map_err(|e| format!("node: {e}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    println!("{:>10} {:>10} {:>10}  file", "raw", "gzip", "brotli");
    let mut total = [0u64; 3];
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let mut words = line.splitn(4, ' ');
        let sizes: Vec<u64> = words.by_ref().take(3).filter_map(|w| w.parse().ok()).collect();
        let [raw, gzip, brotli] = sizes[..] else { return Err(format!("node said {line:?}")) };
        for (sum, size) in total.iter_mut().zip([raw, gzip, brotli]) {
            *sum += size;
        }
        let path = Path::new(words.next().unwrap_or(""));
        let path = path.strip_prefix(root()).unwrap_or(path);
        println!("{raw:>10} {gzip:>10} {brotli:>10}  {}", path.display());
    }
    println!("{:>10} {:>10} {:>10}  total", total[0], total[1], total[2]);
    Ok(())
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    let entries = fs::read_dir(dir).map_err(|e| format!("{}: {e} (build the package first)", dir.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if !path.extension().is_some_and(|e| e == "map" || e == "ts") {
            files.push(path);
        }
    }
    Ok(())
}
