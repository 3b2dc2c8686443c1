//! Parameters of functions and lambdas: the same rules twice, but for annotations, type comments and the token that
//! ends the list. A parameter is its range.

use super::{O, Peg, alt};
use crate::ast::Range;
use crate::parser::codes::*;

/// Which of the two lists is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Def,
    Lambda,
}

impl List {
    fn close(self) -> Code {
        match self {
            List::Def => RPAR,
            List::Lambda => COLON,
        }
    }
}

/// Whether a parameter has a default.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Default {
    No,
    Yes,
    Maybe,
}

impl<'a> Peg<'a, '_> {
    pub(super) fn params(&mut self) -> O<()> {
        self.parameter_list(List::Def)
    }

    pub(super) fn lambda_params(&mut self) -> O<()> {
        self.parameter_list(List::Lambda)
    }

    fn parameter_list(&mut self, list: List) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => { p.invalid_parameters(list) });
            }
            p.parameters(list)
        })
    }

    fn parameters(&mut self, list: List) -> O<()> {
        self.rule(|p| {
            let slash = "Positional-only parameters are";
            alt!(p => {
                p.slash_no_default(list)?;
                p.many(|p| p.param(list, Default::No))?;
                p.many(|p| p.param(list, Default::Yes))?;
                p.optional(|p| p.star_etc(list))?;
                p.check_version(8, slash)
            });
            alt!(p => {
                p.slash_with_default(list)?;
                p.many(|p| p.param(list, Default::Yes))?;
                p.optional(|p| p.star_etc(list))?;
                p.check_version(8, slash)
            });
            alt!(p => {
                p.some(|p| p.param(list, Default::No))?;
                p.many(|p| p.param(list, Default::Yes))?;
                p.optional(|p| p.star_etc(list)).map(|_| ())
            });
            alt!(p => {
                p.some(|p| p.param(list, Default::Yes))?;
                p.optional(|p| p.star_etc(list)).map(|_| ())
            });
            p.star_etc(list)
        })
    }

    /// `'/' ','`, or `'/'` before the end of the list.
    fn slash(&mut self, list: List) -> O<()> {
        self.tok(SLASH)?;
        let p = self;
        alt!(p => { p.tok(COMMA).map(|_| ()) });
        p.ahead(|p| p.tok(list.close()))
    }

    fn slash_no_default(&mut self, list: List) -> O<()> {
        self.rule(|p| {
            p.some(|p| p.param(list, Default::No))?;
            p.slash(list)
        })
    }

    fn slash_with_default(&mut self, list: List) -> O<()> {
        self.rule(|p| {
            p.many(|p| p.param(list, Default::No))?;
            p.some(|p| p.param(list, Default::Yes))?;
            p.slash(list)
        })
    }

    /// `slash_no_default | slash_with_default`.
    fn slash_any(&mut self, list: List) -> O<()> {
        let p = self;
        alt!(p => { p.slash_no_default(list) });
        p.slash_with_default(list)
    }

    fn star_etc(&mut self, list: List) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => { p.invalid_star_etc(list) });
            }
            alt!(p => {
                p.tok(STAR)?;
                p.param(list, Default::No)?;
                p.many(|p| p.param(list, Default::Maybe))?;
                p.optional(|p| p.kwds(list)).map(|_| ())
            });
            if list == List::Def {
                alt!(p => {
                    p.tok(STAR)?;
                    p.param_star_annotation()?;
                    p.many(|p| p.param(list, Default::Maybe))?;
                    p.optional(|p| p.kwds(list)).map(|_| ())
                });
            }
            alt!(p => {
                p.tok(STAR)?;
                p.tok(COMMA)?;
                p.some(|p| p.param(list, Default::Maybe))?;
                p.optional(|p| p.kwds(list)).map(|_| ())
            });
            p.kwds(list)
        })
    }

    fn kwds(&mut self, list: List) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => { p.invalid_kwds(list) });
            }
            p.tok(DOUBLESTAR)?;
            p.param(list, Default::No).map(|_| ())
        })
    }

    /// A parameter with its comma and type comment; its range is without them.
    fn param(&mut self, list: List, default: Default) -> O<Range> {
        self.rule(|p| {
            for comma in [true, false] {
                alt!(p => {
                    let param = p.bare_param(list)?;
                    match default {
                        Default::No => {}
                        Default::Yes => p.default()?,
                        Default::Maybe => drop(p.optional(Self::default)?),
                    }
                    p.end_of_param(list, comma)?;
                    Some(param)
                });
            }
            None
        })
    }

    fn end_of_param(&mut self, list: List, comma: bool) -> O<()> {
        if comma {
            self.tok(COMMA)?;
        }
        if list == List::Def {
            self.optional(|p| p.tok(TYPE_COMMENT))?;
        }
        if comma { Some(()) } else { self.ahead(|p| p.tok(list.close())) }
    }

    fn param_star_annotation(&mut self) -> O<()> {
        self.rule(|p| {
            for comma in [true, false] {
                alt!(p => {
                    p.tok(NAME)?;
                    p.tok(COLON)?;
                    p.star_expression()?;
                    p.end_of_param(List::Def, comma)
                });
            }
            None
        })
    }

    /// The name, and in a `def` the annotation.
    fn bare_param(&mut self, list: List) -> O<Range> {
        self.rule(|p| {
            let start = p.tok(NAME)?;
            if list == List::Def {
                p.optional(|p| {
                    p.tok(COLON)?;
                    p.expression()
                })?;
            }
            Some(p.range(start))
        })
    }

    fn default(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.tok(EQUAL)?;
                p.expression().map(|_| ())
            });
            if !p.invalid {
                return None;
            }
            let equal = p.tok(EQUAL)?;
            p.ahead(|p| p.any_of(&[RPAR, COMMA]))?;
            let equal = p.token_range(equal);
            p.raise_at(equal, "expected default value expression")
        })
    }

    fn invalid_parameters<T>(&mut self, list: List) -> O<T> {
        self.rule(|p| {
            alt!(p => {
                let slash = p.tok(SLASH)?;
                p.tok(COMMA)?;
                let slash = p.token_range(slash);
                p.raise_at(slash, "at least one argument must precede /")
            });
            alt!(p => {
                p.slash_any(list)?;
                p.many(|p| p.param(list, Default::Maybe))?;
                let slash = p.tok(SLASH)?;
                let slash = p.token_range(slash);
                p.raise_at(slash, "/ may appear only once")
            });
            alt!(p => {
                p.optional(|p| p.slash_no_default(list))?;
                p.many(|p| p.param(list, Default::No))?;
                p.invalid_parameters_helper(list)?;
                let param = p.param(list, Default::No)?;
                p.raise_at(param, "parameter without a default follows parameter with a default")
            });
            alt!(p => {
                p.many(|p| p.param(list, Default::No))?;
                let open = p.tok(LPAR)?;
                let what = match list {
                    List::Def => {
                        p.some(|p| p.param(list, Default::No))?;
                        "Function parameters"
                    }
                    List::Lambda => {
                        p.list_of(|p| p.bare_param(list))?;
                        "Lambda expression parameters"
                    }
                };
                p.optional(|p| p.tok(COMMA))?;
                let close = p.tok(RPAR)?;
                let (open, close) = (p.token_range(open), p.token_range(close));
                p.raise_range(open, close, &format!("{what} cannot be parenthesized"))
            });
            alt!(p => {
                p.optional(|p| p.slash_any(list))?;
                p.many(|p| p.param(list, Default::Maybe))?;
                p.tok(STAR)?;
                p.comma_or_param(list)?;
                p.many(|p| p.param(list, Default::Maybe))?;
                let slash = p.tok(SLASH)?;
                let slash = p.token_range(slash);
                p.raise_at(slash, "/ must be ahead of *")
            });
            p.some(|p| p.param(list, Default::Maybe))?;
            p.tok(SLASH)?;
            let star = p.tok(STAR)?;
            let star = p.token_range(star);
            p.raise_at(star, "expected comma between / and *")
        })
    }

    /// `',' | param_no_default`: the two exclude each other.
    fn comma_or_param(&mut self, list: List) -> O<()> {
        let p = self;
        alt!(p => { p.tok(COMMA).map(|_| ()) });
        p.param(list, Default::No).map(|_| ())
    }

    fn invalid_parameters_helper(&mut self, list: List) -> O<()> {
        self.rule(|p| {
            alt!(p => { p.slash_with_default(list) });
            p.some(|p| p.param(list, Default::Yes)).map(|_| ())
        })
    }

    fn invalid_star_etc<T>(&mut self, list: List) -> O<T> {
        let close = list.close();
        self.rule(|p| {
            alt!(p => {
                let star = p.tok(STAR)?;
                if p.tok(close).is_none() {
                    p.tok(COMMA)?;
                    p.any_of(&[close, DOUBLESTAR])?;
                }
                let message = "named arguments must follow bare *";
                if list == List::Lambda {
                    return p.raise(message);
                }
                let star = p.token_range(star);
                p.raise_at(star, message)
            });
            if list == List::Def {
                alt!(p => {
                    p.tok(STAR)?;
                    p.tok(COMMA)?;
                    p.tok(TYPE_COMMENT)?;
                    p.raise("bare * has associated type comment")
                });
            }
            alt!(p => {
                p.tok(STAR)?;
                p.bare_param(list)?;
                let equal = p.tok(EQUAL)?;
                let equal = p.token_range(equal);
                p.raise_at(equal, "var-positional argument cannot have default value")
            });
            p.tok(STAR)?;
            p.comma_or_param(list)?;
            p.many(|p| p.param(list, Default::Maybe))?;
            let star = p.tok(STAR)?;
            p.comma_or_param(list)?;
            let star = p.token_range(star);
            p.raise_at(star, "* argument may appear only once")
        })
    }

    fn invalid_kwds<T>(&mut self, list: List) -> O<T> {
        let message = "arguments cannot follow var-keyword argument";
        self.rule(|p| {
            alt!(p => {
                p.tok(DOUBLESTAR)?;
                p.bare_param(list)?;
                let equal = p.tok(EQUAL)?;
                let equal = p.token_range(equal);
                p.raise_at(equal, "var-keyword argument cannot have default value")
            });
            alt!(p => {
                p.tok(DOUBLESTAR)?;
                p.bare_param(list)?;
                p.tok(COMMA)?;
                let param = p.bare_param(list)?;
                p.raise_at(param, message)
            });
            p.tok(DOUBLESTAR)?;
            p.bare_param(list)?;
            p.tok(COMMA)?;
            let sign = p.any_of(&[STAR, DOUBLESTAR, SLASH])?;
            let sign = p.token_range(sign);
            p.raise_at(sign, message)
        })
    }
}
