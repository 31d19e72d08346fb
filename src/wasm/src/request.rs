//! Reads requests as `PACKED.md` lays them out. They come from our own TypeScript, but a wrong length must not be worse than an error.

use tusklet_error::{Error, Result, SqlState};

/// Kinds of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    Query,
    Exec,
    Prepare,
    Execute,
    Describe,
    Protocol,
    Close,
}

impl Kind {
    /// By number.
    pub fn from_u32(n: u32) -> Result<Kind> {
        Ok(match n {
            1 => Kind::Query,
            2 => Kind::Exec,
            3 => Kind::Prepare,
            4 => Kind::Execute,
            5 => Kind::Describe,
            6 => Kind::Protocol,
            7 => Kind::Close,
            _ => return Err(broken()),
        })
    }
}

/// A parameter's value. Where its type is not the tag's, it takes the way of the type's text input.
#[derive(Clone, Copy, Debug, PartialEq)]
#[allow(missing_docs)]
pub enum Param<'a> {
    Null,
    Text(&'a str),
    Int(i64),
    Float(f64),
    Bool(bool),
    Bytes(&'a [u8]),
}

/// A cursor over a request.
pub struct Request<'a> {
    rest: &'a [u8],
}

#[cold]
fn broken() -> Error {
    Error::new(SqlState::PROTOCOL_VIOLATION, "malformed request")
}

impl<'a> Request<'a> {
    /// From its beginning.
    pub fn new(bytes: &'a [u8]) -> Request<'a> {
        Request { rest: bytes }
    }

    fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(n).ok_or_else(broken)?;
        self.rest = rest;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) = self.rest.split_first_chunk::<N>().ok_or_else(broken)?;
        self.rest = rest;
        Ok(*head)
    }

    fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.array()?))
    }

    /// A number.
    pub fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    /// A text; JavaScript's encoder writes no invalid UTF-8, whatever is in its strings.
    pub fn text(&mut self) -> Result<&'a str> {
        let n = self.u32()? as usize;
        std::str::from_utf8(self.take(n)?).map_err(|_| broken())
    }

    /// Parameters, into `out`, which is cleared first and kept by the caller for its capacity.
    pub fn params(&mut self, out: &mut Vec<Param<'a>>) -> Result<()> {
        out.clear();
        for _ in 0..self.u16()? {
            let [tag] = self.array()?;
            out.push(match tag {
                0 => Param::Null,
                1 => Param::Text(self.text()?),
                2 => Param::Int(i64::from(i32::from_le_bytes(self.array()?))),
                3 => Param::Float(f64::from_le_bytes(self.array()?)),
                4 => Param::Bool(self.array::<1>()? != [0]),
                5 => {
                    let n = self.u32()? as usize;
                    Param::Bytes(self.take(n)?)
                }
                6 => Param::Int(i64::from_le_bytes(self.array()?)),
                _ => return Err(broken()),
            });
        }
        Ok(())
    }

    /// Declared types.
    pub fn types(&mut self) -> Result<Vec<u32>> {
        let n = self.u16()?;
        (0..n).map(|_| self.u32()).collect()
    }

    /// All that is left.
    pub fn bytes(self) -> &'a [u8] {
        self.rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tag_and_every_cut() {
        let mut b = vec![6, 0, 0, 1, 2, 0, 0, 0, b'h', b'i', 2, 255, 255, 255, 255, 4, 1, 5, 1, 0, 0, 0, 9, 6];
        b.extend_from_slice(&i64::MIN.to_le_bytes());
        let mut out = Vec::new();
        Request::new(&b).params(&mut out).unwrap();
        assert_eq!(out, [Param::Null, Param::Text("hi"), Param::Int(-1), Param::Bool(true), Param::Bytes(&[9]), Param::Int(i64::MIN)]);
        for n in 0..b.len() {
            assert!(Request::new(&b[..n]).params(&mut Vec::new()).is_err());
        }
    }
}
