//! One byte a token: its kind, or which keyword it is.
//!
//! The lexer reports keywords as NAME, as CPython's does. Telling them apart once, before parsing, makes every decision
//! of the parser a comparison of bytes. Codes below 128 are [`TokenKind`] numbers, keywords follow.

use crate::token::{Token, TokenKind};

pub(crate) type Code = u8;

macro_rules! punctuation {
    ($($name:ident = $kind:ident;)*) => { $(pub(crate) const $name: Code = TokenKind::$kind as u8;)* };
}

punctuation! {
    END = EndMarker; NAME = Name; NUMBER = Number; STRING = String; NEWLINE = Newline; INDENT = Indent;
    DEDENT = Dedent; LPAR = LPar; RPAR = RPar; LSQB = LSqb; RSQB = RSqb; COLON = Colon; COMMA = Comma; SEMI = Semi;
    PLUS = Plus; MINUS = Minus; STAR = Star; SLASH = Slash; VBAR = VBar; AMPER = Amper; LESS = Less;
    GREATER = Greater; EQUAL = Equal; DOT = Dot; PERCENT = Percent; LBRACE = LBrace; RBRACE = RBrace;
    EQEQUAL = EqEqual; NOTEQUAL = NotEqual; LESSEQUAL = LessEqual; GREATEREQUAL = GreaterEqual; TILDE = Tilde;
    CIRCUMFLEX = Circumflex; LEFTSHIFT = LeftShift; RIGHTSHIFT = RightShift; DOUBLESTAR = DoubleStar;
    PLUSEQUAL = PlusEqual; MINEQUAL = MinEqual; STAREQUAL = StarEqual; SLASHEQUAL = SlashEqual;
    PERCENTEQUAL = PercentEqual; AMPEREQUAL = AmperEqual; VBAREQUAL = VBarEqual;
    CIRCUMFLEXEQUAL = CircumflexEqual; LEFTSHIFTEQUAL = LeftShiftEqual; RIGHTSHIFTEQUAL = RightShiftEqual;
    DOUBLESTAREQUAL = DoubleStarEqual; DOUBLESLASH = DoubleSlash; DOUBLESLASHEQUAL = DoubleSlashEqual; AT = At;
    ATEQUAL = AtEqual; RARROW = RArrow; ELLIPSIS = Ellipsis; COLONEQUAL = ColonEqual; EXCLAMATION = Exclamation;
    TYPE_COMMENT = TypeComment;
    FSTRING_START = FStringStart; FSTRING_MIDDLE = FStringMiddle; FSTRING_END = FStringEnd;
    TSTRING_START = TStringStart; TSTRING_MIDDLE = TStringMiddle; TSTRING_END = TStringEnd;
    ERROR = ErrorToken;
}

/// The longest keywords: `continue` and `nonlocal`.
const LONGEST: usize = 8;
const PLACES: usize = 64;
/// Found by trial: it takes the keywords to places of their own.
const PLACING: u64 = 0xb57c_8e05_e3c9_b0e1;

/// Where in [`KEYWORDS`] the word would be.
const fn place(word: u64) -> usize {
    (word.wrapping_mul(PLACING) >> (u64::BITS - PLACES.ilog2())) as usize
}

/// The bytes of a short text as one number.
const fn word_of(text: &[u8]) -> u64 {
    let mut word = 0;
    let mut i = text.len();
    while i > 0 {
        i -= 1;
        word = word << 8 | text[i] as u64;
    }
    word
}

/// The code of a token. Every second one is a name, and the next is any: nothing here branches on what they are, but at the end
/// of the text, where no eight bytes follow.
#[inline(always)]
pub(crate) fn of_token(text: &[u8], token: &Token) -> Code {
    let length = token.end.wrapping_sub(token.start) as usize;
    let word = match text.get(token.start as usize..).and_then(|rest| rest.first_chunk()) {
        Some(bytes) => u64::from_le_bytes(*bytes) & u64::MAX >> (u64::BITS as usize - 8 * length.clamp(1, LONGEST)),
        None => text.get(token.range()).filter(|text| text.len() <= LONGEST).map_or(0, word_of),
    };
    let (keyword, code) = KEYWORDS[place(word)];
    let is_keyword = (keyword == word) & (length <= LONGEST) & (token.kind as u8 == NAME);
    std::hint::select_unpredictable(is_keyword, code, token.kind as u8)
}

