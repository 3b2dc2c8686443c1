//! Token kinds, declared once, and the token itself.
//!
//! The numbers are those of CPython 3.14's `token` module (Grammar/Tokens), so a kind is its own answer to
//! `token.type`. Names, operator texts and the one-, two- and three-character operator look-up all come from the
//! table below; nothing else in the crate lists token kinds.

/// Declares the kinds: `Variant = number, "NAME", "exact operator text or empty"`.
macro_rules! token_kinds {
    ($($(#[$doc:meta])* $variant:ident = $number:literal, $name:literal, $text:literal;)*) => {
        /// A token kind; the discriminant is CPython 3.14's number.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum TokenKind {
            $($(#[$doc])* $variant = $number,)*
        }

        impl TokenKind {
            /// Every kind, ordered by number.
            pub const ALL: &'static [TokenKind] = &[$(TokenKind::$variant),*];

            /// The name in the `token` module (`"NAME"`, `"LPAR"`).
            pub const fn name(self) -> &'static str {
                match self { $(TokenKind::$variant => $name,)* }
            }

            /// The exact text of an operator or delimiter, empty for every other kind.
            pub const fn text(self) -> &'static str {
                match self { $(TokenKind::$variant => $text,)* }
            }
        }
    };
}

token_kinds! {
    /// End of input.
    EndMarker = 0, "ENDMARKER", "";
    /// Identifier or keyword; the parser tells them apart.
    Name = 1, "NAME", "";
    /// Integer, float or imaginary literal.
    Number = 2, "NUMBER", "";
    /// String or bytes literal with prefix and quotes (not f- or t-strings).
    String = 3, "STRING", "";
    /// End of a logical line.
    Newline = 4, "NEWLINE", "";
    Indent = 5, "INDENT", "";
    Dedent = 6, "DEDENT", "";
    LPar = 7, "LPAR", "(";
    RPar = 8, "RPAR", ")";
    LSqb = 9, "LSQB", "[";
    RSqb = 10, "RSQB", "]";
    Colon = 11, "COLON", ":";
    Comma = 12, "COMMA", ",";
    Semi = 13, "SEMI", ";";
    Plus = 14, "PLUS", "+";
    Minus = 15, "MINUS", "-";
    Star = 16, "STAR", "*";
    Slash = 17, "SLASH", "/";
    VBar = 18, "VBAR", "|";
    Amper = 19, "AMPER", "&";
    Less = 20, "LESS", "<";
    Greater = 21, "GREATER", ">";
    Equal = 22, "EQUAL", "=";
    Dot = 23, "DOT", ".";
    Percent = 24, "PERCENT", "%";
    LBrace = 25, "LBRACE", "{";
    RBrace = 26, "RBRACE", "}";
    EqEqual = 27, "EQEQUAL", "==";
    NotEqual = 28, "NOTEQUAL", "!=";
    LessEqual = 29, "LESSEQUAL", "<=";
    GreaterEqual = 30, "GREATEREQUAL", ">=";
    Tilde = 31, "TILDE", "~";
    Circumflex = 32, "CIRCUMFLEX", "^";
    LeftShift = 33, "LEFTSHIFT", "<<";
    RightShift = 34, "RIGHTSHIFT", ">>";
    DoubleStar = 35, "DOUBLESTAR", "**";
    PlusEqual = 36, "PLUSEQUAL", "+=";
    MinEqual = 37, "MINEQUAL", "-=";
    StarEqual = 38, "STAREQUAL", "*=";
    SlashEqual = 39, "SLASHEQUAL", "/=";
    PercentEqual = 40, "PERCENTEQUAL", "%=";
    AmperEqual = 41, "AMPEREQUAL", "&=";
    VBarEqual = 42, "VBAREQUAL", "|=";
    CircumflexEqual = 43, "CIRCUMFLEXEQUAL", "^=";
    LeftShiftEqual = 44, "LEFTSHIFTEQUAL", "<<=";
    RightShiftEqual = 45, "RIGHTSHIFTEQUAL", ">>=";
    DoubleStarEqual = 46, "DOUBLESTAREQUAL", "**=";
    DoubleSlash = 47, "DOUBLESLASH", "//";
    DoubleSlashEqual = 48, "DOUBLESLASHEQUAL", "//=";
    At = 49, "AT", "@";
    AtEqual = 50, "ATEQUAL", "@=";
    RArrow = 51, "RARROW", "->";
    Ellipsis = 52, "ELLIPSIS", "...";
    ColonEqual = 53, "COLONEQUAL", ":=";
    Exclamation = 54, "EXCLAMATION", "!";
    /// Any other single character (`$`, `?`, a backquote); with `extra_tokens`, every operator is reported as this.
    Op = 55, "OP", "";
    TypeIgnore = 56, "TYPE_IGNORE", "";
    TypeComment = 57, "TYPE_COMMENT", "";
    /// Only a name in the `token` module: the lexer never makes it.
    SoftKeyword = 58, "SOFT_KEYWORD", "";
    FStringStart = 59, "FSTRING_START", "";
    FStringMiddle = 60, "FSTRING_MIDDLE", "";
    FStringEnd = 61, "FSTRING_END", "";
    TStringStart = 62, "TSTRING_START", "";
    TStringMiddle = 63, "TSTRING_MIDDLE", "";
    TStringEnd = 64, "TSTRING_END", "";
    /// Comment; only with `extra_tokens`.
    Comment = 65, "COMMENT", "";
    /// A newline that ends no statement; only with `extra_tokens`.
    Nl = 66, "NL", "";
    /// The lexer stopped here; the diagnostic is beside the tokens.
    ErrorToken = 67, "ERRORTOKEN", "";
    /// Only a name in the `token` module: Lib/tokenize.py makes it.
    Encoding = 68, "ENCODING", "";
}

/// `token.N_TOKENS`.
pub const N_TOKENS: u32 = TokenKind::ALL.len() as u32;
/// `token.NT_OFFSET`.
pub const NT_OFFSET: u32 = 256;

impl TokenKind {
    /// The number in the `token` module.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The kind with that number.
    pub fn from_number(number: u8) -> Option<TokenKind> {
        Self::ALL.get(number as usize).copied()
    }

    /// A delimiter or operator (what `tokenize` reports as OP).
    pub const fn is_operator(self) -> bool {
        self as u8 > TokenKind::Dedent as u8 && (self as u8) <= TokenKind::Op as u8
    }
}

/// The operator that is exactly the one byte `a`.
#[inline]
pub fn one_char(a: u8) -> TokenKind {
    ONE[a as usize]
}

/// The operator `ab`, if there is one. `<>` is two tokens; the parser knows when they mean `!=`.
#[inline]
pub fn two_chars(a: u8, b: u8) -> Option<TokenKind> {
    use TokenKind::*;
    Some(match (a, b) {
        (b'!', b'=') => NotEqual,
        (b'=', b'=') => EqEqual,
        (b'<', b'=') => LessEqual,
        (b'>', b'=') => GreaterEqual,
        (b'<', b'<') => LeftShift,
        (b'>', b'>') => RightShift,
        (b'*', b'*') => DoubleStar,
        (b'/', b'/') => DoubleSlash,
        (b'+', b'=') => PlusEqual,
        (b'-', b'=') => MinEqual,
        (b'-', b'>') => RArrow,
        (b'*', b'=') => StarEqual,
        (b'/', b'=') => SlashEqual,
        (b'%', b'=') => PercentEqual,
        (b'&', b'=') => AmperEqual,
        (b'|', b'=') => VBarEqual,
        (b'^', b'=') => CircumflexEqual,
        (b'@', b'=') => AtEqual,
        (b':', b'=') => ColonEqual,
        _ => return None,
    })
}

/// The operator `abc`, if there is one.
#[inline]
pub fn three_chars(a: u8, b: u8, c: u8) -> Option<TokenKind> {
    use TokenKind::*;
    Some(match (a, b, c) {
        (b'*', b'*', b'=') => DoubleStarEqual,
        (b'/', b'/', b'=') => DoubleSlashEqual,
        (b'<', b'<', b'=') => LeftShiftEqual,
        (b'>', b'>', b'=') => RightShiftEqual,
        (b'.', b'.', b'.') => Ellipsis,
        _ => return None,
    })
}

/// One-character operators by byte, built from the table; every other byte is `Op`.
static ONE: [TokenKind; 256] = {
    let mut table = [TokenKind::Op; 256];
    let mut i = 0;
    while i < TokenKind::ALL.len() {
        let kind = TokenKind::ALL[i];
        let text = kind.text().as_bytes();
        if text.len() == 1 {
            table[text[0] as usize] = kind;
        }
        i += 1;
    }
    table
};

/// A token: 16 bytes, a range into the source text and the line it starts on.
///
/// NEWLINE, DEDENT, ENDMARKER are empty ranges; INDENT too unless `extra_tokens`. CPython gives INDENT, DEDENT and
/// ENDMARKER the column -1 (see [`Token::has_column`]); a NEWLINE's range is empty at the newline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Token {
    /// Byte offset of the first byte.
    pub start: u32,
    /// Byte offset past the last byte.
    pub end: u32,
    /// 1-based line of `start`.
    pub line: u32,
    /// Lines crossed between `start` and `end`; `u16::MAX` means "that or more": use [`crate::Source::line_of`].
    pub lines: u16,
    pub kind: TokenKind,
    /// The kind's number, or which keyword a NAME is: what the parser goes by (`parser::codes`).
    pub(crate) code: u8,
}

