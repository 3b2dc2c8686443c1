//! What the lexer can be asked for, and what it returns.

use crate::diagnostic::{SourceWarning, SyntaxDiagnostic};
use crate::token::Token;

/// The start rule the tokens are for (`compile`'s mode).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Mode {
    /// `exec`: a missing final newline is supplied.
    #[default]
    File,
    /// `eval`.
    Eval,
    /// `single`: at the end of input a NEWLINE and the pending DEDENTs are supplied.
    Single,
    /// `func_type`.
    FuncType,
}

/// Switches of [`crate::lexer::tokenize_all`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct LexOptions {
    pub mode: Mode,
    /// Make TYPE_COMMENT and TYPE_IGNORE (PyCF_TYPE_COMMENTS).
    pub type_comments: bool,
    /// `tokenize` mode: COMMENT and NL tokens, and CPython's more tolerant reading of numbers and brackets.
    pub extra_tokens: bool,
    /// Interactive input: a totally empty line ends a block, and comments on the first line are let through.
    pub interactive: bool,
    /// PyCF_DONT_IMPLY_DEDENT: in `Single` mode, do not close open blocks at the end of input.
    pub dont_imply_dedent: bool,
}

/// How far the input had been read when the lexer stopped (CPython's `tok->done`), for telling incomplete input.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// ENDMARKER, or an error met at the end of input.
    Eof,
    /// The end of input inside a triple-quoted string.
    EofInString,
    /// The end of a line or of input inside a one-line string.
    EolInString,
    /// Any other error.
    Error,
}

/// The tokens of a source.
#[derive(Debug)]
pub struct Tokens {
    /// All tokens; the last is `EndMarker` or `ErrorToken`.
    pub tokens: Vec<Token>,
    /// Set exactly when the last token is `ErrorToken`.
    pub error: Option<SyntaxDiagnostic>,
    /// Warnings, each with the index of the token during whose making it was found.
    pub warnings: Vec<(u32, SourceWarning)>,
    pub stop: Stop,
    /// CPython's lexer only names this error by a code (indentation, continuation, end of input); its wording is the
    /// parser's, and `tokenize` words it otherwise.
    pub error_is_coded: bool,
    /// Start of the last line that was begun between tokens (CPython's `tok->buf`).
    pub buffer_start: u32,
    /// Index of the first token during whose making the lexer looked past the end of input (CPython's `tok->done ==
    /// E_EOF` holds from then on): a parse error at or after it is incomplete input.
    pub eof_seen_at: u32,
}

/// An open bracket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OpenBracket {
    /// `(`, `[` or `{`.
    pub byte: u8,
    /// Byte offset.
    pub offset: u32,
    /// 1-based line.
    pub line: u32,
}

impl Tokens {
    /// The innermost bracket still open after the first `count` tokens, as CPython's `tok->parenstack` has it when the
    /// parser has fetched that many.
    pub fn open_bracket(&self, count: usize) -> Option<OpenBracket> {
        use crate::token::TokenKind::*;
        let mut stack = Vec::new();
        for token in self.tokens.iter().take(count) {
            match token.kind {
                LPar | LSqb | LBrace => {
                    let byte = token.kind.text().as_bytes()[0];
                    stack.push(OpenBracket { byte, offset: token.start, line: token.line });
                }
                RPar | RSqb | RBrace => {
                    stack.pop();
                }
                _ => {}
            }
        }
        stack.pop()
    }
}
