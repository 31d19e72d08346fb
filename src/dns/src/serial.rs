//! SOA serials, which only go forward (RFC 1982).

use tusklet_error::{Result, bail, err};

/// The serial after `serial`: `YYYYMMDD01` of today when that is ahead, otherwise one more. Never 0.
pub fn next_serial(serial: u32, today_yyyymmdd: u32) -> u32 {
    let date = today_yyyymmdd.checked_mul(100).and_then(|d| d.checked_add(1)).unwrap_or(0);
    // More than 2^31 - 1 ahead would look like a step back to a secondary.
    let ahead = date > serial && date - serial < 1 << 31;
    let next = if ahead { date } else { serial.wrapping_add(1) };
    next.max(1)
}

/// A SOA content with its serial raised.
pub fn bump_serial(content: &str, today_yyyymmdd: u32) -> Result<String> {
    let mut words: Vec<&str> = content.split_whitespace().collect();
    if words.len() != 7 {
        bail!(INVALID_TEXT_REPRESENTATION, "a SOA record has 7 fields, not {}", words.len());
    }
    let serial: u32 =
        words[2].parse().map_err(|_| err!(INVALID_TEXT_REPRESENTATION, "\"{}\" is not a serial"; words[2]))?;
    let next = next_serial(serial, today_yyyymmdd).to_string();
    words[2] = &next;
    Ok(words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_go_forward_by_date_when_that_is_ahead_and_around_at_the_end() {
        assert_eq!(next_serial(2024010101, 20240506), 2024050601);
        assert_eq!(next_serial(2024050601, 20240506), 2024050602);
        assert_eq!(next_serial(2024050699, 20240506), 2024050700);
        assert_eq!(next_serial(u32::MAX, 20240506), 1);
        assert_eq!(next_serial(0, 20240506), 2024050601);
        assert_eq!(next_serial(7, u32::MAX), 8);
        let soa = bump_serial("a. b.  2024010101 1 2 3 4", 20240506).unwrap();
        assert_eq!(soa, "a. b. 2024050601 1 2 3 4");
        assert!(bump_serial("too few", 20240506).is_err());
        assert!(bump_serial("a b x 1 2 3 4", 20240506).is_err());
    }
}
