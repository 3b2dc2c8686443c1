//! Says why a text does not parse: CPython's message, at CPython's position.
//!
//! Problem: which error CPython reports depends on the order in which its PEG parser tries alternatives, how far it has
//! looked, and what it remembers. Method: this is such a parser, rule for rule in the grammar's order, run only on texts
//! the fast parser refused. Like CPython's it runs twice: the first pass finds the furthest token looked at (where a
//! plain "invalid syntax" points) and errors raised by actions; in the second the `invalid_*` rules are tried as well,
//! each of which recognises one mistake and raises its message. Expressions are built, because messages name their
//! kinds and ranges; of statements, parameters and patterns only what a message needs.
//!
//! A rule returns `None` for "does not match here"; once [`Peg::error`] is set every rule does, which unwinds the parse.
//! The rules memoized are exactly CPython's, for results remembered from a pass without invalid rules are visible.
//!
//! Recursion goes as deep as [`crate::parser::MAX_DEPTH`] rules, more than small stacks hold: the passes run on a thread
//! of their own, whose stack is big enough.
//!
//! Source: Grammar/python.gram, Parser/pegen.c, Parser/pegen_errors.c, Parser/action_helpers.c.

mod calls;
mod compound;
mod definitions;
mod displays;
mod expressions;
mod invalid;
mod location;
mod parameters;
mod patterns;
mod raise;
mod statements;
mod strings;
mod targets;
mod warnings;

pub(crate) use strings::warned_by_lexer;
pub(crate) use warnings::escape_warning;

use crate::ast::{Expr, ExprContext, ExprKind, Range};
use crate::diagnostic::{DiagnosticKind, SourceWarning, SyntaxDiagnostic};
use crate::lexer::{Mode, Stop, Tokens};
use crate::parser::codes::{self, Code};
use crate::parser::{MAX_DEPTH, ParseFlags, literals, significant};
use crate::source::Source;
use crate::token::{Token, TokenKind};
use bumpalo::Bump;
use rustc_hash::FxHashMap;

/// Stack of the thread the passes run on: [`MAX_DEPTH`] frames of the largest rules, several times over. Only what is
/// used of it becomes memory.
const STACK: usize = 256 << 20;

/// Why CPython refuses the text of `tokens`, which [`crate::parser`] did. Appends the warnings given on the way.
pub(crate) fn diagnose(
    source: &Source,
    tokens: &Tokens,
    mode: Mode,
    flags: ParseFlags,
    warnings: &mut Vec<SourceWarning>,
) -> SyntaxDiagnostic {
    let run = |limit: u32| {
        let arena = Bump::new();
        let mut peg = Peg::new(source, tokens, mode, flags, &arena, limit);
        let diagnostic = peg.run();
        (diagnostic, std::mem::take(&mut peg.warnings))
    };
    let (diagnostic, mut found) = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, || run(MAX_DEPTH));
        match thread.map(|thread| thread.join()) {
            Ok(Ok(result)) => result,
            // No thread to be had: this stack, and a depth it surely holds.
            _ => run(MAX_DEPTH / 8),
        }
    });
    found.extend(tokens.warnings.iter().cloned());
    found.sort_by_key(|warning| warning.0);
    warnings.extend(found.into_iter().map(|warning| warning.1));
    diagnostic
}

/// The text nests deeper than may be.
pub(crate) fn too_complex() -> SyntaxDiagnostic {
    SyntaxDiagnostic::bare(DiagnosticKind::MemoryError, "Parser stack overflowed - Python source too complex to parse")
}

type O<T> = Option<T>;

/// The memoized rules.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Rule {
    SimpleStmt,
    Block,
    ClosedPattern,
    StarPattern,
    TypeParam,
    Expression,
    StarExpression,
    Disjunction,
    Conjunction,
    Inversion,
    BitwiseOr,
    BitwiseXor,
    BitwiseAnd,
    Shift,
    Sum,
    Term,
    Factor,
    AwaitPrimary,
    Primary,
    Arguments,
    StarTarget,
    TargetWithStarAtom,
    TPrimary,
    DelTarget,
    Strings,
    TString,
    NameOrAttr,
    InvalidNamedExpression,
}

/// What a rule gave at a token: a node, or only that it matched.
#[derive(Clone, Copy)]
enum Memo<'a> {
    No,
    Node(Expr<'a>),
    Matched(Range),
}

