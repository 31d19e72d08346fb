//! Our tokens in the types of the crate sqlparser, whose own tokenizer cuts PostgreSQL's operators and literals otherwise.

use crate::keywords::Kw;
use crate::lexer::{Lexed, T, Token as Ours, lex};
use crate::literals;
use sqlparser::ast::DollarQuotedString;
use sqlparser::keywords::Keyword;
use sqlparser::tokenizer::{Location, Token, TokenWithSpan, Word};
use tusklet_error::Result;

/// Operators sqlparser has a token of its own for; the others are custom operators.
const OPERATORS: &[(&str, Token)] = &[
    ("&", Token::Ampersand),
    ("|", Token::Pipe),
    ("#", Token::Sharp),
    ("##", Token::DoubleSharp),
    ("~", Token::Tilde),
    ("~*", Token::TildeAsterisk),
    ("!~", Token::ExclamationMarkTilde),
    ("!~*", Token::ExclamationMarkTildeAsterisk),
    ("~~", Token::DoubleTilde),
    ("~~*", Token::DoubleTildeAsterisk),
    ("!~~", Token::ExclamationMarkDoubleTilde),
    ("!~~*", Token::ExclamationMarkDoubleTildeAsterisk),
    ("<<", Token::ShiftLeft),
    (">>", Token::ShiftRight),
    ("&&", Token::Overlap),
    ("!", Token::ExclamationMark),
    ("!!", Token::DoubleExclamationMark),
    ("@", Token::AtSign),
    ("^@", Token::CaretAt),
    ("|/", Token::PGSquareRoot),
    ("||/", Token::PGCubeRoot),
    ("||", Token::StringConcat),
    ("->", Token::Arrow),
    ("->>", Token::LongArrow),
    ("#>", Token::HashArrow),
    ("#>>", Token::HashLongArrow),
    ("@>", Token::AtArrow),
    ("<@", Token::ArrowAt),
    ("#-", Token::HashMinus),
    ("@?", Token::AtQuestion),
    ("@@", Token::AtAt),
    ("?", Token::Question),
    ("?&", Token::QuestionAnd),
    ("?|", Token::QuestionPipe),
    ("@-@", Token::AtDashAt),
    ("?-", Token::QuestionMarkDash),
    ("&<", Token::AmpersandLeftAngleBracket),
    ("&>", Token::AmpersandRightAngleBracket),
    ("&<|", Token::AmpersandLeftAngleBracketVerticalBar),
    ("|&>", Token::VerticalBarAmpersandRightAngleBracket),
    ("<->", Token::TwoWayArrow),
    ("<^", Token::LeftAngleBracketCaret),
    (">^", Token::RightAngleBracketCaret),
    ("?#", Token::QuestionMarkSharp),
    ("?-|", Token::QuestionMarkDashVerticalBar),
    ("?||", Token::QuestionMarkDoubleVerticalBar),
    ("~=", Token::TildeEqual),
    ("<<|", Token::ShiftLeftVerticalBar),
    ("|>>", Token::VerticalBarShiftRight),
];

pub(crate) fn location(sql: &str, byte: usize) -> Location {
    let mut end = byte.min(sql.len());
    while !sql.is_char_boundary(end) {
        end -= 1;
    }
    let before = &sql[..end];
    let line = before.bytes().filter(|&c| c == b'\n').count() as u64 + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() as u64 + 1;
    Location { line, column }
}

pub(crate) fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>> {
    let Lexed { tokens, error, .. } = lex(sql);
    if let Some(error) = error {
        return Err(error);
    }
    let place = |byte: u32| Location { line: 1, column: u64::from(byte) + 1 };
    tokens
        .iter()
        .filter(|t| t.t != T::Eof)
        .map(|t| Ok(TokenWithSpan::at(token(sql, t)?, place(t.start), place(t.end))))
        .collect()
}

fn token(sql: &str, t: &Ours) -> Result<Token> {
    let text = &sql[t.start as usize..t.end as usize];
    let string = || literals::string(sql, t);
    Ok(match t.t {
        // Known statements are recognised only for scripts.
        T::Eof | T::Error | T::Known => Token::EOF,
        // The only word that is another in PostgreSQL: N'…' is NCHAR and a string.
        T::Keyword if t.kw == Kw::NCHAR => Token::make_keyword("nchar"),
        T::Keyword => Token::make_keyword(text),
        T::Ident => Token::Word(Word { value: text.to_owned(), quote_style: None, keyword: Keyword::NoKeyword }),
        T::QuotedIdent | T::UnicodeIdent => {
            Token::Word(Word { value: literals::ident(sql, t), quote_style: Some('"'), keyword: Keyword::NoKeyword })
        }
        T::String | T::EscapeString | T::UnicodeString => Token::SingleQuotedString(string()?),
        T::DollarString => {
            let tag = text.split('$').nth(1).filter(|tag| !tag.is_empty()).map(str::to_owned);
            Token::DollarQuotedString(DollarQuotedString { value: string()?, tag })
        }
        T::Bit => Token::SingleQuotedByteStringLiteral(string()?.split_off(1)),
        T::Hex => Token::HexStringLiteral(string()?.split_off(1)),
        T::Integer | T::Float => Token::Number(text.to_owned(), false),
        T::Param => Token::Placeholder(text.to_owned()),
        T::Op => match OPERATORS.iter().find(|(name, _)| *name == text) {
            Some((_, token)) => token.clone(),
            None => Token::CustomBinaryOperator(text.to_owned()),
        },
        T::Plus => Token::Plus,
        T::Minus => Token::Minus,
        T::Star => Token::Mul,
        T::Slash => Token::Div,
        T::Percent => Token::Mod,
        T::Caret => Token::Caret,
        T::Lt => Token::Lt,
        T::Gt => Token::Gt,
        T::Eq => Token::Eq,
        T::LtEq => Token::LtEq,
        T::GtEq => Token::GtEq,
        T::NotEq => Token::Neq,
        T::Comma => Token::Comma,
        T::LParen => Token::LParen,
        T::RParen => Token::RParen,
        T::LBracket => Token::LBracket,
        T::RBracket => Token::RBracket,
        T::Dot => Token::Period,
        T::DotDot => Token::CustomBinaryOperator("..".to_owned()),
        T::Semicolon => Token::SemiColon,
        T::Colon => Token::Colon,
        T::TypeCast => Token::DoubleColon,
        T::ColonEquals => Token::Assignment,
        T::EqualsGreater => Token::RArrow,
        T::Other => text.chars().next().map_or(Token::EOF, Token::Char),
    })
}
