//! Tabs and zones of Microsoft's Markdown: parts of a document of which a reader sees one at a time.
//!
//! A heading that is a link to `#tab/ID` starts a tab, headings of the same level its neighbours, and a line `---` ends the group. The
//! lines `::: zone pivot="A,B"` and `::: zone-end` enclose a zone.

use std::collections::HashSet;

use crate::diagnostic::{Diagnostic, SourceFile, Span};

use super::defect::{UNCLOSED_TABS, UNCLOSED_ZONE};
use super::view::{Conditions, Tab, TabGroup, TabPlace};

/// How deep tabs and zones are followed.
const DEPTH_MAX: usize = 16;

/// Where the reader of a document stands: the tabs and zones around a place.
#[derive(Debug, Default)]
pub(super) struct Regions {
    groups: Vec<TabGroup>,
    open_groups: Vec<OpenGroup>,
    open_zones: Vec<OpenZone>,
    pivots: Vec<String>,
}

#[derive(Debug)]
struct OpenGroup {
    group: usize,
    rank: Rank,
    /// The tabs so far.
    names: HashSet<String>,
    /// How many zones were open where it began.
    zones: usize,
    span: Span,
}

#[derive(Debug)]
struct OpenZone {
    pivots: Vec<String>,
    span: Span,
}

/// How far up a heading stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rank {
    /// How many list items and quotes it stands in.
    pub(super) depth: usize,
    /// 1 to 6.
    pub(super) level: u8,
}

/// Tabs and zones around a place; two places with the same are in the same ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Around {
    pub(super) tabs: Vec<TabPlace>,
    pub(super) zones: Vec<Vec<String>>,
}

impl Around {
    /// Writes it down for a step.
    pub(super) fn mark(&self, conditions: &mut Conditions) {
        conditions.tabs.clone_from(&self.tabs);
        conditions.zones.clone_from(&self.zones);
    }
}

impl Regions {
    /// The tabs and zones around the place that was reached.
    pub(super) fn around(&self) -> Around {
        Around {
            tabs: self.open_groups.iter().map(|open| self.current(open.group)).collect(),
            zones: self.open_zones.iter().filter(|zone| !zone.pivots.is_empty()).map(|zone| zone.pivots.clone()).collect(),
        }
    }

    fn current(&self, group: usize) -> TabPlace {
        TabPlace { group, tab: self.groups[group].tabs.len().saturating_sub(1) }
    }

    /// A heading; `tab` is what follows `#tab/` when it is a link there.
    pub(super) fn heading(&mut self, rank: Rank, tab: Option<&str>, span: Span, source: &SourceFile, diagnostics: &mut Vec<Diagnostic>) {
        if tab.is_some() {
            // A group in a list item ends with it, at the latest where the tab around the list does.
            while self.open_groups.pop_if(|open| open.rank.depth > rank.depth).is_some() {}
        }
        // A heading of a lower level belongs to the tab, whatever stands in lists within it; one above it cannot.
        self.close_while(|open| rank.depth <= open.rank.depth && rank.level < open.rank.level, source, diagnostics);
        let Some(tab) = tab else { return };
        let tab = read_tab(tab, source.line(span.start));
        if let Some(open) = self.open_groups.last_mut().filter(|open| open.rank == rank) {
            if open.names.insert(name(&tab)) {
                self.groups[open.group].tabs.push(tab);
                return;
            }
            // The same tab again: the line that ends the group was forgotten.
            self.close_while(|open| open.rank == rank, source, diagnostics);
        }
        if self.open_groups.len() < DEPTH_MAX {
            let parents = self.around().tabs;
            let names = HashSet::from([name(&tab)]);
            self.open_groups.push(OpenGroup { group: self.groups.len(), rank, names, zones: self.open_zones.len(), span });
            self.groups.push(TabGroup { tabs: vec![tab], parents });
        }
    }

    /// A line `---`: the end of a group of tabs, when one began in the same zone.
    pub(super) fn rule(&mut self, depth: usize) {
        let zones = self.open_zones.len();
        // Outside of a list it ends the group there, with what is open in the list.
        if self.open_groups.iter().any(|open| open.rank.depth == depth && open.zones == zones) {
            while self.open_groups.pop_if(|open| open.rank.depth > depth && open.zones == zones).is_some() {}
        }
        self.open_groups.pop_if(|open| open.zones == zones);
    }

    /// A line that starts with `:::`.
    pub(super) fn zone_mark(&mut self, mark: &ZoneMark, span: Span, source: &SourceFile, diagnostics: &mut Vec<Diagnostic>) {
        match mark {
            ZoneMark::Begin { pivots } => {
                if self.open_zones.len() < DEPTH_MAX {
                    for pivot in pivots {
                        if !self.pivots.contains(pivot) && self.pivots.len() < 1000 {
                            self.pivots.push(pivot.clone());
                        }
                    }
                    self.open_zones.push(OpenZone { pivots: pivots.clone(), span });
                } else {
                    diagnostics.push(UNCLOSED_ZONE.at(source, span, format!("more than {DEPTH_MAX} zones within each other")));
                }
            }
            ZoneMark::End => {
                if self.open_zones.is_empty() {
                    diagnostics.push(UNCLOSED_ZONE.at(source, span, "this `zone-end` ends nothing: no zone is open here"));
                    return;
                }
                let depth = self.open_zones.len();
                self.close_while(|open| open.zones == depth, source, diagnostics);
                self.open_zones.pop();
            }
        }
    }