struct Peg<'a, 's> {
    source: &'s Source,
    tokens: std::borrow::Cow<'s, [Token]>,
    all: &'s Tokens,
    codes: Vec<Code>,
    arena: &'a Bump,
    mode: Mode,
    flags: ParseFlags,
    /// Index of the current token.
    mark: usize,
    /// How many tokens have been looked at.
    fill: usize,
    /// The second pass: `invalid_*` rules are tried.
    invalid: bool,
    error: Option<SyntaxDiagnostic>,
    /// The error came from the lexer.
    lexer_error: bool,
    level: u32,
    limit: u32,
    memo: FxHashMap<(Rule, u32), (Memo<'a>, u32)>,
    warnings: Vec<(u32, SourceWarning)>,
}

/// Tries an alternative of the rule `$p` is in; a match is the rule's result.
macro_rules! alt {
    ($p:ident => $body:block) => {
        if let Some(found) = $p.attempt(|$p| $body) {
            return Some(found);
        }
    };
}
use alt;

impl<'a, 's> Peg<'a, 's> {
    fn new(
        source: &'s Source,
        all: &'s Tokens,
        mode: Mode,
        flags: ParseFlags,
        arena: &'a Bump,
        limit: u32,
    ) -> Peg<'a, 's> {
        let (tokens, _) = significant(&all.tokens);
        let codes = tokens.iter().map(|token| token.code).collect();
        Peg {
            source,
            tokens,
            all,
            codes,
            arena,
            mode,
            flags,
            mark: 0,
            fill: 0,
            invalid: false,
            error: None,
            lexer_error: false,
            level: 0,
            limit,
            memo: FxHashMap::default(),
            warnings: Vec::new(),
        }
    }

    fn run(&mut self) -> SyntaxDiagnostic {
        let flags = self.flags;
        let matched = self.start_rule().is_some();
        if matched && self.error.is_none() {
            return self.after_success();
        }
        if self.flags.allow_incomplete && self.at_end_of_source() {
            self.error = None;
            self.lexer_error = false;
            return self.incomplete_input();
        }
        if let Some(error) = &self.error
            && matches!(
                error.kind,
                DiagnosticKind::MemoryError | DiagnosticKind::UnicodeError | DiagnosticKind::ValueError
            )
        {
            return error.clone();
        }
        let last = self.fill.max(1) - 1;
        if self.error.is_none() {
            self.mark = 0;
            self.level = 0;
            self.flags = flags;
            self.invalid = true;
            self.memo.clear();
            let warnings = std::mem::take(&mut self.warnings);
            let _ = self.start_rule();
            self.warnings = warnings;
        }
        self.set_syntax_error(last)
    }

    /// The text is one the grammar accepts: only the check on single statements, or the depth, can have refused it.
    fn after_success(&mut self) -> SyntaxDiagnostic {
        if self.mode == Mode::Single {
            let message = "multiple statements found while compiling a single statement";
            return self.diagnostic_on(self.fill.max(1) - 1, DiagnosticKind::SyntaxError, message);
        }
        too_complex()
    }

    /// CPython's `_is_end_of_source`.
    fn at_end_of_source(&self) -> bool {
        if self.lexer_error {
            return self.all.stop != Stop::Error;
        }
        self.fill > self.all.eof_seen_at as usize
    }

    fn start_rule(&mut self) -> O<()> {
        match self.mode {
            Mode::File => {
                self.optional(Self::statements)?;
                self.tok(codes::END).map(|_| ())
            }
            Mode::Single => self.statement_newline(),
            Mode::Eval => {
                self.expressions()?;
                self.end_of_expression()
            }
            Mode::FuncType => {
                self.tok(codes::LPAR)?;
                self.optional(Self::type_expressions)?;
                self.tok(codes::RPAR)?;
                self.tok(codes::RARROW)?;
                self.expression()?;
                self.end_of_expression()
            }
        }
    }

    fn end_of_expression(&mut self) -> O<()> {
        while self.tok(codes::NEWLINE).is_some() {}
        self.tok(codes::END).map(|_| ())
    }

    // Tokens.

    /// The current token's code. Looking at the lexer's error token raises its error.
    fn peek(&mut self) -> O<Code> {
        if self.error.is_some() {
            return None;
        }
        if self.mark >= self.fill {
            if self.mark >= self.codes.len() {
                return None;
            }
            self.fill = self.mark + 1;
            if self.codes[self.mark] == codes::ERROR {
                self.error = self.all.error.clone();
                self.lexer_error = true;
                return None;
            }
        }
        Some(self.codes[self.mark])
    }

