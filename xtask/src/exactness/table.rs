//! What was compared and how it came out.

use std::collections::BTreeMap;

/// One row: one stage as one of ours answers it.
#[derive(Clone, Debug, Default)]
pub struct Row {
    pub files: usize,
    pub files_identical: usize,
    pub objects: usize,
    pub objects_identical: usize,
    /// Files left out because only the runtime has their codec.
    pub left_out: usize,
}

/// All rows and differences.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// By name of who answers and stage.
    pub rows: BTreeMap<(String, String), Row>,
    /// By kind: how many, and the first of them (by name of the file).
    pub differences: BTreeMap<String, (usize, String)>,
}

impl Report {
    pub fn row(&mut self, who: &str, stage: &str) -> &mut Row {
        self.rows.entry((who.to_owned(), stage.to_owned())).or_default()
    }

    pub fn difference(&mut self, kind: String, text: String) {
        let entry = self.differences.entry(kind).or_insert_with(|| (0, text.clone()));
        entry.0 += 1;
        if text < entry.1 {
            entry.1 = text;
        }
    }

    pub fn join(&mut self, other: Report) {
        for ((who, stage), row) in other.rows {
            let sum = self.row(&who, &stage);
            sum.files += row.files;
            sum.files_identical += row.files_identical;
            sum.objects += row.objects;
            sum.objects_identical += row.objects_identical;
            sum.left_out += row.left_out;
        }
        for (kind, (count, text)) in other.differences {
            let entry = self.differences.entry(kind).or_insert_with(|| (0, text.clone()));
            entry.0 += count;
            if text < entry.1 {
                entry.1 = text;
            }
        }
    }

    /// The table in Markdown, then the first difference of each kind.
    pub fn text(&self) -> String {
        let mut out = String::from(
            "| who | stage | files | identical | objects | identical | share |\n|---|---|---|---|---|---|---|\n",
        );
        for ((who, stage), row) in &self.rows {
            let share = 100.0 * row.objects_identical as f64 / row.objects.max(1) as f64;
            // 100 % is said of nothing less.
            let share = if row.objects_identical == row.objects { "100 %".to_owned() } else { format!("{share:.3} %") };
            let left_out = match row.left_out {
                0 => String::new(),
                n => format!(" ({n} left out: codecs of the runtime)"),
            };
            out += &format!(
                "| {who} | {stage} | {}{left_out} | {} | {} | {} | {share} |\n",
                row.files, row.files_identical, row.objects, row.objects_identical
            );
        }
        for (kind, (count, text)) in &self.differences {
            out += &format!("\n{kind}: {count}, the first:\n{text}\n");
        }
        out
    }
}
