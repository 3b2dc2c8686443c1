//! Statement lists and simple statements. A statement leaves nothing but its range.

use super::raise::{Targets, expr_name};
use super::{O, Peg, Rule, alt};
use crate::ast::{Expr, Range};
use crate::parser::codes::*;

const AUGMENTED: &[Code] = &[
    PLUSEQUAL,
    MINEQUAL,
    STAREQUAL,
    ATEQUAL,
    SLASHEQUAL,
    PERCENTEQUAL,
    AMPEREQUAL,
    VBAREQUAL,
    CIRCUMFLEXEQUAL,
    LEFTSHIFTEQUAL,
    RIGHTSHIFTEQUAL,
    DOUBLESTAREQUAL,
    DOUBLESLASHEQUAL,
];

impl<'a> Peg<'a, '_> {
    pub(super) fn statements(&mut self) -> O<()> {
        self.rule(|p| p.some(Self::statement).map(|_| ()))
    }

    fn statement(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => { p.compound_stmt() });
            p.simple_stmts()
        })
    }

    pub(super) fn statement_newline(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.compound_stmt()?;
                p.tok(NEWLINE).map(|_| ())
            });
            alt!(p => { p.simple_stmts() });
            alt!(p => { p.tok(NEWLINE).map(|_| ()) });
            p.tok(END)?;
            // Nothing to run: CPython's `_PyPegen_interactive_exit`.
            None
        })
    }

    pub(super) fn simple_stmts(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.simple_stmt()?;
                p.not(|p| p.tok(SEMI))?;
                p.tok(NEWLINE).map(|_| ())
            });
            p.simple_stmt()?;
            p.many(|p| {
                p.tok(SEMI)?;
                p.simple_stmt()
            })?;
            p.optional(|p| p.tok(SEMI))?;
            p.tok(NEWLINE).map(|_| ())
        })
    }

    pub(super) fn simple_stmt(&mut self) -> O<Range> {
        self.memo_match(Rule::SimpleStmt, |p| {
            alt!(p => { p.assignment() });
            if p.peek()? == NAME && p.text(p.mark) == "type" {
                alt!(p => { p.type_alias() });
            }
            alt!(p => { p.star_expressions().map(|_| ()) });
            match p.peek()? {
                RETURN => {
                    p.mark += 1;
                    p.optional(Self::star_expressions).map(|_| ())
                }
                IMPORT | FROM => p.import_stmt(),
                RAISE => p.raise_stmt(),
                PASS | BREAK | CONTINUE => {
                    p.mark += 1;
                    Some(())
                }
                DEL => p.del_stmt(),
                YIELD => p.yield_expr().map(|_| ()),
                ASSERT => p.assert_stmt(),
                GLOBAL | NONLOCAL => {
                    p.mark += 1;
                    p.list_of(|p| p.tok(NAME)).map(|_| ())
                }
                _ => None,
            }
        })
    }

    fn raise_stmt(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.tok(RAISE)?;
                p.expression()?;
                p.optional(|p| {
                    p.tok(FROM)?;
                    p.expression()
                })
                .map(|_| ())
            });
            p.tok(RAISE).map(|_| ())
        })
    }

    fn assert_stmt(&mut self) -> O<()> {
        self.rule(|p| {
            p.tok(ASSERT)?;
            p.expression()?;
            p.optional(|p| {
                p.tok(COMMA)?;
                p.expression()
            })
            .map(|_| ())
        })
    }

    fn del_stmt(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.tok(DEL)?;
                p.del_targets()?;
                p.ahead(|p| p.any_of(&[SEMI, NEWLINE]))
            });
            if !p.invalid {
                return None;
            }
            p.tok(DEL)?;
            let targets = p.star_expressions()?;
            p.raise_invalid_target(Targets::Del, targets)
        })
    }

    fn type_alias(&mut self) -> O<()> {
        self.rule(|p| {
            p.soft("type")?;
            p.tok(NAME)?;
            p.optional(Self::type_params)?;
            p.tok(EQUAL)?;
            p.expression()?;
            p.check_version(12, "Type statement is")
        })
    }

    // Assignment.

    fn assignment(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.tok(NAME)?;
                p.annotation_and_value()?;
                p.check_version(6, "Variable annotation syntax is")
            });
            alt!(p => {
                let target = p.attempt(|p| {
                    p.tok(LPAR)?;
                    let target = p.single_target()?;
                    p.tok(RPAR)?;
                    Some(target)
                });
                if target.is_none() {
                    p.single_subscript_attribute_target()?;
                }
                p.annotation_and_value()?;
                p.check_version(6, "Variable annotations syntax is")
            });
            alt!(p => {
                p.some(Self::target_equals)?;
                p.annotated_rhs()?;
                p.not(|p| p.tok(EQUAL))?;
                p.optional(|p| p.tok(TYPE_COMMENT)).map(|_| ())
            });
            let mut committed = false;
            alt!(p => {
                p.single_target()?;
                let op = p.any_of(AUGMENTED)?;
                if p.codes[op] == ATEQUAL {
                    p.check_version(5, "The '@' operator is")?;
                }
                committed = true;
                p.annotated_rhs().map(|_| ())
            });
            if committed || !p.invalid {
                return None;
            }
            p.invalid_assignment()
        })
    }

    fn annotation_and_value(&mut self) -> O<()> {
        self.tok(COLON)?;
        self.expression()?;
        self.optional(|p| {
            p.tok(EQUAL)?;
            p.annotated_rhs()
        })
        .map(|_| ())
    }

    fn target_equals(&mut self) -> O<Expr<'a>> {
        let target = self.star_targets()?;
        self.tok(EQUAL)?;
        Some(target)
    }

    fn invalid_assignment<T>(&mut self) -> O<T> {
        self.rule(|p| {
            alt!(p => {
                let target = p.invalid_ann_assign_target()?;
                p.tok(COLON)?;
                p.expression()?;
                let message = format!("only single target (not {}) can be annotated", expr_name(&target));
                p.raise_at(target.range, &message)
            });
            alt!(p => {
                let first = p.star_named_expression()?;
                p.tok(COMMA)?;
                p.many(Self::star_named_expressions)?;
                p.tok(COLON)?;
                p.expression()?;
                p.raise_at(first.range, "only single target (not tuple) can be annotated")
            });
            alt!(p => {
                let target = p.expression()?;
                p.tok(COLON)?;
                p.expression()?;
                p.raise_at(target.range, "illegal target for annotation")
            });
            alt!(p => {
                p.many(Self::target_equals)?;
                let target = p.star_expressions()?;
                p.tok(EQUAL)?;
                p.raise_invalid_target(Targets::Star, target)
            });
            alt!(p => {
                p.many(Self::target_equals)?;
                let target = p.yield_expr()?;
                p.tok(EQUAL)?;
                p.raise_at(target.range, "assignment to yield expression not possible")
            });
            let target = p.star_expressions()?;
            p.any_of(AUGMENTED)?;
            p.annotated_rhs()?;
            let name = expr_name(&target);
            p.raise_at(target.range, &format!("'{name}' is an illegal expression for augmented assignment"))
        })
    }

    fn invalid_ann_assign_target(&mut self) -> O<Expr<'a>> {
        self.rule(|p| {
            alt!(p => { p.list_display() });
            alt!(p => { p.tuple_display() });
            p.tok(LPAR)?;
            let target = p.invalid_ann_assign_target()?;
            p.tok(RPAR)?;
            Some(target)
        })
    }

    // Imports.

    fn import_stmt(&mut self) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => { p.invalid_import() });
            }
            alt!(p => {
                p.tok(IMPORT)?;
                p.list_of(Self::dotted_as_name).map(|_| ())
            });
            p.import_from()
        })
    }

    fn invalid_import<T>(&mut self) -> O<T> {
        self.rule(|p| {
            alt!(p => {
                let import = p.tok(IMPORT)?;
                p.list_of(Self::dotted_name)?;
                p.tok(FROM)?;
                p.dotted_name()?;
                let import = p.token_range(import);
                p.raise_from(import, "Did you mean to use 'from ... import ...' instead?")
            });
            p.tok(IMPORT)?;
            p.nothing_imported()
        })
    }

    fn nothing_imported<T>(&mut self) -> O<T> {
        let newline = self.tok(NEWLINE)?;
        let newline = self.token_range(newline);
        self.raise_from(newline, "Expected one or more names after 'import'")
    }

    fn import_from(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.tok(FROM)?;
                let dots = p.many(|p| p.any_of(&[DOT, ELLIPSIS]))?;
                let name = p.dotted_name()?;
                p.tok(IMPORT)?;
                let start = p.mark;
                p.import_from_targets()?;
                if dots.is_empty() && p.text(name) == "__future__" && p.mark > name {
                    let barry = (start..p.mark).any(|at| p.text(at) == "barry_as_FLUFL");
                    p.flags.barry_as_flufl |= barry;
                }
                Some(())
            });
            p.tok(FROM)?;
            p.some(|p| p.any_of(&[DOT, ELLIPSIS]))?;
            p.tok(IMPORT)?;
            p.import_from_targets()
        })
    }

    fn import_from_targets(&mut self) -> O<()> {
        self.rule(|p| {
            alt!(p => {
                p.tok(LPAR)?;
                p.list_of(Self::import_from_as_name)?;
                p.optional(|p| p.tok(COMMA))?;
                p.tok(RPAR).map(|_| ())
            });
            alt!(p => {
                p.list_of(Self::import_from_as_name)?;
                p.not(|p| p.tok(COMMA))
            });
            alt!(p => { p.tok(STAR).map(|_| ()) });
            if !p.invalid {
                return None;
            }
            alt!(p => {
                p.list_of(Self::import_from_as_name)?;
                p.tok(COMMA)?;
                p.tok(NEWLINE)?;
                p.raise("trailing comma not allowed without surrounding parentheses")
            });
            p.nothing_imported()
        })
    }

    fn import_from_as_name(&mut self) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => {
                    p.tok(NAME)?;
                    p.invalid_as_name()
                });
            }
            p.tok(NAME)?;
            p.opt_as_name()
        })
    }

    fn dotted_as_name(&mut self) -> O<()> {
        self.rule(|p| {
            if p.invalid {
                alt!(p => {
                    p.dotted_name()?;
                    p.invalid_as_name()
                });
            }
            p.dotted_name()?;
            p.opt_as_name()
        })
    }

    fn opt_as_name(&mut self) -> O<()> {
        self.optional(|p| {
            p.tok(AS)?;
            p.tok(NAME)
        })
        .map(|_| ())
    }

    fn invalid_as_name<T>(&mut self) -> O<T> {
        self.tok(AS)?;
        self.not(|p| {
            p.tok(NAME)?;
            p.any_of(&[COMMA, RPAR, SEMI, NEWLINE])
        })?;
        let target = self.expression()?;
        let message = format!("cannot use {} as import target", expr_name(&target));
        self.raise_at(target.range, &message)
    }

    /// The index of its last NAME.
    fn dotted_name(&mut self) -> O<usize> {
        self.rule(|p| {
            let first = p.tok(NAME)?;
            let rest = p.many(|p| {
                p.tok(DOT)?;
                p.tok(NAME)
            })?;
            // `a.__future__` is not `__future__`.
            Some(if rest.is_empty() { first } else { p.mark - 2 })
        })
    }

    /// The signature of a `func_type` comment: its argument types.
    pub(super) fn type_expressions(&mut self) -> O<()> {
        self.rule(|p| {
            let double = |p: &mut Self| {
                p.tok(DOUBLESTAR)?;
                p.expression().map(|_| ())
            };
            let starred = |p: &mut Self| {
                p.tok(STAR)?;
                p.expression()?;
                p.optional(|p| {
                    p.tok(COMMA)?;
                    double(p)
                })
                .map(|_| ())
            };
            alt!(p => { starred(p) });
            alt!(p => { double(p) });
            p.list_of(Self::expression)?;
            p.optional(|p| {
                p.tok(COMMA)?;
                alt!(p => { starred(p) });
                double(p)
            })
            .map(|_| ())
        })
    }
}