    /// Takes a token of that code; its index.
    fn tok(&mut self, code: Code) -> O<usize> {
        if self.peek()? != code {
            return None;
        }
        if code == codes::NAME && literals::forbidden_identifier(self.text(self.mark)).is_some() {
            return self.raise_forbidden_identifier();
        }
        self.mark += 1;
        Some(self.mark - 1)
    }

    #[cold]
    fn raise_forbidden_identifier<T>(&mut self) -> O<T> {
        let word = literals::forbidden_identifier(self.text(self.mark)).unwrap_or_default();
        let message = format!("identifier field can't represent '{word}' constant");
        self.error = Some(SyntaxDiagnostic::bare(DiagnosticKind::ValueError, message));
        None
    }

    fn any_of(&mut self, wanted: &[Code]) -> O<usize> {
        if !wanted.contains(&self.peek()?) {
            return None;
        }
        self.mark += 1;
        Some(self.mark - 1)
    }

    fn text(&self, index: usize) -> &'s str {
        let token = self.tokens[index];
        self.source.slice(token.start, token.end)
    }

    /// Takes a NAME of that text.
    fn soft(&mut self, word: &str) -> O<usize> {
        if self.peek()? != codes::NAME || self.text(self.mark) != word {
            return None;
        }
        self.mark += 1;
        Some(self.mark - 1)
    }

    /// `&&token`: its absence is an error at once.
    fn forced(&mut self, code: Code) -> O<usize> {
        if self.peek()? == code {
            self.mark += 1;
            return Some(self.mark - 1);
        }
        let text = TokenKind::from_number(code).map_or("", TokenKind::text);
        let range = self.token_range(self.mark);
        self.raise_at(range, &format!("expected '{text}'"))
    }

