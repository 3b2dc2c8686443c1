//! Compound statements except definitions and `match`, and blocks.

use super::raise::{Targets, expr_name};
use super::{O, Peg, Rule, alt};
use crate::parser::codes::*;

impl<'a> Peg<'a, '_> {
    pub(super) fn compound_stmt(&mut self) -> O<()> {
        self.rule(|p| {
            let code = p.peek()?;
            if matches!(code, DEF | AT | ASYNC) {
                alt!(p => { p.function_def() });
            }
            if code == IF {
                alt!(p => { p.if_stmt() });
            }
            if matches!(code, CLASS | AT) {
                alt!(p => { p.class_def() });
            }
            if matches!(code, WITH | ASYNC) {
                alt!(p => { p.with_stmt() });
            }
            if matches!(code, FOR | ASYNC) {
                alt!(p => { p.for_stmt() });
            }
            if code == TRY {
                alt!(p => { p.try_stmt() });
            }
            if code == WHILE {
                alt!(p => { p.while_stmt() });
            }
            p.match_stmt()
        })
    }

    pub(super) fn block(&mut self) -> O<()> {
        self.memo_match(Rule::Block, |p| {
            alt!(p => {
                p.tok(NEWLINE)?;
                p.tok(INDENT)?;
                p.statements()?;
                p.tok(DEDENT).map(|_| ())
            });
            alt!(p => { p.simple_stmts() });
            if !p.invalid {
                return None;
            }
            p.tok(NEWLINE)?;
            p.not(|p| p.tok(INDENT))?;
            p.raise_indentation("expected an indented block")
        })
        .map(|_| ())
    }

    /// `':' block`.
    pub(super) fn colon_block(&mut self) -> O<()> {
        self.tok(COLON)?;
        self.block()
    }

    /// `NEWLINE` where a colon had to be.
    pub(super) fn missing_colon<T>(&mut self) -> O<T> {
        self.tok(NEWLINE)?;
        self.raise("expected ':'")
    }

    /// `':' NEWLINE !INDENT` after the header that begins at token `start`.
    pub(super) fn missing_block<T>(&mut self, start: usize, what: &str) -> O<T> {
        self.tok(COLON)?;
        self.tok(NEWLINE)?;
        self.not(|p| p.tok(INDENT))?;
        let line = self.tokens[start].line;
        self.raise_indentation(&format!("expected an indented block after {what} on line {line}"))
    }

    /// The two mistakes after a header of keyword and expression.
    fn invalid_header<T>(&mut self, keyword: Code, what: &str) -> O<T> {
        self.rule(|p| {
            alt!(p => {
                p.tok(keyword)?;
                p.named_expression()?;
                p.missing_colon()
            });
            let start = p.tok(keyword)?;
            p.named_expression()?;
            p.missing_block(start, what)
        })
    }

    fn if_stmt(&mut self) -> O<()> {
        self.rule(|p| p.if_or_elif(IF, "'if' statement"))
    }

    fn if_or_elif(&mut self, keyword: Code, what: &str) -> O<()> {
        let p = self;
        if p.invalid {
            alt!(p => { p.invalid_header(keyword, what) });
        }
        alt!(p => {
            p.tok(keyword)?;
            p.named_expression()?;
            p.colon_block()?;
            p.rule(|p| p.if_or_elif(ELIF, "'elif' statement"))
        });
        p.tok(keyword)?;
        p.named_expression()?;
        p.colon_block()?;
        p.optional(Self::else_block).map(|_| ())
    }

    fn else_block(&mut self) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => { p.invalid_else_stmt() });
            }
            p.tok(ELSE)?;
            p.forced(COLON)?;
            p.block()
        })
    }

    fn invalid_else_stmt<T>(&mut self) -> O<T> {
        self.rule(|p| {
            alt!(p => {
                let start = p.tok(ELSE)?;
                p.missing_block(start, "'else' statement")
            });
            p.tok(ELSE)?;
            p.colon_block()?;
            p.tok(ELIF)?;
            p.raise("'elif' block follows an 'else' block")
        })
    }

    fn while_stmt(&mut self) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => { p.invalid_header(WHILE, "'while' statement") });
            }
            p.tok(WHILE)?;
            p.named_expression()?;
            p.colon_block()?;
            p.optional(Self::else_block).map(|_| ())
        })
    }

    fn for_stmt(&mut self) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => { p.invalid_for_stmt() });
            }
            for is_async in [false, true] {
                let mut committed = false;
                alt!(p => {
                    if is_async {
                        p.tok(ASYNC)?;
                    }
                    p.tok(FOR)?;
                    p.star_targets()?;
                    p.tok(IN)?;
                    committed = true;
                    p.star_expressions()?;
                    p.tok(COLON)?;
                    p.optional(|p| p.tok(TYPE_COMMENT))?;
                    p.block()?;
                    p.optional(Self::else_block)?;
                    if is_async { p.check_version(5, "Async for loops are") } else { Some(()) }
                });
                if committed {
                    return None;
                }
            }
            if p.invalid { p.invalid_for_target() } else { None }
        })
    }

    fn invalid_for_stmt<T>(&mut self) -> O<T> {
        self.rule(|p| {
            alt!(p => {
                p.optional(|p| p.tok(ASYNC))?;
                p.for_header()?;
                p.missing_colon()
            });
            p.optional(|p| p.tok(ASYNC))?;
            let start = p.for_header()?;
            p.missing_block(start, "'for' statement")
        })
    }

    fn for_header(&mut self) -> O<usize> {
        let start = self.tok(FOR)?;
        self.star_targets()?;
        self.tok(IN)?;
        self.star_expressions()?;
        Some(start)
    }

    fn with_stmt(&mut self) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => { p.invalid_with_stmt_indent() });
            }
            for is_async in [false, true] {
                for parenthesized in [true, false] {
                    alt!(p => { p.with_alternative(is_async, parenthesized) });
                }
            }
            if p.invalid { p.invalid_with_stmt() } else { None }
        })
    }

    fn with_alternative(&mut self, is_async: bool, parenthesized: bool) -> O<()> {
        if is_async {
            self.tok(ASYNC)?;
        }
        self.tok(WITH)?;
        if parenthesized {
            self.tok(LPAR)?;
        }
        self.list_of(Self::with_item)?;
        if parenthesized {
            self.optional(|p| p.tok(COMMA))?;
            self.tok(RPAR)?;
        }
        self.tok(COLON)?;
        if !(is_async && parenthesized) {
            self.optional(|p| p.tok(TYPE_COMMENT))?;
        }
        self.block()?;
        if is_async { self.check_version(5, "Async with statements are") } else { Some(()) }
    }

    fn with_item(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.expression()?;
                p.tok(AS)?;
                p.star_target()?;
                p.ahead(|p| p.any_of(&[COMMA, RPAR, COLON]))
            });
            if p.invalid {
                alt!(p => {
                    p.expression()?;
                    p.tok(AS)?;
                    let target = p.expression()?;
                    p.ahead(|p| p.any_of(&[COMMA, RPAR, COLON]))?;
                    p.raise_invalid_target(Targets::Star, target)
                });
            }
            p.expression().map(|_| ())
        })
    }

    /// A `with` header as the invalid rules read it; the index of `with`.
    fn with_header(&mut self, parenthesized: bool) -> O<usize> {
        self.optional(|p| p.tok(ASYNC))?;
        let start = self.tok(WITH)?;
        if parenthesized {
            self.tok(LPAR)?;
        }
        self.list_of(|p| {
            if parenthesized {
                p.expressions()?;
            } else {
                p.expression()?;
            }
            p.optional(|p| {
                p.tok(AS)?;
                p.star_target()
            })
        })?;
        if parenthesized {
            self.optional(|p| p.tok(COMMA))?;
            self.tok(RPAR)?;
        }
        Some(start)
    }

    fn invalid_with_stmt<T>(&mut self) -> O<T> {
        self.rule(|p| {
            alt!(p => {
                p.with_header(false)?;
                p.missing_colon()
            });
            p.with_header(true)?;
            p.missing_colon()
        })
    }

    fn invalid_with_stmt_indent<T>(&mut self) -> O<T> {
        self.rule(|p| {
            alt!(p => {
                let start = p.with_header(false)?;
                p.missing_block(start, "'with' statement")
            });
            let start = p.with_header(true)?;
            p.missing_block(start, "'with' statement")
        })
    }

    fn try_stmt(&mut self) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => { p.invalid_try_stmt() });
            }
            alt!(p => {
                p.try_block()?;
                p.finally_block()
            });
            alt!(p => {
                p.try_block()?;
                p.some(Self::except_block)?;
                p.after_handlers()
            });
            p.try_block()?;
            p.some(Self::except_star_block)?;
            p.after_handlers()?;
            p.check_version(11, "Exception groups are")
        })
    }

    fn try_block(&mut self) -> O<()> {
        self.tok(TRY)?;
        self.forced(COLON)?;
        self.block()
    }

    fn after_handlers(&mut self) -> O<()> {
        self.optional(Self::else_block)?;
        self.optional(Self::finally_block).map(|_| ())
    }

    fn finally_block(&mut self) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => {
                    let start = p.tok(FINALLY)?;
                    p.missing_block(start, "'finally' statement")
                });
            }
            p.tok(FINALLY)?;
            p.forced(COLON)?;
            p.block()
        })
    }

    fn invalid_try_stmt<T>(&mut self) -> O<T> {
        self.rule(|p| {
            alt!(p => {
                let start = p.tok(TRY)?;
                p.missing_block(start, "'try' statement")
            });
            alt!(p => {
                p.tok(TRY)?;
                p.colon_block()?;
                p.not(|p| p.any_of(&[EXCEPT, FINALLY]))?;
                p.raise("expected 'except' or 'finally' block")
            });
            let message = "cannot have both 'except' and 'except*' on the same 'try'";
            alt!(p => {
                p.tok(TRY)?;
                p.tok(COLON)?;
                p.many(Self::block)?;
                p.some(Self::except_block)?;
                let except = p.tok(EXCEPT)?;
                let star = p.tok(STAR)?;
                p.expression()?;
                p.opt_exception_name()?;
                p.tok(COLON)?;
                let (except, star) = (p.token_range(except), p.token_range(star));
                p.raise_range(except, star, message)
            });
            p.tok(TRY)?;
            p.tok(COLON)?;
            p.many(Self::block)?;
            p.some(Self::except_star_block)?;
            let except = p.tok(EXCEPT)?;
            p.optional(|p| {
                p.expression()?;
                p.opt_exception_name()
            })?;
            p.tok(COLON)?;
            let except = p.token_range(except);
            p.raise_at(except, message)
        })
    }

    /// `['as' NAME]`.
    fn opt_exception_name(&mut self) -> O<()> {
        self.optional(|p| {
            p.tok(AS)?;
            p.tok(NAME)
        })
        .map(|_| ())
    }

    fn except_block(&mut self) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => { p.invalid_except_stmt_indent() });
            }
            alt!(p => {
                p.tok(EXCEPT)?;
                p.handler_types()
            });
            alt!(p => {
                p.tok(EXCEPT)?;
                p.colon_block()
            });
            if p.invalid { p.invalid_except_stmt(false) } else { None }
        })
    }

    fn except_star_block(&mut self) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => {
                    let start = p.tok(EXCEPT)?;
                    p.tok(STAR)?;
                    p.expression()?;
                    p.opt_exception_name()?;
                    p.missing_block(start, "'except*' statement")
                });
            }
            alt!(p => {
                p.tok(EXCEPT)?;
                p.tok(STAR)?;
                p.handler_types()
            });
            if p.invalid { p.invalid_except_stmt(true) } else { None }
        })
    }

    /// The three ways to name exceptions, with the block.
    fn handler_types(&mut self) -> O<()> {
        let p = self;
        alt!(p => {
            p.expression()?;
            p.colon_block()
        });
        alt!(p => {
            p.expression()?;
            p.tok(AS)?;
            p.tok(NAME)?;
            p.colon_block()
        });
        p.expressions()?;
        p.colon_block()?;
        p.check_version(14, "except expressions without parentheses are")
    }

    fn invalid_except_stmt_indent<T>(&mut self) -> O<T> {
        self.rule(|p| {
            alt!(p => {
                let start = p.tok(EXCEPT)?;
                p.expression()?;
                p.opt_exception_name()?;
                p.missing_block(start, "'except' statement")
            });
            let start = p.tok(EXCEPT)?;
            p.missing_block(start, "'except' statement")
        })
    }

    fn invalid_except_stmt<T>(&mut self, star: bool) -> O<T> {
        let keyword = move |p: &mut Self| -> O<usize> {
            let except = p.tok(EXCEPT)?;
            if star {
                p.tok(STAR)?;
            }
            Some(except)
        };
        self.rule(|p| {
            alt!(p => {
                keyword(p)?;
                let first = p.expression()?;
                p.tok(COMMA)?;
                p.expressions()?;
                p.tok(AS)?;
                p.tok(NAME)?;
                p.tok(COLON)?;
                p.raise_from(first.range, "multiple exception types must be parenthesized when using 'as'")
            });
            alt!(p => {
                keyword(p)?;
                p.expression()?;
                p.opt_exception_name()?;
                p.missing_colon()
            });
            alt!(p => {
                keyword(p)?;
                if star {
                    p.any_of(&[NEWLINE, COLON])?;
                    return p.raise("expected one or more exception types");
                }
                p.missing_colon()
            });
            keyword(p)?;
            p.expression()?;
            p.tok(AS)?;
            let target = p.expression()?;
            p.colon_block()?;
            let except = if star { "except*" } else { "except" };
            p.raise_at(target.range, &format!("cannot use {except} statement with {}", expr_name(&target)))
        })
    }
}
