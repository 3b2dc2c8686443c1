//! From tokens to the tree.
//!
//! Problem: parse the whole of CPython 3.14's grammar fast, and report CPython's message at CPython's position when the
//! text is wrong. The two pull apart: a fast parser decides on the next token, CPython's messages come from the order in
//! which a PEG parser tries alternatives. Method: two parsers over the same tokens. This module's is a plain recursive
//! descent that looks ahead a token or two and knows no messages: any failure is [`Fail`]. Only then
//! [`crate::diagnose`] parses again in the grammar's own order and says what is wrong.
//!
//! Invariants: accepted texts are exactly CPython's; positions are CPython's (from a rule's first token to its last
//! token that is not NEWLINE, INDENT, DEDENT); nothing here panics on any token sequence. Recursion is bounded by
//! [`MAX_DEPTH`], counted in CPython's rule levels, so a stack of 8 MiB is always enough in optimised builds: callers on
//! smaller stacks must run the parse on a bigger one.
//!
//! Source: Grammar/python.gram of CPython 3.14.

mod calls;
mod compound;
mod definitions;
mod expressions;
mod fstrings;
mod patterns;
mod rewrites;
mod simple;
mod strings;
mod targets;

pub(crate) mod codes;
pub(crate) mod literals;

use crate::ast::{Arg, CmpOp, Expr, ExprKind, Keyword, Mod, Range, Stmt, TypeIgnore};
use crate::diagnostic::{SourceWarning, SyntaxDiagnostic};
use crate::lexer::{LexOptions, Mode, Tokens, tokenize_all};
use crate::source::Source;
use crate::token::{Token, TokenKind};
use bumpalo::Bump;
use codes::*;
use compound::Branch;
pub use rewrites::RewriteLines;

/// CPython's `MAXSTACK` (Parser/parser.c): rule levels before "Parser stack overflowed - Python source too complex to parse".
pub const MAX_DEPTH: u32 = 6000;

/// Rule levels from a module down to an atom that is a statement of it.
const STATEMENT_LEVELS: u32 = 32;

/// What `compile` and `ast.parse` can ask of the parser besides the mode.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ParseFlags {
    /// PyCF_TYPE_COMMENTS.
    pub type_comments: bool,
    /// Minor version of `ast.parse(feature_version=...)`; newer syntax is refused.
    pub feature_version: u8,
    /// `from __future__ import barry_as_FLUFL` in the code being continued; one in the text itself also counts.
    pub barry_as_flufl: bool,
    /// PyCF_DONT_IMPLY_DEDENT.
    pub dont_imply_dedent: bool,
    /// PyCF_ALLOW_INCOMPLETE_INPUT: an error at the end of the text is reported as incomplete input.
    pub allow_incomplete: bool,
    /// The text comes line by line from a prompt.
    pub interactive: bool,
    /// `sys.get_int_max_str_digits()`: longer decimal literals are refused; 0 is no limit.
    pub max_int_digits: u32,
    /// The address below which the machine stack is used up: a text that needs more is too complex to parse. 0: it is large enough
    /// for every text.
    pub stack_limit: usize,
}

impl Default for ParseFlags {
    fn default() -> Self {
        ParseFlags {
            type_comments: false,
            feature_version: 14,
            barry_as_flufl: false,
            dont_imply_dedent: false,
            allow_incomplete: false,
            interactive: false,
            max_int_digits: 4300,
            stack_limit: 0,
        }
    }
}

/// Parses `source`; the tree lives in `arena` and has its names from the text. Warnings are dropped: see [`parse_with_warnings`].
///
/// # Errors
/// The diagnostic CPython raises for this text.
pub fn parse<'a>(
    source: &'a Source,
    mode: Mode,
    flags: ParseFlags,
    arena: &'a Bump,
) -> Result<Mod<'a>, SyntaxDiagnostic> {
    parse_with_warnings(source, mode, flags, arena, &mut Vec::new())
}

/// Like [`parse`], and appends to `warnings` what CPython warns of while parsing, in its order.
///
/// # Errors
/// The diagnostic CPython raises for this text; the warnings given before it are in `warnings`.
pub fn parse_with_warnings<'a>(
    source: &'a Source,
    mode: Mode,
    flags: ParseFlags,
    arena: &'a Bump,
    warnings: &mut Vec<SourceWarning>,
) -> Result<Mod<'a>, SyntaxDiagnostic> {
    parse_to_compile(source, mode, flags, arena, warnings, &mut RewriteLines::default())
}