    fn name(&mut self) -> O<Expr<'a>> {
        let at = self.tok(codes::NAME)?;
        let text = self.arena.alloc_str(self.text(at));
        let id = literals::normalize_identifier(text, self.arena);
        Some(self.node(at, ExprKind::Name { id, ctx: ExprContext::Load }))
    }

    // Rules.

    /// An alternative: if it does not match, the position is as before.
    fn attempt<T>(&mut self, alternative: impl FnOnce(&mut Self) -> O<T>) -> O<T> {
        if self.error.is_some() {
            return None;
        }
        let mark = self.mark;
        let result = alternative(self);
        if self.error.is_some() {
            return None;
        }
        if result.is_none() {
            self.mark = mark;
        }
        result
    }

    /// A rule: one level deeper.
    fn rule<T>(&mut self, body: impl FnOnce(&mut Self) -> O<T>) -> O<T> {
        self.level += 1;
        if self.level > self.limit && self.error.is_none() {
            self.error = Some(too_complex());
        }
        let result = self.attempt(body);
        self.level -= 1;
        result
    }

    /// `e?`: matches whatever `e` does; `None` only on an error.
    fn optional<T>(&mut self, rule: impl FnOnce(&mut Self) -> O<T>) -> O<O<T>> {
        let found = self.attempt(rule);
        if self.error.is_some() { None } else { Some(found) }
    }

    /// `e*`.
    fn many<T>(&mut self, mut rule: impl FnMut(&mut Self) -> O<T>) -> O<Vec<T>> {
        let mut found = Vec::new();
        while let Some(item) = self.attempt(&mut rule) {
            found.push(item);
        }
        if self.error.is_some() { None } else { Some(found) }
    }

    /// `e+`.
    fn some<T>(&mut self, rule: impl FnMut(&mut Self) -> O<T>) -> O<Vec<T>> {
        self.many(rule).filter(|found| !found.is_empty())
    }

    /// `','.e+`.
    fn list_of<T>(&mut self, mut rule: impl FnMut(&mut Self) -> O<T>) -> O<Vec<T>> {
        let mut found = vec![self.attempt(&mut rule)?];
        while let Some(item) = self.attempt(|p| {
            p.tok(codes::COMMA)?;
            rule(p)
        }) {
            found.push(item);
        }
        if self.error.is_some() { None } else { Some(found) }
    }

    /// `&e`.
    fn ahead<T>(&mut self, rule: impl FnOnce(&mut Self) -> O<T>) -> O<()> {
        let mark = self.mark;
        let found = self.attempt(rule).is_some();
        self.mark = mark;
        (found && self.error.is_none()).then_some(())
    }

    /// `!e`.
    fn not<T>(&mut self, rule: impl FnOnce(&mut Self) -> O<T>) -> O<()> {
        let mark = self.mark;
        let found = self.attempt(rule).is_some();
        self.mark = mark;
        (!found && self.error.is_none()).then_some(())
    }

    fn remembered(&mut self, rule: Rule) -> O<O<Memo<'a>>> {
        self.peek()?;
        let Some(&(memo, mark)) = self.memo.get(&(rule, self.mark as u32)) else { return Some(None) };
        self.mark = mark as usize;
        Some(Some(memo))
    }

    fn remember(&mut self, rule: Rule, start: usize, memo: Memo<'a>) {
        if self.error.is_none() {
            self.memo.insert((rule, start as u32), (memo, self.mark as u32));
        }
    }

    /// A memoized rule that makes a node.
    fn memo(&mut self, rule: Rule, body: impl FnOnce(&mut Self) -> O<Expr<'a>>) -> O<Expr<'a>> {
        match self.remembered(rule)? {
            Some(Memo::Node(node)) => return Some(node),
            Some(_) => return None,
            None => {}
        }
        let start = self.mark;
        let result = self.rule(body);
        self.remember(rule, start, result.map_or(Memo::No, Memo::Node));
        result
    }

    /// A memoized rule of which only the range is wanted.
    fn memo_match(&mut self, rule: Rule, body: impl FnOnce(&mut Self) -> O<()>) -> O<Range> {
        match self.remembered(rule)? {
            Some(Memo::Matched(range)) => return Some(range),
            Some(_) => return None,
            None => {}
        }
        let start = self.mark;
        let result = self.rule(body).map(|()| self.range(start));
        self.remember(rule, start, result.map_or(Memo::No, Memo::Matched));
        result
    }

    // Positions and nodes.

    fn token_range(&self, index: usize) -> Range {
        let token = &self.tokens[index];
        let (end_lineno, mut end_col_offset) = crate::parser::end_of(self.source, token);
        if token.kind == TokenKind::Newline && self.source.bytes().get(token.start as usize) == Some(&b'\n') {
            // CPython's token holds the newline.
            end_col_offset += 1;
        }
        let mut start = token.start;
        if token.kind == TokenKind::Newline && index > 0 {
            // And the comment before it.
            let between = self.source.slice(self.tokens[index - 1].end, start);
            let mut rest = between.trim_start_matches([' ', '\t', '\x0c']);
            while let Some(next_line) = rest.strip_prefix("\\\n") {
                rest = next_line.trim_start_matches([' ', '\t', '\x0c']);
            }
            let blanks = between.len() - rest.len();
            if rest.starts_with('#') && !rest.contains('\n') {
                start = self.tokens[index - 1].end + blanks as u32;
            }
        }
        let col_offset = start.saturating_sub(self.source.line_start(token.line));
        // In `single` mode the end of input is made a NEWLINE, which keeps the end's lack of a column.
        let end_as_newline = self.mode == Mode::Single
            && token.kind == TokenKind::Newline
            && token.start as usize == self.source.bytes().len();
        if !token.has_column() || token.kind == TokenKind::ErrorToken || end_as_newline {
            // No column: -1.
            return Range::new(token.line, u32::MAX, end_lineno, u32::MAX);
        }
        Range { lineno: token.line, col_offset, end_lineno, end_col_offset }
    }

    /// From token `start` to the last token before the current one that is not layout.
    fn range(&self, start: usize) -> Range {
        let mut last = self.mark.max(1) - 1;
        while last > start && matches!(self.codes[last], codes::NEWLINE | codes::INDENT | codes::DEDENT | codes::END) {
            last -= 1;
        }
        self.token_range(start).to(self.token_range(last.max(start)))
    }

    fn node(&self, start: usize, kind: ExprKind<'a>) -> Expr<'a> {
        Expr { range: self.range(start), kind }
    }

    fn alloc(&self, expr: Expr<'a>) -> &'a Expr<'a> {
        self.arena.alloc(expr)
    }

    fn slice(&self, exprs: &[Expr<'a>]) -> &'a [Expr<'a>] {
        self.arena.alloc_slice_copy(exprs)
    }

    fn tuple(&self, start: usize, elts: &[Expr<'a>], ctx: ExprContext) -> Expr<'a> {
        self.node(start, ExprKind::Tuple { elts: self.slice(elts), ctx })
    }
}