macro_rules! keywords {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        $(pub(crate) const $name: Code = $number;)*

        /// The keywords by [`place`]: their word and code; where none is, a word no text has.
        static KEYWORDS: [(u64, Code); PLACES] = {
            let mut table = [(0, NAME); PLACES];
            $(
                let word = word_of($text);
                assert!(table[place(word)].0 == 0, "two keywords in one place: PLACING must be another number");
                table[place(word)] = (word, $name);
            )*
            table
        };
    };
}

keywords! {
    FALSE = 128, b"False";
    NONE = 129, b"None";
    TRUE = 130, b"True";
    AND = 131, b"and";
    AS = 132, b"as";
    ASSERT = 133, b"assert";
    ASYNC = 134, b"async";
    AWAIT = 135, b"await";
    BREAK = 136, b"break";
    CLASS = 137, b"class";
    CONTINUE = 138, b"continue";
    DEF = 139, b"def";
    DEL = 140, b"del";
    ELIF = 141, b"elif";
    ELSE = 142, b"else";
    EXCEPT = 143, b"except";
    FINALLY = 144, b"finally";
    FOR = 145, b"for";
    FROM = 146, b"from";
    GLOBAL = 147, b"global";
    IF = 148, b"if";
    IMPORT = 149, b"import";
    IN = 150, b"in";
    IS = 151, b"is";
    LAMBDA = 152, b"lambda";
    NONLOCAL = 153, b"nonlocal";
    NOT = 154, b"not";
    OR = 155, b"or";
    PASS = 156, b"pass";
    RAISE = 157, b"raise";
    RETURN = 158, b"return";
    TRY = 159, b"try";
    WHILE = 160, b"while";
    WITH = 161, b"with";
    YIELD = 162, b"yield";
}

/// Can a `star_expressions` begin with this token?
pub(crate) fn starts_expression(code: Code) -> bool {
    matches!(
        code,
        NAME | NUMBER
            | STRING
            | FSTRING_START
            | TSTRING_START
            | LPAR
            | LSQB
            | LBRACE
            | MINUS
            | PLUS
            | TILDE
            | STAR
            | ELLIPSIS
            | NOT
            | LAMBDA
            | AWAIT
            | TRUE
            | FALSE
            | NONE
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_and_only_they_are_told_apart() {
        let words: Vec<&[u8]> = KEYWORDS
            .iter()
            .filter(|word| word.0 != 0)
            .map(|(word, _)| word.to_le_bytes())
            .map(|bytes| {
                let length = bytes.iter().take_while(|&&byte| byte != 0).count();
                &*bytes[..length].to_vec().leak()
            })
            .collect();
        assert_eq!(words.len(), usize::from(YIELD - FALSE) + 1);
        let code = |text: &[u8], kind| {
            let token = Token { start: 1, end: 1 + text.len() as u32, line: 1, lines: 0, kind };
            // At the end of the text, before one byte and before many.
            let codes = [0, 1, 20]
                .map(|after| of_token(&[b"(", text, &b")aaaaaaaaaaaaaaaaaaaaaaaa"[..after]].concat(), &token));
            assert!(codes.iter().all(|code| *code == codes[0]), "{text:?}: {codes:?}");
            codes[0]
        };
        for word in words {
            assert!(code(word, TokenKind::Name) >= FALSE);
            assert_eq!(code(word, TokenKind::String), STRING);
            for other in [&word[1..], &word[..word.len() - 1], &[word, b"d"].concat(), &[word, word].concat()] {
                let keyword = matches!(other, b"is" | b"in" | b"or" | b"and");
                assert_eq!(code(other, TokenKind::Name) != NAME, keyword, "{other:?}");
            }
        }
        assert_eq!(code(b"nonlocal", TokenKind::Name), NONLOCAL);
        assert_eq!(code(b"if", TokenKind::Name), IF);
        assert_eq!(code(b"", TokenKind::Dedent), DEDENT);
    }
}
