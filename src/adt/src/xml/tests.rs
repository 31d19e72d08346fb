//! What every text must do, whatever it is; what PostgreSQL says to each is in the goldens.

use super::*;

#[test]
fn nothing_panics_and_everything_ends() {
    let seeds = [
        "<a b='c' xmlns:p='u'><p:d/>text &amp; &#65; <![CDATA[x]]><!-- c --><?p i?></a>",
        "<!DOCTYPE a [<!ENTITY x 'y'><!ENTITY % p '<!ELEMENT a (b|c)*>'>%p;<!ATTLIST a q CDATA 'd' r (s|t) #IMPLIED>]><a>&x;</a>",
        "<?xml version='1.0' standalone='yes'?><é ü='ö'>\u{10FFFF}\r\n</é>",
    ];
    let mut state = 1u64;
    let mut random = |n: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % n.max(1)
    };
    let bits: Vec<char> = "<>&;'\"![]-?%x#/= a:\r\n\u{1}é\u{FFFF}".chars().collect();
    for _ in 0..20_000 {
        let mut s: Vec<char> = seeds[random(seeds.len())].chars().collect();
        for _ in 0..1 + random(4) {
            let at = random(s.len());
            match random(3) {
                0 => drop(s.remove(at)),
                1 => s[at] = bits[random(bits.len())],
                _ => s.insert(at, bits[random(bits.len())]),
            }
        }
        let s: String = s.into_iter().collect();
        for document in [false, true] {
            let _ = check(&s, document, &mut vec![]);
        }
        let _ = output(&s);
        if let Ok(doc) = parse(&s, &mut vec![]) {
            // What is written can be read again, and is the same then.
            let text = doc.dump(0);
            let text = text.strip_prefix("<?xml version=\"1.0\"?>\n").unwrap_or(&text);
            if !s.contains('%') {
                let again = parse(text, &mut vec![]).map(|d| d.dump(0));
                assert_eq!(
                    again.ok().as_deref().map(|t| t.trim_start_matches("<?xml version=\"1.0\"?>\n")),
                    Some(text),
                    "{s}"
                );
            }
        }
    }
}

#[test]
fn entities_are_bounded() {
    let mut s = String::from("<!DOCTYPE a [<!ENTITY e0 'xxxxxxxxxx'>");
    for i in 1..30 {
        s.push_str(&format!("<!ENTITY e{i} '&e{0};&e{0};&e{0};&e{0};&e{0};&e{0};&e{0};&e{0};&e{0};'>", i - 1));
    }
    let _ = check(&format!("{s}]><a>&e29;</a>"), true, &mut vec![]);
    let _ = check(&format!("{s}]><a b='&e29;'/>"), true, &mut vec![]);
    assert!(!is_well_formed("<!DOCTYPE a [<!ENTITY a '&b;'><!ENTITY b '&a;'>]><a c='&a;'/>", true));
    assert!(!is_well_formed(&"<a>".repeat(10_000), false));
}

#[test]
fn names() {
    assert_eq!(name_of_identifier(":one:", false, false), "_x003A_one:");
    assert_eq!(identifier_of_name("_x003A_one:"), ":one:");
    assert_eq!(name_of_identifier("a b_x", true, true), "a_x0020_b_x005F_x");
}
