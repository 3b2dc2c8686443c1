//! Functions, classes and type parameters.

use super::{O, Peg, Rule, alt};
use crate::ast::ExprKind;
use crate::parser::codes::*;

impl<'a> Peg<'a, '_> {
    fn decorators(&mut self) -> O<()> {
        self.rule(|p| {
            p.some(|p| {
                p.tok(AT)?;
                p.named_expression()?;
                p.tok(NEWLINE)
            })
            .map(|_| ())
        })
    }

    pub(super) fn class_def(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.decorators()?;
                p.class_def_raw()
            });
            p.class_def_raw()
        })
    }

    fn class_header(&mut self) -> O<usize> {
        let start = self.tok(CLASS)?;
        self.tok(NAME)?;
        self.optional(Self::type_params)?;
        self.optional(|p| {
            p.tok(LPAR)?;
            p.optional(Self::arguments)?;
            p.tok(RPAR)
        })?;
        Some(start)
    }

    fn class_def_raw(&mut self) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => { p.invalid_class_def_raw() });
            }
            p.class_header()?;
            p.colon_block()
        })
    }

    fn invalid_class_def_raw<T>(&mut self) -> O<T> {
        self.rule(|p| {
            alt!(p => {
                p.class_header()?;
                p.missing_colon()
            });
            let start = p.class_header()?;
            p.missing_block(start, "class definition")
        })
    }

    pub(super) fn function_def(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.decorators()?;
                p.function_def_raw()
            });
            p.function_def_raw()
        })
    }

    fn function_def_raw(&mut self) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => { p.invalid_def_raw() });
            }
            for is_async in [false, true] {
                alt!(p => {
                    if is_async {
                        p.tok(ASYNC)?;
                    }
                    p.tok(DEF)?;
                    p.tok(NAME)?;
                    p.optional(Self::type_params)?;
                    p.tok(LPAR)?;
                    p.rest_of_signature()?;
                    p.tok(COLON)?;
                    p.optional(Self::func_type_comment)?;
                    p.block()?;
                    if is_async { p.check_version(5, "Async functions are") } else { Some(()) }
                });
            }
            None
        })
    }

    /// `[params] ')' ['->' expression]`.
    fn rest_of_signature(&mut self) -> O<()> {
        self.optional(Self::params)?;
        self.tok(RPAR)?;
        self.optional(|p| {
            p.tok(RARROW)?;
            p.expression()
        })
        .map(|_| ())
    }

    fn invalid_def_raw(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.optional(|p| p.tok(ASYNC))?;
                let start = p.tok(DEF)?;
                p.tok(NAME)?;
                p.optional(Self::type_params)?;
                p.tok(LPAR)?;
                p.rest_of_signature()?;
                p.missing_block(start, "function definition")
            });
            p.optional(|p| p.tok(ASYNC))?;
            p.tok(DEF)?;
            p.tok(NAME)?;
            p.optional(Self::type_params)?;
            p.forced(LPAR)?;
            p.rest_of_signature()?;
            p.forced(COLON)?;
            p.optional(Self::func_type_comment)?;
            p.block()
        })
    }

    fn func_type_comment(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.tok(NEWLINE)?;
                p.tok(TYPE_COMMENT)?;
                p.ahead(|p| {
                    p.tok(NEWLINE)?;
                    p.tok(INDENT)
                })
            });
            if p.invalid {
                alt!(p => {
                    p.tok(TYPE_COMMENT)?;
                    p.tok(NEWLINE)?;
                    p.tok(TYPE_COMMENT)?;
                    p.tok(NEWLINE)?;
                    p.tok(INDENT)?;
                    p.raise("Cannot have two type comments on def")
                });
            }
            p.tok(TYPE_COMMENT).map(|_| ())
        })
    }

    pub(super) fn type_params(&mut self) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => {
                    p.tok(LSQB)?;
                    let close = p.tok(RSQB)?;
                    let close = p.token_range(close);
                    p.raise_from(close, "Type parameter list cannot be empty")
                });
            }
            p.tok(LSQB)?;
            p.list_of(Self::type_param)?;
            p.optional(|p| p.tok(COMMA))?;
            p.tok(RSQB)?;
            p.check_version(12, "Type parameter lists are")
        })
    }

    fn type_param(&mut self) -> O<()> {
        self.memo_match(Rule::TypeParam, |p| {
            alt!(p => {
                p.tok(NAME)?;
                p.optional(|p| {
                    p.tok(COLON)?;
                    p.expression()
                })?;
                p.opt_type_default(false)
            });
            if p.invalid {
                for (stars, name) in [(STAR, "TypeVarTuple"), (DOUBLESTAR, "ParamSpec")] {
                    alt!(p => {
                        p.tok(stars)?;
                        p.tok(NAME)?;
                        let colon = p.tok(COLON)?;
                        let bound = p.expression()?;
                        let tuple = matches!(bound.kind, ExprKind::Tuple { .. });
                        let what = if tuple { "constraints" } else { "bound" };
                        let colon = p.token_range(colon);
                        p.raise_from(colon, &format!("cannot use {what} with {name}"))
                    });
                }
            }
            alt!(p => {
                p.tok(STAR)?;
                p.tok(NAME)?;
                p.opt_type_default(true)
            });
            p.tok(DOUBLESTAR)?;
            p.tok(NAME)?;
            p.opt_type_default(false)
        })
        .map(|_| ())
    }

    fn opt_type_default(&mut self, starred: bool) -> O<()> {
        self.optional(|p| {
            p.tok(EQUAL)?;
            if starred {
                p.star_expression()?;
            } else {
                p.expression()?;
            }
            p.check_version(13, "Type parameter defaults are")
        })
        .map(|_| ())
    }
}
