//! Reading a running PostgreSQL by spawning `psql`.

use std::process::Command;

use super::tsv::Table;
use crate::Outcome;

/// The server asked when no `--dsn` is given: whatever psql's environment says.
pub const DEFAULT_DSN: &str = "";

/// Refuses any server that is not a PostgreSQL 15.
pub fn require_version_15(dsn: &str) -> Outcome {
    let table = copy(dsn, "SELECT current_setting('server_version_num')::int / 10000 AS major")?;
    match table.rows.first().and_then(|row| row[0].as_deref()) {
        Some("15") => Ok(()),
        other => Err(format!("the catalog is PostgreSQL 15's, this server is version {}", other.unwrap_or("?"))),
    }
}

/// The rows of a query.
pub fn copy(dsn: &str, query: &str) -> Outcome<Table> {
    let query = query.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut command = Command::new("psql");
    // An empty search_path makes every deparsed name outside pg_catalog qualified.
    command.env("PGOPTIONS", "-c search_path=").env("PGCLIENTENCODING", "UTF8");
    command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1"]);
    if !dsn.is_empty() {
        command.args(["-d", dsn]);
    }
    command.args(["-c", &format!("COPY ({query}) TO STDOUT WITH (FORMAT text, HEADER)")]);
    let output = command.output().map_err(|e| format!("psql: {e}"))?;
    if !output.status.success() {
        return Err(format!("psql: {}\n{query}", String::from_utf8_lossy(&output.stderr).trim_end()));
    }
    let text = String::from_utf8(output.stdout).map_err(|e| format!("psql: {e}"))?;
    Table::from_text(&text)
}
