//! Go's `text/tabwriter`: cells that end in a tab stand in columns, each as wide as the widest cell of its run of lines.

/// How columns are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spacing {
    /// The least width of a column, padding included.
    pub(crate) width_min: usize,
    pub(crate) padding: usize,
}

/// Tables of `get` (cli-runtime's `GetNewTabWriter`).
pub(crate) const TABLE: Spacing = Spacing { width_min: 6, padding: 3 };
/// Text of `describe`.
pub(crate) const DESCRIBE: Spacing = Spacing { width_min: 0, padding: 2 };

/// Aligns `text`, whose lines hold cells separated by tabs.
pub(crate) fn align(text: &str, spacing: Spacing) -> String {
    let lines: Vec<Vec<&str>> = text.split('\n').map(|line| line.split('\t').collect()).collect();
    let mut writer = Writer { lines: &lines, spacing, out: String::new(), widths: Vec::new() };
    writer.format(0, lines.len());
    // Every line got a line end; the text had none after its last piece.
    writer.out.pop();
    writer.out
}

struct Writer<'a> {
    lines: &'a [Vec<&'a str>],
    spacing: Spacing,
    out: String,
    widths: Vec<usize>,
}

impl Writer<'_> {
    fn format(&mut self, from: usize, to: usize) {
        let column = self.widths.len();
        let has_cell = |line: &Vec<&str>| column + 1 < line.len();
        let mut written = from;
        let mut this = from;
        while this < to {
            if !has_cell(&self.lines[this]) {
                this += 1;
                continue;
            }
            self.write(written, this);
            let block = this;
            let mut width = self.spacing.width_min;
            while this < to && has_cell(&self.lines[this]) {
                width = width.max(self.lines[this][column].chars().count() + self.spacing.padding);
                this += 1;
            }
            self.widths.push(width);
            self.format(block, this);
            self.widths.pop();
            written = this;
        }
        self.write(written, to);
    }

    fn write(&mut self, from: usize, to: usize) {
        for line in &self.lines[from..to] {
            for (index, cell) in line.iter().enumerate() {
                self.out.push_str(cell);
                if let Some(width) = self.widths.get(index) {
                    self.out.extend(std::iter::repeat_n(' ', width.saturating_sub(cell.chars().count())));
                }
            }
            self.out.push('\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_as_wide_as_its_widest_cell_in_adjacent_lines() {
        assert_eq!(align("a\tb\nlonger\tc\n\nx\ty\n", DESCRIBE), "a       b\nlonger  c\n\nx  y\n");
        assert_eq!(align("\ta\tdev\n*\tb\t\n", TABLE), "      a     dev\n*     b     \n");
    }

    #[test]
    fn lines_without_a_cell_in_a_column_end_its_run() {
        assert_eq!(align("A:\t1\nB:\n  C:\t2\n  DDD:\t3\n", DESCRIBE), "A:  1\nB:\n  C:    2\n  DDD:  3\n");
    }
}
