//! `ophi cfg`.

use serde_json::json;

use super::dis::wanted;
use super::options::{Format, Options};
use super::{Io, Outcome, SCHEMA, Stop, for_each_code, status};
use crate::graph::FlowGraph;
use crate::report::html::{Section, page};
use crate::report::{dot, json, svg, text};

pub(super) fn cfg(options: &Options, io: &mut Io<'_>) -> Outcome {
    if options.format == Format::Sarif {
        return Err(Stop::Usage("SARIF is for `ophi analyze`".into()));
    }
    let mut files = Vec::new();
    let mut clusters = Vec::new();
    let mut sections = Vec::new();
    let mut pictures = Vec::new();
    let mut first = true;
    let failures = for_each_code(options, io, &mut |loaded, io| {
        let mut list = Vec::new();
        for named in wanted(&loaded, options) {
            let graph = FlowGraph::new(named.code, loaded.version);
            match options.format {
                Format::Json => list.push(json::graph(&named, &graph)),
                Format::Dot => clusters.push(dot::cluster(&named, &graph, &format!("c{}", clusters.len()))),
                Format::Svg => pictures.push(svg::graph(&named, &graph, 0)),
                Format::Html => sections.push(Section {
                    title: named.qualname.clone(),
                    note: format!(
                        "{}:{}, {} blocks, {} loops",
                        loaded.name,
                        named.code.firstlineno,
                        graph.blocks.len(),
                        graph.loops.len()
                    ),
                    body: svg::graph(&named, &graph, sections.len()),
                    open: sections.is_empty(),
                }),
                _ => {
                    if !std::mem::take(&mut first) {
                        writeln!(io.out)?;
                    }
                    io.out.write_all(text::graph(&named, &graph).as_bytes())?;
                }
            }
        }
        if options.format == Format::Json {
            files.push(json!({"file": loaded.name, "version": loaded.version.to_string(), "graphs": list}));
        }
        Ok(())
    })?;
    match options.format {
        Format::Json => writeln!(io.out, "{}", json!({"schema": SCHEMA, "command": "cfg", "files": files}))?,
        Format::Dot => io.out.write_all(dot::document(&clusters).as_bytes())?,
        Format::Svg => match pictures.as_slice() {
            [one] => io.out.write_all(one.as_bytes())?,
            [] => {}
            many => {
                let message =
                    format!("{} graphs do not fit one SVG; choose one with --name, or use --html", many.len());
                return Err(Stop::Usage(message));
            }
        },
        Format::Html => io.out.write_all(page("Flow graphs", "", &sections).as_bytes())?,
        _ => {}
    }
    Ok(status(failures))
}
