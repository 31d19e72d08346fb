//! The client's side of protocol 3: messages out, messages in.

/// A message from the server.
#[derive(Debug, Clone)]
pub struct Message {
    /// Its kind.
    pub kind: u8,
    /// What follows its length.
    pub body: Vec<u8>,
}

/// A message of the given kind; kind 0 is the startup packet, which has none.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len() + 5);
    if kind != 0 {
        out.push(kind);
    }
    out.extend_from_slice(&(body.len() as u32 + 4).to_be_bytes());
    out.extend_from_slice(body);
    out
}

/// The first message of a connection.
pub fn startup(settings: &[(&str, &str)]) -> Vec<u8> {
    let mut body = 196_608u32.to_be_bytes().to_vec();
    for (name, value) in settings {
        text(&mut body, name);
        text(&mut body, value);
    }
    body.push(0);
    message(0, &body)
}

/// A simple query.
pub fn query(sql: &str) -> Vec<u8> {
    let mut body = vec![];
    text(&mut body, sql);
    message(b'Q', &body)
}

/// Parse of the unnamed statement.
pub fn parse(sql: &str, types: &[u32]) -> Vec<u8> {
    let mut body = vec![0];
    text(&mut body, sql);
    body.extend_from_slice(&(types.len() as u16).to_be_bytes());
    for oid in types {
        body.extend_from_slice(&oid.to_be_bytes());
    }
    message(b'P', &body)
}

/// Describe of the unnamed statement.
pub fn describe() -> Vec<u8> {
    message(b'D', b"S\0")
}

/// Bind of the unnamed statement to the unnamed portal, all in text, and Execute.
pub fn bind_execute(params: &[Option<String>]) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 0];
    body.extend_from_slice(&(params.len() as u16).to_be_bytes());
    for p in params {
        match p {
            Some(v) => {
                body.extend_from_slice(&(v.len() as u32).to_be_bytes());
                body.extend_from_slice(v.as_bytes());
            }
            None => body.extend_from_slice(&(-1i32).to_be_bytes()),
        }
    }
    body.extend_from_slice(&[0, 0]);
    let mut out = message(b'B', &body);
    out.extend(message(b'E', &[0, 0, 0, 0, 0]));
    out
}

/// Sync.
pub fn sync() -> Vec<u8> {
    message(b'S', &[])
}

fn text(out: &mut Vec<u8>, s: &str) {
    out.extend_from_slice(s.as_bytes());
    out.push(0);
}

/// The message that starts at `at`, if all of it has arrived, and where the next one does.
pub fn message_at(buffer: &[u8], at: usize) -> Option<(Message, usize)> {
    let head: [u8; 5] = buffer.get(at..at + 5)?.try_into().ok()?;
    let end = at + 1 + u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
    Some((Message { kind: head[0], body: buffer.get(at + 5..end)?.to_vec() }, end))
}

/// Takes the first whole message out of what has arrived.
pub fn take(buffer: &mut Vec<u8>) -> Option<Message> {
    let (message, next) = message_at(buffer, 0)?;
    buffer.drain(..next);
    Some(message)
}

/// Reads a message's body.
pub struct Body<'a>(pub &'a [u8]);

impl<'a> Body<'a> {
    fn bytes(&mut self, n: usize) -> &'a [u8] {
        let (a, b) = self.0.split_at(n.min(self.0.len()));
        self.0 = b;
        a
    }

    /// One byte.
    pub fn u8(&mut self) -> u8 {
        self.bytes(1).first().copied().unwrap_or(0)
    }

    /// Two bytes.
    pub fn i16(&mut self) -> i16 {
        self.bytes(2).try_into().map_or(0, i16::from_be_bytes)
    }

    /// Four bytes.
    pub fn i32(&mut self) -> i32 {
        self.bytes(4).try_into().map_or(0, i32::from_be_bytes)
    }

    /// A string up to its zero byte.
    pub fn text(&mut self) -> String {
        let end = self.0.iter().position(|b| *b == 0).unwrap_or(self.0.len());
        let s = String::from_utf8_lossy(self.bytes(end)).into_owned();
        self.bytes(1);
        s
    }

    /// A value with its length before it.
    pub fn value(&mut self) -> Option<String> {
        let n = self.i32();
        (n >= 0).then(|| String::from_utf8_lossy(self.bytes(n as usize)).into_owned())
    }
}

/// The fields of an error or notice.
pub fn fields(body: &[u8]) -> Vec<(u8, String)> {
    let mut body = Body(body);
    let mut out = vec![];
    loop {
        match body.u8() {
            0 => return out,
            code => out.push((code, body.text())),
        }
    }
}