    /// At the end of the document: its groups of tabs and its pivots.
    pub(super) fn close(&mut self, source: &SourceFile, diagnostics: &mut Vec<Diagnostic>) -> (Vec<TabGroup>, Vec<String>) {
        self.close_while(|_| true, source, diagnostics);
        for zone in self.open_zones.drain(..) {
            let message = "this zone has no end, so all that follows belongs to it";
            diagnostics.push(UNCLOSED_ZONE.at(source, zone.span, message).with_hint("add a line `::: zone-end`"));
        }
        (std::mem::take(&mut self.groups), std::mem::take(&mut self.pivots))
    }

    fn close_while(&mut self, closes: impl Fn(&OpenGroup) -> bool, source: &SourceFile, diagnostics: &mut Vec<Diagnostic>) {
        while let Some(open) = self.open_groups.pop_if(|open| closes(open)) {
            let message = "no line `---` ends this group of tabs; it ends with its section";
            diagnostics.push(UNCLOSED_TABS.at(source, open.span, message).with_hint("add a line `---` below the last tab"));
        }
    }
}

/// `a`, `a+b`, `a/c`: the tab's names, and the tab of another group with which it goes.
fn read_tab(text: &str, line: usize) -> Tab {
    let (ids, condition) = match text.split_once('/') {
        Some((ids, condition)) => (ids, Some(condition.to_lowercase())),
        None => (text, None),
    };
    Tab { ids: ids.split('+').map(str::to_lowercase).collect(), condition: condition.filter(|name| !name.is_empty()), line }
}

/// What tells a tab from the others of its group.
fn name(tab: &Tab) -> String {
    format!("{}/{}", tab.ids.join("+"), tab.condition.as_deref().unwrap_or_default())
}

/// A line that starts or ends a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ZoneMark {
    /// `::: zone pivot="a,b"`; no pivots when it only says `target=`.
    Begin {
        pivots: Vec<String>,
    },
    End,
}

/// Whether a line starts or ends a zone; containers' marks before it do not matter.
pub(super) fn zone_mark(line: &str) -> Option<ZoneMark> {
    let line = line.trim_start_matches(|letter: char| letter.is_whitespace() || letter == '>');
    let rest = line.strip_prefix(":::")?.trim().to_lowercase();
    if rest.strip_prefix("zone-end").is_some_and(|rest| rest.trim_start_matches(':').trim().is_empty()) {
        return Some(ZoneMark::End);
    }
    let rest = rest.strip_prefix("zone").filter(|rest| rest.starts_with(char::is_whitespace))?;
    let value = rest.split_once("pivot").and_then(|(_, after)| after.trim_start().strip_prefix('='));
    let value = value.map_or("", str::trim_start);
    let value = match value.chars().next() {
        Some(quote @ ('"' | '\'')) => value[1..].split(quote).next().unwrap_or_default(),
        _ => value.split_whitespace().next().unwrap_or_default(),
    };
    let pivots = value.split(',').map(str::trim).filter(|pivot| !pivot.is_empty()).map(str::to_owned).collect();
    Some(ZoneMark::Begin { pivots })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_zones_are_told_from_others() {
        let begin = |pivots: &[&str]| Some(ZoneMark::Begin { pivots: pivots.iter().map(|pivot| (*pivot).to_owned()).collect() });
        assert_eq!(zone_mark("::: zone pivot=\"azure-cli\""), begin(&["azure-cli"]));
        assert_eq!(zone_mark("   :::zone target=\"docs\" pivot=\"Azure-CLI, terraform\" "), begin(&["azure-cli", "terraform"]));
        assert_eq!(zone_mark("> ::: zone pivot = 'a'"), begin(&["a"]));
        assert_eq!(zone_mark(":::zone pivot=a"), begin(&["a"]));
        assert_eq!(zone_mark("::: zone target=\"docs\""), begin(&[]));
        assert_eq!(zone_mark("::: zone-end"), Some(ZoneMark::End));
        assert_eq!(zone_mark(":::zone-end:::"), Some(ZoneMark::End));
        for other in [":::image type=\"content\" source=\"zone.png\":::", ":: zone", "a ::: zone-end", ":::zones", "::: moniker", ":::"] {
            assert_eq!(zone_mark(other), None, "{other}");
        }
    }

    #[test]
    fn a_tab_may_have_several_names_and_go_with_another() {
        let tab = read_tab("Linux+mac/azure-cli", 3);
        assert_eq!((tab.ids, tab.condition.as_deref()), (vec!["linux".to_owned(), "mac".to_owned()], Some("azure-cli")));
        assert_eq!(read_tab("a/", 1).condition, None);
    }
}