/// Like [`parse_with_warnings`], and tells where the compiler may rewrite the tree.
///
/// # Errors
/// As [`parse_with_warnings`].
pub fn parse_to_compile<'a>(
    source: &'a Source,
    mode: Mode,
    flags: ParseFlags,
    arena: &'a Bump,
    warnings: &mut Vec<SourceWarning>,
    rewrites: &mut RewriteLines,
) -> Result<Mod<'a>, SyntaxDiagnostic> {
    let options = LexOptions {
        mode,
        type_comments: flags.type_comments,
        interactive: flags.interactive,
        dont_imply_dedent: flags.dont_imply_dedent,
        ..LexOptions::default()
    };
    let tokens = tokenize_all(source, options);
    let mut parser = Parser::new(source, &tokens, flags, arena);
    match parser.module(mode) {
        Ok(module) => {
            *rewrites = RewriteLines::of(parser.rewrites);
            merge_warnings(&tokens, parser.warnings, warnings);
            Ok(module)
        }
        Err(Fail) if parser.stack_used_up => Err(crate::diagnose::too_complex()),
        Err(Fail) => {
            let mut diagnostic = crate::diagnose::diagnose(source, &tokens, mode, flags, warnings);
            if let Some(location) = &mut diagnostic.location {
                location.last_statement = Some(parser.last_statement);
            }
            Err(diagnostic)
        }
    }
}

/// Puts the lexer's and the parser's warnings into the order of the tokens they were found at.
fn merge_warnings(tokens: &Tokens, parsed: Vec<(u32, SourceWarning)>, out: &mut Vec<SourceWarning>) {
    if tokens.warnings.is_empty() && parsed.is_empty() {
        return;
    }
    let mut all: Vec<(u32, SourceWarning)> = tokens.warnings.iter().cloned().chain(parsed).collect();
    all.sort_by_key(|warning| warning.0);
    out.extend(all.into_iter().map(|warning| warning.1));
}

/// The text does not follow the grammar; why is [`crate::diagnose`]'s business.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fail;

type R<T> = Result<T, Fail>;

/// Splits TYPE_IGNORE off: CPython's parser never sees it, it only ends up in the module.
pub(crate) fn significant(tokens: &[Token]) -> (std::borrow::Cow<'_, [Token]>, Vec<Token>) {
    let is_ignore = |token: &Token| token.kind == TokenKind::TypeIgnore;
    if tokens.iter().any(is_ignore) {
        let (ignores, kept): (Vec<Token>, Vec<Token>) = tokens.iter().partition(|token| is_ignore(token));
        (kept.into(), ignores)
    } else {
        (tokens.into(), Vec::new())
    }
}

pub(crate) struct Parser<'a, 's> {
    /// Names and plain strings are slices of its text.
    source: &'a Source,
    arena: &'a Bump,
    tokens: std::borrow::Cow<'s, [Token]>,
    /// One code a token, and some END codes more, so that looking ahead needs no check.
    codes: Vec<Code>,
    type_ignores: Vec<Token>,
    pos: usize,
    depth: u32,
    /// The machine stack did not last.
    stack_used_up: bool,
    /// Where the complete statement begins that begins last.
    last_statement: (u32, u32),
    flags: ParseFlags,
    warnings: Vec<(u32, SourceWarning)>,
    /// For [`RewriteLines`], in no order.
    rewrites: Vec<u32>,
    /// Inside the last block of a `try`, or of one around it.
    in_finally: bool,
    /// Elements of the sequences being parsed; each sequence is the part above its own base.
    exprs: Vec<Expr<'a>>,
    stmts: Vec<Stmt<'a>>,
    keywords: Vec<Keyword<'a>>,
    parameters: Vec<Arg<'a>>,
    comparisons: Vec<CmpOp>,
    branches: Vec<Branch<'a>>,
}

/// How many codes may be looked at beyond the current one.
const LOOKAHEAD: usize = 4;

impl<'a, 's> Parser<'a, 's> {
    fn new(source: &'a Source, tokens: &'s Tokens, flags: ParseFlags, arena: &'a Bump) -> Parser<'a, 's> {
        let (tokens, type_ignores) = significant(&tokens.tokens);
        let mut codes = Vec::with_capacity(tokens.len() + LOOKAHEAD);
        codes.extend(tokens.iter().map(|token| token.code));
        codes.extend([END; LOOKAHEAD]);
        Parser {
            source,
            arena,
            tokens,
            codes,
            type_ignores,
            pos: 0,
            depth: STATEMENT_LEVELS,
            stack_used_up: false,
            last_statement: (0, 0),
            flags,
            warnings: Vec::new(),
            rewrites: Vec::new(),
            in_finally: false,
            exprs: Vec::new(),
            stmts: Vec::new(),
            keywords: Vec::new(),
            parameters: Vec::new(),
            comparisons: Vec::new(),
            branches: Vec::new(),
        }
    }

