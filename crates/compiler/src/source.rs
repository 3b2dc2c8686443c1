//! From text to a code object, with errors and warnings as the front end reports them.
//!
//! The compiler's own errors carry byte columns, as CPython's do (only the parser counts characters), and no text: who
//! raises the exception reads the line from the file that is named.

use bumpalo::Bump;
use ophi_bytecode::CodeObject;
use ophi_syntax::parser::{ParseFlags, RewriteLines, parse_to_compile};
use ophi_syntax::{DiagnosticKind, ErrorLocation, Mode, Source, SourceWarning, SyntaxDiagnostic, WarningCategory};

use crate::error::{CompileError, Warning};
use crate::instruction_sequence::Location;
use crate::{CompileOptions, compile_parsed};

/// A compiled text: the code or what is wrong with it, and all warnings in order.
#[derive(Debug)]
pub struct SourceCompiled {
    pub result: Result<CodeObject, SyntaxDiagnostic>,
    pub warnings: Vec<SourceWarning>,
}

/// Compiles a text.
pub fn compile_source(source: &Source, mode: Mode, flags: ParseFlags, options: &CompileOptions) -> SourceCompiled {
    let arena = Bump::new();
    let mut warnings = Vec::new();
    let mut places = RewriteLines::default();
    let module = match parse_to_compile(source, mode, flags, &arena, &mut warnings, &mut places) {
        Ok(module) => module,
        Err(diagnostic) => return SourceCompiled { result: Err(diagnostic), warnings },
    };
    let compiled = compile_parsed(&arena, &module, Some(&places), options);
    warnings.extend(compiled.warnings.iter().map(source_warning));
    SourceCompiled { result: compiled.result.map_err(|e| diagnostic(&e)), warnings }
}

fn error_location(loc: Location) -> ErrorLocation {
    ErrorLocation {
        lineno: loc.line,
        offset: loc.col + 1,
        end_lineno: loc.end_line,
        end_offset: loc.end_col + 1,
        text: None,
        anonymous: false,
        last_statement: None,
    }
}

/// A compile-time error as a diagnostic. SystemError and TypeError have no kind of their own there: only trees made by
/// Python code can cause them, which have no text either.
pub fn diagnostic(error: &CompileError) -> SyntaxDiagnostic {
    let kind = match error {
        CompileError::Syntax { message, loc } => {
            return SyntaxDiagnostic {
                kind: DiagnosticKind::SyntaxError,
                message: message.clone(),
                location: Some(error_location(*loc)),
            };
        }
        CompileError::Recursion => DiagnosticKind::RecursionError,
        CompileError::Overflow(_) => DiagnosticKind::OverflowError,
        CompileError::Value(_) | CompileError::Type(_) | CompileError::System(_) => DiagnosticKind::ValueError,
    };
    SyntaxDiagnostic::bare(kind, error.message())
}

/// A compiler's warning as the front end's.
pub fn source_warning(warning: &Warning) -> SourceWarning {
    SourceWarning {
        category: WarningCategory::SyntaxWarning,
        message: warning.message.clone(),
        lineno: warning.loc.line.max(0) as u32,
        as_error: SyntaxDiagnostic {
            kind: DiagnosticKind::SyntaxError,
            message: warning.message.clone(),
            location: Some(error_location(warning.loc)),
        },
    }
}
