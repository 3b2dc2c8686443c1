//! Flow graphs as SVG: blocks in layers, edges as curves.
//!
//! Layering: a block lies one below its lowest predecessor, back edges left out (longest path); within a layer blocks keep
//! the order of their offsets, moved once towards the mean of their predecessors. Edges to the next layer go from bottom
//! to top, those to a later one around the blocks between, back edges around the right side. Colours come from CSS
//! variables with defaults, so that a page can give light and dark ones. No text measure is at hand: widths assume a
//! monospaced font.

use std::fmt::Write;

use super::dot::block_lines;
use crate::codes::Named;
use crate::graph::{BlockId, EdgeKind, FlowGraph};

const CHAR: f64 = 6.7;
const LINE: f64 = 14.0;
const PAD: f64 = 8.0;
const GAP_X: f64 = 28.0;
const GAP_Y: f64 = 44.0;

struct Box2 {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    layer: usize,
    /// Where its layer ends.
    bottom: f64,
    lines: Vec<String>,
}

/// A text for use between tags or in attributes.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\u{0}'..'\u{9}' | '\u{b}'..'\u{20}' => out.push('\u{FFFD}'),
            c => out.push(c),
        }
    }
    out
}

/// Layers of the blocks, by longest path over the edges that close no loop.
fn layers(graph: &FlowGraph) -> Vec<usize> {
    let mut layer = vec![0usize; graph.blocks.len()];
    // Offsets mostly follow the flow; a few rounds settle the rest, and the bound ends irreducible cycles.
    for _ in 0..graph.blocks.len().min(50) {
        let mut changed = false;
        for edge in graph.edges.iter().filter(|edge| !edge.back && edge.from != edge.to) {
            let below = layer[edge.from.0] + 1;
            if layer[edge.to.0] < below && below <= graph.blocks.len() {
                layer[edge.to.0] = below;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    layer
}

/// One code object's graph as an `svg` element; `number` keeps the names in it apart from those of others on a page.
pub fn graph(named: &Named<'_>, graph: &FlowGraph, number: usize) -> String {
    let layer = layers(graph);
    let mut boxes: Vec<Box2> = (0..graph.blocks.len())
        .map(|number| {
            let mut lines = vec![format!("B{number} @{}", graph.blocks[number].start)];
            lines.extend(block_lines(named, graph, number, 24));
            let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
            let width = longest as f64 * CHAR + 2.0 * PAD;
            let height = lines.len() as f64 * LINE + 2.0 * PAD - 4.0;
            Box2 { x: 0.0, y: 0.0, width, height, layer: layer[number], bottom: 0.0, lines }
        })
        .collect();
    let (width, height) = place(graph, &mut boxes);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-label=\"flow graph of {}\" class=\"cfg\">\n<style>.cfg \
         text{{font:11px ui-monospace,monospace;fill:var(--ink,#1b1b1f)}}.cfg rect{{fill:var(--box,#f6f6f8);stroke:var(--line,\
         #9a9aa5)}}.cfg .entry rect{{stroke-width:2.5}}.cfg .dead rect{{stroke-dasharray:4 3;opacity:.6}}.cfg \
         .head{{font-weight:700}}.cfg path{{fill:none;stroke:var(--edge,#6b6b76);stroke-width:1.3}}.cfg \
         .taken{{stroke:var(--yes,#1a7f37)}}.cfg .not-taken{{stroke:var(--no,#b35900)}}.cfg \
         .exception{{stroke:var(--bad,#c62828);stroke-dasharray:3 3}}.cfg .back{{stroke-width:2}}\
         @media(prefers-color-scheme:dark){{svg.cfg:root{{background:#16171a;--ink:#e6e6ea;--box:#212329;--line:#6b6b76;\
         --edge:#a0a0ab;--yes:#4ac26b;--no:#e0913a;--bad:#ff7b72}}}}</style>\n<defs><marker \
         id=\"arrow{number}\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
         orient=\"auto-start-reverse\"><path d=\"M0 0L8 4L0 8z\" style=\"fill:context-stroke;stroke:none\"/></marker></defs>\n",
        escape(&named.qualname)
    );
    let right = boxes.iter().map(|b| b.x + b.width).fold(0.0, f64::max);
    let mut lane = 0;
    for edge in &graph.edges {
        let (from, to) = (&boxes[edge.from.0], &boxes[edge.to.0]);
        let class = match edge.kind {
            EdgeKind::Exception => "exception",
            EdgeKind::Taken => "taken",
            EdgeKind::NotTaken => "not-taken",
            _ => "next",
        };
        let class = if edge.back { format!("{class} back") } else { class.into() };
        // Branches leave left and right of the middle, so that both are seen.
        let share = match edge.kind {
            EdgeKind::NotTaken => 0.35,
            EdgeKind::Taken => 0.65,
            EdgeKind::Exception => 0.9,
            _ => 0.5,
        };
        let (x1, y1) = (from.x + from.width * share, from.y + from.height);
        let (x2, y2) = (to.x + to.width / 2.0, to.y);
        let straight = from.layer + 1 == to.layer;
        let path = if straight {
            // Down past the taller blocks of the layer, then across.
            let turn = from.bottom;
            let bend = ((y2 - turn) / 2.0).max(12.0);
            format!(
                "M{x1:.1} {y1:.1}L{x1:.1} {turn:.1}C{x1:.1} {:.1} {x2:.1} {:.1} {x2:.1} {y2:.1}",
                turn + bend,
                y2 - bend
            )
        } else {
            // Around what lies between, or, going back, around everything.
            lane += 1;
            let share = f64::from(lane % 12) * 7.0;
            let x = match from.layer < to.layer {
                true => {
                    let between = boxes.iter().filter(|b| b.layer > from.layer && b.layer < to.layer);
                    between.map(|b| b.x + b.width).fold(x1, f64::max) + 9.0 + share / 2.0
                }
                false => right + 10.0 + share,
            };
            // Room to turn: down out of the first block, then along, then into the second from above.
            let (turn, enter) = match from.layer < to.layer {
                true => (y1 + 30.0, y2 - 30.0),
                false => (y1 - 6.0, y2 + 6.0),
            };
            format!(
                "M{x1:.1} {y1:.1}C{x1:.1} {:.1} {x:.1} {:.1} {x:.1} {turn:.1}L{x:.1} {enter:.1}C{x:.1} {:.1} {x2:.1} {:.1} \
                 {x2:.1} {y2:.1}",
                y1 + 18.0,
                y1 + 18.0,
                y2 - 18.0,
                y2 - 18.0
            )
        };
        let title = format!("B{} to B{}: {}", edge.from.0, edge.to.0, edge.kind.name());
        _ = writeln!(
            out,
            "<path class=\"{class}\" d=\"{path}\" marker-end=\"url(#arrow{number})\"><title>{title}</title></path>"
        );
    }
    for (number, place) in boxes.iter().enumerate() {
        let dead = if graph.blocks[number].reachable { "" } else { " dead" };
        let entry = if number == 0 { " entry" } else { "" };
        _ = write!(
            out,
            "<g class=\"block{dead}{entry}\"><rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" rx=\"4\"/>",
            place.x, place.y, place.width, place.height
        );
        for (i, line) in place.lines.iter().enumerate() {
            let class = if i == 0 { " class=\"head\"" } else { "" };
            let y = place.y + PAD + LINE * (i as f64 + 0.75);
            _ = write!(
                out,
                "<text x=\"{:.1}\" y=\"{y:.1}\"{class} xml:space=\"preserve\">{}</text>",
                place.x + PAD,
                escape(line)
            );
        }
        out.push_str("</g>\n");
    }
    out + "</svg>\n"
}

/// Gives every box its place; the picture's size.
fn place(graph: &FlowGraph, boxes: &mut [Box2]) -> (f64, f64) {
    let count = boxes.iter().map(|b| b.layer + 1).max().unwrap_or(0);
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); count];
    for (number, place) in boxes.iter().enumerate() {
        rows[place.layer].push(number);
    }
    let row_width = |row: &[usize], boxes: &[Box2]| -> f64 {
        row.iter().map(|&number| boxes[number].width + GAP_X).sum::<f64>() - GAP_X
    };
    let widest = rows.iter().map(|row| row_width(row, boxes)).fold(120.0, f64::max);
    let mut y = 12.0;
    for row in &mut rows {
        let mean = |number: usize, boxes: &[Box2]| -> f64 {
            let above = graph.edges_to(BlockId(number)).filter(|edge| !edge.back);
            let centres: Vec<f64> = above.map(|edge| boxes[edge.from.0].x + boxes[edge.from.0].width / 2.0).collect();
            if centres.is_empty() { widest / 2.0 } else { centres.iter().sum::<f64>() / centres.len() as f64 }
        };
        let keys: Vec<(f64, usize)> = row.iter().map(|&number| (mean(number, boxes), number)).collect();
        let mut keys = keys;
        keys.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        *row = keys.iter().map(|key| key.1).collect();
        let mut x = 12.0 + (widest - row_width(row, boxes)) / 2.0;
        let mut tallest: f64 = 0.0;
        for &number in row.iter() {
            boxes[number].x = x;
            boxes[number].y = y;
            x += boxes[number].width + GAP_X;
            tallest = tallest.max(boxes[number].height);
        }
        row.iter().for_each(|&number| boxes[number].bottom = y + tallest);
        y += tallest + GAP_Y;
    }
    (widest + 24.0 + 110.0, y)
}
