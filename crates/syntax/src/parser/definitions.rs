//! Functions and classes: decorators, parameters, type parameters.

use super::codes::*;
use super::{Fail, Parser, R};
use crate::ast::{Arg, Arguments, Expr, Stmt, StmtKind, TypeParam, TypeParamKind};

impl<'a> Parser<'a, '_> {
    /// `def`, `async def` or `class` with its decorators. The statement begins after the decorators.
    pub(super) fn definition(&mut self) -> R<Stmt<'a>> {
        let base = self.exprs.len();
        while self.eat(AT) {
            let decorator = self.named_expression()?;
            self.exprs.push(decorator);
            self.expect(NEWLINE)?;
        }
        let decorator_list = self.take_exprs(base);
        let start = self.pos;
        let kind = match self.code() {
            DEF => self.function(decorator_list, false)?,
            ASYNC if self.code_at(1) == DEF => {
                self.require(5)?;
                self.bump();
                self.function(decorator_list, true)?
            }
            CLASS => self.class(decorator_list)?,
            _ => return Err(Fail),
        };
        Ok(Stmt { range: self.range(start), kind })
    }

    fn function(&mut self, decorator_list: &'a [Expr<'a>], is_async: bool) -> R<StmtKind<'a>> {
        self.bump();
        let name = self.identifier()?;
        let type_params = self.opt_type_params()?;
        self.expect(LPAR)?;
        let args = self.parameters()?;
        let args = self.alloc(args);
        self.expect(RPAR)?;
        let returns = if self.eat(RARROW) {
            let value = self.expression()?;
            Some(self.alloc(value))
        } else {
            None
        };
        self.expect(COLON)?;
        let type_comment = self.function_type_comment()?;
        let body = self.block()?;
        Ok(if is_async {
            StmtKind::AsyncFunctionDef { name, args, body, decorator_list, returns, type_comment, type_params }
        } else {
            StmtKind::FunctionDef { name, args, body, decorator_list, returns, type_comment, type_params }
        })
    }

    /// A signature comment stands after the colon, or alone on the line before the body.
    fn function_type_comment(&mut self) -> R<Option<&'a str>> {
        if self.code() == NEWLINE && self.code_at(1) == TYPE_COMMENT {
            if self.code_at(2) != NEWLINE || self.code_at(3) != INDENT {
                return Err(Fail);
            }
            self.bump();
        }
        Ok(self.opt_type_comment())
    }

    fn class(&mut self, decorator_list: &'a [Expr<'a>]) -> R<StmtKind<'a>> {
        self.bump();
        let name = self.identifier()?;
        let type_params = self.opt_type_params()?;
        let (bases, keywords) = if self.code() == LPAR { self.class_arguments()? } else { (&[][..], &[][..]) };
        self.expect(COLON)?;
        let body = self.block()?;
        Ok(StmtKind::ClassDef { name, bases, keywords, body, decorator_list, type_params })
    }

    /// As in a call, except that a bare generator expression is no argument list here.
    fn class_arguments(&mut self) -> R<(&'a [Expr<'a>], &'a [crate::ast::Keyword<'a>])> {
        let open = self.pos;
        let (bases, keywords) = self.call_arguments()?;
        if let [only] = bases
            && matches!(only.kind, crate::ast::ExprKind::GeneratorExp { .. })
        {
            let token = self.tokens[open];
            let column = token.start - self.source.line_start(token.line);
            if (only.range.lineno, only.range.col_offset) == (token.line, column) {
                return Err(Fail);
            }
        }
        Ok((bases, keywords))
    }

    /// Parameters of `def`, up to the closing parenthesis.
    fn parameters(&mut self) -> R<Arguments<'a>> {
        self.parameter_list(RPAR, true)
    }

    /// Parameters of `lambda`, up to the colon.
    pub(super) fn lambda_parameters(&mut self) -> R<Arguments<'a>> {
        self.parameter_list(COLON, false)
    }

    fn parameter_list(&mut self, close: Code, def: bool) -> R<Arguments<'a>> {
        if self.code() == close {
            return Ok(Arguments::EMPTY);
        }
        let mut posonlyargs: &'a [Arg<'a>] = &[];
        let args = self.parameters.len();
        let mut kwonlyargs = Vec::new();
        let mut kw_defaults: Vec<Option<Expr<'a>>> = Vec::new();
        let (mut vararg, mut kwarg) = (None, None);
        let (mut seen_slash, mut seen_star) = (false, false);
        let base = self.exprs.len();
        while self.code() != close {
            match self.code() {
                SLASH => {
                    if seen_slash || seen_star || self.parameters.len() == args {
                        return Err(Fail);
                    }
                    self.require(8)?;
                    seen_slash = true;
                    self.bump();
                    posonlyargs = self.take_parameters(args);
                    if !self.eat(COMMA) && self.code() != close {
                        return Err(Fail);
                    }
                }
                STAR => {
                    if seen_star {
                        return Err(Fail);
                    }
                    seen_star = true;
                    self.bump();
                    if self.eat(COMMA) {
                        // A bare star needs a parameter after it.
                        if self.code() != NAME {
                            return Err(Fail);
                        }
                    } else {
                        let arg = self.parameter(def, def)?;
                        let arg = self.end_of_parameter(arg, close, def)?;
                        vararg = Some(self.alloc(arg));
                    }
                }
                DOUBLESTAR => {
                    self.bump();
                    let arg = self.parameter(def, false)?;
                    let arg = self.end_of_parameter(arg, close, def)?;
                    kwarg = Some(self.alloc(arg));
                    if self.code() != close {
                        return Err(Fail);
                    }
                }
                _ => {
                    let arg = self.parameter(def, false)?;
                    let default = if self.eat(EQUAL) { Some(self.expression()?) } else { None };
                    let arg = self.end_of_parameter(arg, close, def)?;
                    if seen_star {
                        kwonlyargs.push(arg);
                        kw_defaults.push(default);
                    } else {
                        self.parameters.push(arg);
                        match default {
                            Some(default) => self.exprs.push(default),
                            None if self.exprs.len() > base => return Err(Fail),
                            None => {}
                        }
                    }
                }
            }
        }
        Ok(Arguments {
            posonlyargs,
            args: self.take_parameters(args),
            vararg,
            kwonlyargs: self.arena.alloc_slice_copy(&kwonlyargs),
            kw_defaults: self.arena.alloc_slice_copy(&kw_defaults),
            kwarg,
            defaults: self.take_exprs(base),
        })
    }

    /// Those above `base`, which is where their list began.
    fn take_parameters(&mut self, base: usize) -> &'a [Arg<'a>] {
        let taken = self.arena.alloc_slice_copy(&self.parameters[base..]);
        self.parameters.truncate(base);
        taken
    }

    /// A name with its annotation; that of `*args` may be starred.
    fn parameter(&mut self, annotated: bool, star_annotation: bool) -> R<Arg<'a>> {
        let start = self.pos;
        let arg = self.identifier()?;
        let annotation = if annotated && self.eat(COLON) {
            let value = if star_annotation { self.star_expression()? } else { self.expression()? };
            Some(self.alloc(value))
        } else {
            None
        };
        Ok(Arg { range: self.range(start), arg, annotation, type_comment: None })
    }

    /// The comma and the type comment after a parameter.
    fn end_of_parameter(&mut self, mut arg: Arg<'a>, close: Code, def: bool) -> R<Arg<'a>> {
        let comma = self.eat(COMMA);
        if def {
            arg.type_comment = self.opt_type_comment();
        }
        if comma || self.code() == close { Ok(arg) } else { Err(Fail) }
    }

    pub(super) fn opt_type_params(&mut self) -> R<&'a [TypeParam<'a>]> {
        if !self.eat(LSQB) {
            return Ok(&[]);
        }
        self.note_rewrite(self.pos);
        self.require(12)?;
        let mut params = Vec::new();
        loop {
            params.push(self.type_param()?);
            if !self.eat(COMMA) || self.code() == RSQB {
                break;
            }
        }
        self.expect(RSQB)?;
        Ok(self.arena.alloc_slice_copy(&params))
    }

    fn type_param(&mut self) -> R<TypeParam<'a>> {
        let start = self.pos;
        let kind = match self.code() {
            STAR => {
                self.bump();
                let name = self.identifier()?;
                TypeParamKind::TypeVarTuple { name, default_value: self.opt_type_default(Self::star_expression)? }
            }
            DOUBLESTAR => {
                self.bump();
                let name = self.identifier()?;
                TypeParamKind::ParamSpec { name, default_value: self.opt_type_default(Self::expression)? }
            }
            _ => {
                let name = self.identifier()?;
                let bound = if self.eat(COLON) {
                    let bound = self.expression()?;
                    Some(self.alloc(bound))
                } else {
                    None
                };
                TypeParamKind::TypeVar { name, bound, default_value: self.opt_type_default(Self::expression)? }
            }
        };
        Ok(TypeParam { range: self.range(start), kind })
    }

    fn opt_type_default(&mut self, parse: impl Fn(&mut Self) -> R<Expr<'a>>) -> R<Option<&'a Expr<'a>>> {
        if !self.eat(EQUAL) {
            return Ok(None);
        }
        self.require(13)?;
        let value = parse(self)?;
        Ok(Some(self.alloc(value)))
    }
}