impl Token {
    /// A token that is no keyword.
    #[inline]
    pub(crate) fn new(kind: TokenKind, start: u32, end: u32, line: u32, lines: u16) -> Token {
        Token { start, end, line, lines, kind, code: kind as u8 }
    }

    /// The range as `usize`, for slicing.
    #[inline]
    pub fn range(&self) -> std::ops::Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Whether CPython knows a column for this token (it reports -1 for INDENT, DEDENT and ENDMARKER).
    pub fn has_column(&self) -> bool {
        !matches!(self.kind, TokenKind::Indent | TokenKind::Dedent | TokenKind::EndMarker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_positions_in_the_table() {
        for (i, kind) in TokenKind::ALL.iter().enumerate() {
            assert_eq!(kind.number() as usize, i);
        }
        assert_eq!(N_TOKENS, 69);
    }

    #[test]
    fn every_operator_is_found_by_its_text() {
        for &kind in TokenKind::ALL {
            let text = kind.text().as_bytes();
            match *text {
                [] => {}
                [a] => assert_eq!(one_char(a), kind),
                [a, b] => assert_eq!(two_chars(a, b), Some(kind)),
                [a, b, c] => assert_eq!(three_chars(a, b, c), Some(kind)),
                _ => panic!("operator longer than three bytes"),
            }
        }
        assert_eq!(std::mem::size_of::<Token>(), 16);
    }
}
