//! A connection's first packet.

use tusklet_error::{Result, SqlState, err, filled};

use super::{Body, Connection, State, text};
use crate::output::Output;
use crate::settings::{REPORTED, Source};

const SSL_REQUEST: u32 = 80877103;
const GSS_REQUEST: u32 = 80877104;
const CANCEL_REQUEST: u32 = 80877102;

impl Connection {
    pub(super) fn startup(&mut self, body: &[u8]) -> Result<()> {
        let mut b = Body { bytes: body, client: None };
        let version = b.i32()? as u32;
        match version {
            SSL_REQUEST | GSS_REQUEST => {
                self.out.bytes.push(b'N');
                return Ok(());
            }
            CANCEL_REQUEST => {
                let (pid, secret) = (b.i32()? as u32, b.i32()? as u32);
                self.cancel = Some((pid, secret));
                self.state = State::Closed;
                return Ok(());
            }
            v if v >> 16 != 3 => {
                let e = err!(
                    FEATURE_NOT_SUPPORTED,
                    "unsupported frontend protocol {}.{}: server supports 3.0 to 3.0",
                    v >> 16,
                    v & 0xFFFF
                );
                if v >> 16 < 3 {
                    // The older protocol's form of an error.
                    self.out.bytes.push(b'E');
                    text(&mut self.out.bytes, &filled!("FATAL:  {}\n"; e.message()));
                    self.state = State::Closed;
                    return Ok(());
                }
                return Err(e);
            }
            _ => {}
        }
        let [mut user, mut database, mut options] = [const { String::new() }; 3];
        let (mut settings, mut unknown) = (Vec::new(), Vec::new());
        while b.bytes.first().is_some_and(|c| *c != 0) {
            let (k, v) = (b.text()?.into_owned(), b.text()?.into_owned());
            match k.as_str() {
                "user" => user = v,
                "database" => database = v,
                "replication" => {
                    if v != "database" && crate::settings::parse_bool(&v).is_none() {
                        let e = err!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"{}\": \"{}\""; k, v);
                        return Err(e.hint("Valid values are: \"false\", 0, \"true\", 1, \"database\"."));
                    }
                }
                "options" => options = v,
                _ if k.starts_with("_pq_.") => unknown.push(k),
                _ => settings.push((k, v)),
            }
        }
        if b.bytes != [0] {
            return Err(err!(PROTOCOL_VIOLATION, "invalid startup packet layout: expected terminator as last byte"));
        }
        if version & 0xFFFF > 0 || !unknown.is_empty() {
            // What of it is spoken here (`SendNegotiateProtocolVersion`).
            let head = [3 << 16, unknown.len() as u32].map(u32::to_be_bytes).concat();
            let names: Vec<&str> = unknown.iter().map(String::as_str).collect();
            self.out.texts(b'v', &head, &names);
        }
        if user.is_empty() {
            return Err(err!(
                INVALID_AUTHORIZATION_SPECIFICATION,
                "no PostgreSQL user name specified in startup packet"
            ));
        }
        if database.is_empty() {
            database = user.clone();
        }
        self.out.message(b'R', |b| b.extend_from_slice(&[0; 4]));
        let session = self.cluster.connect(&database, &user)?;
        // What the packet itself says comes after its switches.
        for (k, v) in command_line_options(&options)?.into_iter().chain(settings) {
            session.shared.settings.borrow_mut().set(&k, &v, false, Source::Startup).map_err(|e| match &e.report().detail {
                // `InitializeClientEncoding` says it so.
                Some(d) if e.code() == SqlState::FEATURE_NOT_SUPPORTED => {
                    err!(FEATURE_NOT_SUPPORTED, "{}"; d.replace("Conv", "conv").trim_end_matches('.'))
                }
                _ => e,
            })?;
        }
        let shared = &session.shared;
        shared.settings_changed();
        self.out.client = shared.client.clone();
        let told = shared.reported();
        for (name, v) in REPORTED.iter().zip(&told) {
            self.out.setting(name, v);
        }
        *shared.told.borrow_mut() = told;
        shared.report_due.set(false);
        let key = [shared.id, shared.secret].map(u32::to_be_bytes).concat();
        self.out.message(b'K', |b| b.extend_from_slice(&key));
        self.session = Some(session);
        self.state = State::Ready;
        self.ready();
        Ok(())
    }
}

/// Switches of PostgreSQL's server that mean nothing here.
const SWITCHES: &str = "BbCDdEeFfhijklNnOPprSsTtvW";

/// `-c name=value` and `--name=value` of the startup packet's `options`.
fn command_line_options(v: &str) -> Result<Vec<(String, String)>> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = v.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => word.extend(chars.next()),
            c if c.is_ascii_whitespace() => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
            }
            c => word.push(c),
        }
    }
    if !word.is_empty() {
        words.push(word);
    }
    let mut all = Vec::new();
    let mut it = words.into_iter();
    while let Some(w) = it.next() {
        let pair = if w == "-c" {
            it.next()
        } else if let Some(r) = w.strip_prefix("-c").or_else(|| w.strip_prefix("--")) {
            Some(r.to_string())
        } else if w.len() > 1 && w.starts_with('-') && SWITCHES.contains(&w[1..2]) {
            None
        } else {
            let e = err!(SYNTAX_ERROR, "invalid command-line argument for server process: {}"; w);
            return Err(e.hint("Try \"postgres --help\" for more information."));
        };
        if let Some((k, v)) = pair.as_deref().and_then(|p| p.split_once('=')) {
            all.push((k.replace('-', "_"), v.to_string()));
        }
    }
    Ok(all)
}
