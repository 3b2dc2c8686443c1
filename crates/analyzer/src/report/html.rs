//! One self-contained page: no network, light and dark, a search field, sections that open and close, usable from the
//! keyboard (`/` goes to the search, Escape empties it).

use super::svg::escape;

/// A part of a page that opens and closes.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// What is always seen; also what the search looks through.
    pub title: String,
    /// A short note beside the title.
    pub note: String,
    /// Markup; already escaped.
    pub body: String,
    /// Open from the start?
    pub open: bool,
}

const STYLE: &str = "
:root{color-scheme:light dark;--page:#fff;--ink:#1b1b1f;--soft:#5c5c66;--box:#f6f6f8;--line:#c9c9d1;--edge:#6b6b76;--yes:#1a7f37;--no:#b35900;--bad:#c62828;--mark:#0550ae}
@media(prefers-color-scheme:dark){:root{--page:#16171a;--ink:#e6e6ea;--soft:#a0a0ab;--box:#212329;--line:#44464f;--edge:#a0a0ab;--yes:#4ac26b;--no:#e0913a;--bad:#ff7b72;--mark:#79b8ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
header{position:sticky;top:0;background:var(--page);border-bottom:1px solid var(--line);padding:.7rem 1rem;display:flex;gap:1rem;flex-wrap:wrap;align-items:center;z-index:1}
h1{font-size:1.05rem;margin:0}
main{padding:1rem;max-width:100rem;margin:auto;display:flex;flex-direction:column}
.total{order:-1;margin:0 0 .5rem;color:var(--soft)}
input{font:inherit;padding:.25rem .6rem;border:1px solid var(--line);border-radius:6px;background:var(--box);color:inherit;min-width:16rem}
button{font:inherit;border:1px solid var(--line);border-radius:6px;background:var(--box);color:inherit;padding:.25rem .6rem;cursor:pointer}
:focus-visible{outline:2px solid var(--mark);outline-offset:2px}
details{border:1px solid var(--line);border-radius:8px;margin:.5rem 0;background:var(--page)}
summary{padding:.5rem .8rem;cursor:pointer;display:flex;flex-wrap:wrap;gap:0 .6rem;align-items:baseline;overflow-wrap:anywhere}
summary::-webkit-details-marker{display:none}
summary::before{content:'▸';color:var(--soft)}
details[open]>summary::before{content:'▾'}
summary .note{margin-left:auto;text-align:right}
summary code{font-weight:600}
.note{color:var(--soft);font-size:.85rem}
.body{padding:0 .8rem .8rem;overflow-x:auto}
pre{font:12.5px/1.45 ui-monospace,monospace;margin:0;white-space:pre}
table{border-collapse:collapse;font-size:.9rem}
th,td{text-align:left;padding:.2rem .9rem .2rem 0;vertical-align:top}
th{color:var(--soft);font-weight:500;white-space:nowrap}
table+table,table+pre{margin-top:.8rem}
.bar{display:inline-block;height:.7em;background:var(--mark);border-radius:2px}
.hidden{display:none}
";

const SCRIPT: &str = "
const field=document.querySelector('#search'),all=[...document.querySelectorAll('details')],count=document.querySelector('#count');
function show(){const words=field.value.toLowerCase().split(/\\s+/).filter(Boolean);let n=0;
for(const d of all){const t=d.dataset.text??=d.textContent.toLowerCase();const hit=words.every(w=>t.includes(w));d.classList.toggle('hidden',!hit);n+=hit}
count.textContent=n+' of '+all.length}
field.addEventListener('input',show);
addEventListener('keydown',e=>{if(e.key==='/'&&document.activeElement!==field){e.preventDefault();field.focus()}
if(e.key==='Escape'){field.value='';show();field.blur()}});
document.querySelector('#open').onclick=()=>all.forEach(d=>d.open=true);
document.querySelector('#close').onclick=()=>all.forEach(d=>d.open=false);show();
";

/// What a page begins with.
pub fn head(title: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\">\n<title>{0}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <header>\n<h1>{0}</h1>\n<input id=\"search\" type=\"search\" placeholder=\"Search ( / )\" aria-label=\"Search\">\n\
         <span id=\"count\" class=\"note\" role=\"status\"></span>\n<button id=\"open\">Open all</button>\n<button \
         id=\"close\">Close all</button>\n</header>\n<main>\n",
        escape(title)
    )
}

/// A section as markup.
pub fn section(section: &Section) -> String {
    let open = if section.open { " open" } else { "" };
    format!(
        "<details{open}>\n<summary><code>{}</code> <span class=\"note\">{}</span></summary>\n<div class=\"body\">{}</div>\n\
         </details>\n",
        escape(&section.title),
        escape(&section.note),
        section.body
    )
}

/// What a page ends with; the note, a text, stands above the sections all the same.
pub fn tail(note: &str) -> String {
    let note = if note.is_empty() { String::new() } else { format!("<p class=\"total\">{}</p>\n", escape(note)) };
    note + "</main>\n<script>" + SCRIPT + "</script>\n</body>\n</html>\n"
}

/// A text as it stands.
pub fn pre(text: &str) -> String {
    format!("<pre>{}</pre>", escape(text))
}

/// A table of names and values; values without content are left out.
pub fn facts(rows: &[(&str, String)]) -> String {
    let row =
        |(name, value): &(&str, String)| format!("<tr><th scope=\"row\">{name}</th><td>{}</td></tr>\n", escape(value));
    let rows: String = rows.iter().filter(|(_, value)| !value.is_empty()).map(row).collect();
    format!("<table>\n{rows}</table>\n")
}

/// Names with counts and bars.
pub fn bars(counts: &[(String, usize)]) -> String {
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(1).max(1);
    let row = |(name, count): &(String, usize)| {
        let width = (count * 100).div_ceil(most);
        format!(
            "<tr><td><code>{}</code></td><td>{count}</td><td><span class=\"bar\" style=\"width:{width}px\"></span></td></tr>\n",
            escape(name)
        )
    };
    format!("<table>\n{}</table>\n", counts.iter().map(row).collect::<String>())
}
