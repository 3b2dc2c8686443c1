//! `ophi cfg`.

use serde_json::json;

use super::dis::wanted;
use super::options::{Format, Options};
use super::stream::Json;
use super::{Io, Outcome, Stop, for_each_code, missing, status};
use crate::graph::FlowGraph;
use crate::report::html::{self, Section};
use crate::report::{dot, json, svg, text};

pub(super) fn cfg(options: &Options, io: &mut Io<'_>) -> Outcome {
    if options.format == Format::Sarif {
        return Err(Stop::Usage("SARIF is for `ophi analyze`".into()));
    }
    let mut json = if options.format == Format::Json { Some(Json::start("cfg", io)?) } else { None };
    match options.format {
        Format::Dot => io.out.write_all(dot::HEAD.as_bytes())?,
        Format::Html => io.out.write_all(html::head("Flow graphs").as_bytes())?,
        _ => {}
    }
    let mut pictures = Vec::new();
    let mut count = 0;
    let failures = for_each_code(options, io, &mut |loaded, io| {
        let mut list = Vec::new();
        for named in wanted(&loaded, options) {
            let graph = FlowGraph::new(named.code, loaded.version);
            match options.format {
                Format::Json => list.push(json::graph(&named, &graph)),
                Format::Dot => io.out.write_all(dot::cluster(&named, &graph, &format!("c{count}")).as_bytes())?,
                Format::Svg if count < MANY => pictures.push((named.qualname.clone(), svg::graph(&named, &graph, 0))),
                Format::Svg => {}
                Format::Html => {
                    let (blocks, loops) = (graph.blocks.len(), graph.loops.len());
                    let section = Section {
                        title: named.qualname.clone(),
                        note: format!("{}:{}, {blocks} blocks, {loops} loops", loaded.name, named.code.firstlineno),
                        body: svg::graph(&named, &graph, count),
                        open: count == 0,
                    };
                    io.out.write_all(html::section(&section).as_bytes())?;
                }
                _ => {
                    if count > 0 {
                        writeln!(io.out)?;
                    }
                    io.out.write_all(text::graph(&named, &graph).as_bytes())?;
                }
            }
            count += 1;
        }
        if let Some(json) = &mut json {
            let file = json!({"file": loaded.name, "version": loaded.version.to_string(), "graphs": list});
            json.item(&file.to_string(), io)?;
        }
        Ok(())
    })?;
    match options.format {
        Format::Dot => io.out.write_all(dot::TAIL.as_bytes())?,
        Format::Svg => match pictures.as_slice() {
            [(_, one)] => io.out.write_all(one.as_bytes())?,
            [] => {}
            some => {
                let names: Vec<&str> = some.iter().map(|(name, _)| name.as_str()).collect();
                let more = if count > names.len() { ", ..." } else { "" };
                return Err(Stop::Usage(format!(
                    "{count} graphs do not fit one SVG; choose one with --name, or use --html. There are: {}{more}",
                    names.join(", ")
                )));
            }
        },
        Format::Html => io.out.write_all(html::tail("").as_bytes())?,
        _ => {}
    }
    if let Some(json) = json {
        json.end(&[], io)?;
    }
    Ok(status(failures + missing(count, options, io)))
}

/// So many names are told when one has to be chosen.
const MANY: usize = 20;