    fn module(&mut self, mode: Mode) -> R<Mod<'a>> {
        match mode {
            Mode::File => {
                let base = self.stmts.len();
                while self.code() != END {
                    self.statement()?;
                }
                let body = self.take_stmts(base);
                let type_ignores: Vec<TypeIgnore<'a>> = self
                    .type_ignores
                    .iter()
                    .map(|token| {
                        let tag = self.source.slice(token.start, token.end);
                        TypeIgnore { lineno: token.line as i32, tag }
                    })
                    .collect();
                Ok(Mod::Module { body, type_ignores: self.arena.alloc_slice_copy(&type_ignores) })
            }
            Mode::Single => {
                let base = self.stmts.len();
                if self.code() == NEWLINE {
                    let start = self.pos;
                    self.pos += 1;
                    let range = self.range(start);
                    self.stmts.push(Stmt { range, kind: crate::ast::StmtKind::Pass {} });
                } else if self.code() == END {
                    return Err(Fail);
                } else if self.compound_statement()? {
                    self.expect(NEWLINE)?;
                } else {
                    self.simple_statements()?;
                }
                if self.more_follows() {
                    return Err(Fail);
                }
                Ok(Mod::Interactive { body: self.take_stmts(base) })
            }
            Mode::Eval => {
                let body = self.expressions()?;
                while self.eat(NEWLINE) {}
                self.expect(END)?;
                Ok(Mod::Expression { body: self.alloc(body) })
            }
            Mode::FuncType => {
                self.expect(LPAR)?;
                let argtypes = self.type_expressions()?;
                self.expect(RPAR)?;
                self.expect(RARROW)?;
                let returns = self.expression()?;
                while self.eat(NEWLINE) {}
                self.expect(END)?;
                Ok(Mod::FunctionType { argtypes, returns: self.alloc(returns) })
            }
        }
    }

    /// Whether anything but blanks and comments stands after the statement just parsed (CPython's
    /// `bad_single_statement`).
    fn more_follows(&self) -> bool {
        let end = self.tokens[self.pos.max(1) - 1].end;
        let rest = self.source.slice(end, self.source.text().len() as u32);
        rest.split('\n').any(|line| {
            let line = line.trim_start_matches([' ', '\t', '\x0c']);
            !line.is_empty() && !line.starts_with('#')
        })
    }

    /// The argument types of a signature comment; stars are allowed and dropped.
    fn type_expressions(&mut self) -> R<&'a [Expr<'a>]> {
        let base = self.exprs.len();
        if self.code() != RPAR {
            loop {
                let star = self.eat(STAR);
                let stars = !star && self.eat(DOUBLESTAR);
                let value = self.expression()?;
                self.exprs.push(value);
                if stars || !self.eat(COMMA) {
                    break;
                }
                if star {
                    self.expect(DOUBLESTAR)?;
                    let value = self.expression()?;
                    self.exprs.push(value);
                    break;
                }
            }
        }
        Ok(self.take_exprs(base))
    }

    // Tokens.

    #[inline(always)]
    fn code(&self) -> Code {
        self.codes[self.pos]
    }

    /// The code `n` tokens on; `n` is at most [`LOOKAHEAD`].
    #[inline(always)]
    fn code_at(&self, n: usize) -> Code {
        self.codes[self.pos + n]
    }

    /// Steps over a token that is not END (END is the last, and never eaten except by `expect(END)` at the very end).
    #[inline(always)]
    fn bump(&mut self) {
        self.pos += 1;
    }

    #[inline(always)]
    fn eat(&mut self, code: Code) -> bool {
        // A branch on purpose: of `self.pos += usize::from(found)` rustc 1.95 loses the addition at opt-level 3.
        if self.code() != code {
            return false;
        }
        self.pos += 1;
        true
    }

    #[inline(always)]
    fn expect(&mut self, code: Code) -> R<()> {
        if self.eat(code) { Ok(()) } else { Err(Fail) }
    }

    #[inline]
    fn token(&self) -> Token {
        self.tokens[self.pos.min(self.tokens.len() - 1)]
    }

    #[inline]
    fn text_of(&self, token: Token) -> &'a str {
        self.source.slice(token.start, token.end)
    }

    /// Whether the current token is a NAME of this text (a soft keyword).
    #[inline]
    fn at_soft(&self, word: &str) -> bool {
        self.code() == NAME && self.text_of(self.token()) == word
    }

    /// An identifier: NFKC-normalised if it is not ASCII, as PEP 3131 asks.
    #[inline]
    fn identifier(&mut self) -> R<&'a str> {
        if self.code() != NAME {
            return Err(Fail);
        }
        let name = self.text_of(self.token());
        self.bump();
        if self.source.is_ascii() || name.is_ascii() {
            return Ok(name);
        }
        let normal = literals::normalize_identifier(name, self.arena);
        // Only a name that is not ASCII can turn into a keyword.
        if matches!(normal, "None" | "True" | "False") { Err(Fail) } else { Ok(normal) }
    }

    /// The compiler may rewrite what stands at token `at`.
    #[cold]
    fn note_rewrite(&mut self, at: usize) {
        self.rewrites.push(self.tokens[at].line);
    }

    // Positions.

    /// From the start of token `start` to the end of the last significant token before the current one.
    #[inline]
    pub(crate) fn range(&self, start: usize) -> Range {
        let mut last = self.pos - 1;
        while last > start && matches!(self.codes[last], NEWLINE | INDENT | DEDENT | END) {
            last -= 1;
        }
        self.between(start, last)
    }

    /// From the start of one token to the end of another.
    #[inline]
    fn between(&self, first: usize, last: usize) -> Range {
        let (first, last) = (&self.tokens[first], &self.tokens[last]);
        let (end_lineno, end_col_offset) = end_of(self.source, last);
        Range {
            lineno: first.line,
            col_offset: first.start - self.source.line_start(first.line),
            end_lineno,
            end_col_offset,
        }
    }

    // Building.

    #[inline(always)]
    fn alloc<T: Copy>(&self, node: T) -> &'a T {
        self.arena.alloc(node)
    }

    /// An expression from token `start` to the one before the current one, which is part of it.
    #[inline]
    fn expr(&self, start: usize, kind: ExprKind<'a>) -> Expr<'a> {
        let last = self.pos - 1;
        debug_assert!(last == start || !matches!(self.codes[last], NEWLINE | INDENT | DEDENT | END));
        Expr { range: self.between(start, last), kind }
    }

    /// An expression of one token, which lies in one line.
    #[inline]
    fn expr_of_token(&self, at: usize, kind: ExprKind<'a>) -> Expr<'a> {
        let token = &self.tokens[at];
        let line_start = self.source.line_start(token.line);
        let (col_offset, end_col_offset) = (token.start - line_start, token.end - line_start);
        Expr { range: Range { lineno: token.line, col_offset, end_lineno: token.line, end_col_offset }, kind }
    }

    #[inline]
    fn take_exprs(&mut self, base: usize) -> &'a [Expr<'a>] {
        let taken = self.arena.alloc_slice_copy(&self.exprs[base..]);
        self.exprs.truncate(base);
        taken
    }

    #[inline]
    fn take_stmts(&mut self, base: usize) -> &'a [Stmt<'a>] {
        let taken = self.arena.alloc_slice_copy(&self.stmts[base..]);
        self.stmts.truncate(base);
        taken
    }

    /// Runs `parse` up to `levels` of CPython's rule levels deeper.
    #[inline]
    fn nested<T>(&mut self, levels: u32, parse: impl FnOnce(&mut Self) -> R<T>) -> R<T> {
        self.depth += levels;
        if self.depth > MAX_DEPTH {
            return Err(Fail);
        }
        if crate::stack_is_below(self.flags.stack_limit) {
            self.stack_used_up = true;
            return Err(Fail);
        }
        let result = parse(self);
        self.depth -= levels;
        result
    }

    /// Runs `parse`; if it fails, forgets what it did.
    fn try_parse<T>(&mut self, parse: impl FnOnce(&mut Self) -> R<T>) -> Option<T> {
        let (pos, depth) = (self.pos, self.depth);
        let (exprs, stmts, keywords) = (self.exprs.len(), self.stmts.len(), self.keywords.len());
        let (parameters, comparisons, branches) = (self.parameters.len(), self.comparisons.len(), self.branches.len());
        let warnings = self.warnings.len();
        match parse(self) {
            Ok(value) => Some(value),
            Err(Fail) => {
                self.pos = pos;
                self.depth = depth;
                self.exprs.truncate(exprs);
                self.stmts.truncate(stmts);
                self.keywords.truncate(keywords);
                self.parameters.truncate(parameters);
                self.comparisons.truncate(comparisons);
                self.branches.truncate(branches);
                self.warnings.truncate(warnings);
                None
            }
        }
    }

    /// Syntax that came with 3.`minor`.
    #[inline]
    fn require(&self, minor: u8) -> R<()> {
        if self.flags.feature_version < minor { Err(Fail) } else { Ok(()) }
    }
}

/// Line and byte column where a token ends.
#[inline]
pub(crate) fn end_of(source: &Source, token: &Token) -> (u32, u32) {
    let line = match token.lines {
        0 => token.line,
        u16::MAX => source.line_of(token.end),
        lines => token.line + u32::from(lines),
    };
    (line, token.end - source.line_start(line))
}
