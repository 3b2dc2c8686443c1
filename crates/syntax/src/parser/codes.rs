//! One byte a token: its kind, or which keyword it is.
//!
//! Keywords are NAME tokens, as CPython's are; the lexer tells them apart by the way (`Token::code`), and every decision
//! of the parser is a comparison of bytes. Codes below 128 are [`TokenKind`] numbers, keywords follow.

use crate::token::TokenKind;

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

macro_rules! keywords {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        $(pub(crate) const $name: Code = $number;)*

        /// The keywords, each at the place its text leads to.
        static KEYWORDS: [(u64, Code); 1 << SLOT_BITS] = {
            let mut table = [(0, NAME); 1 << SLOT_BITS];
            $(
                let word = word_of($text);
                assert!(table[slot(word)].0 == 0, "two keywords share a place: another multiplier is needed");
                table[slot(word)] = (word, $name);
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

const SLOT_BITS: u32 = 6;

/// Sends every keyword to a place of its own (found by trying).
const fn slot(word: u64) -> usize {
    (word.wrapping_mul(0x2E22_C492_6AF8_A225) >> (64 - SLOT_BITS)) as usize
}

const fn word_of(text: &[u8]) -> u64 {
    let (mut word, mut at) = (0, text.len());
    while at > 0 {
        at -= 1;
        word = word << 8 | text[at] as u64;
    }
    word
}

/// The keyword a name of at most eight bytes is, or [`NAME`]; the first byte is the lowest, and zeros follow the last.
#[inline(always)]
pub(crate) fn of_word(word: u64) -> Code {
    let (text, code) = KEYWORDS[slot(word)];
    std::hint::select_unpredictable(text == word, code, NAME)
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
