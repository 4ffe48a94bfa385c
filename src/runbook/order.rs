//! The order in which the steps of a document run: setup, the ordinary ones, clean-up, each as they stand, but for what `after=` and `needs=` say.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::model::{Role, Runbook, Step};

/// The positions of all steps in the order of the run. A step that is to come after another moves behind it, and no further.
///
/// Steps that wait for each other stay where they are; the parser reports them.
///
/// ```
/// use docent::runbook::{order, parse};
/// let text = b"<!-- docent: after=b -->\n```bash\na\n```\n<!-- docent: name=b -->\n```bash\nb\n```\n```bash\nc\n```\n";
/// assert_eq!(order(&parse("x.md", text, &Default::default()).0), [1, 0, 2]);
/// ```
pub fn order(runbook: &Runbook) -> Vec<usize> {
    arrange(&runbook.steps).unwrap_or_else(|_| by_role(&runbook.steps))
}

/// When a role has its turn.
pub(super) fn rank(role: Role) -> u8 {
    match role {
        Role::Setup => 0,
        Role::Ordinary => 1,
        Role::Cleanup => 2,
    }
}

fn by_role(steps: &[Step]) -> Vec<usize> {
    let turns = turns(steps);
    let mut order: Vec<usize> = (0..steps.len()).collect();
    order.sort_by_key(|position| turns[*position]);
    order
}

/// When each step has its turn, were none to wait for another: by role, and clean-up the last document first, since what a document has
/// made may stand in what those before it have made.
fn turns(steps: &[Step]) -> Vec<(u8, usize)> {
    let mut document = 0;
    let mut turns = Vec::with_capacity(steps.len());
    for (position, step) in steps.iter().enumerate() {
        let before = position.checked_sub(1).and_then(|before| steps[before].document.as_ref());
        let is_same = match (before, &step.document) {
            (Some(before), Some(own)) => std::sync::Arc::ptr_eq(before, own),
            (None, None) => true,
            _ => position == 0,
        };
        document += usize::from(!is_same);
        let role = step.directives.role;
        turns.push((rank(role), if role == Role::Cleanup { steps.len() - document } else { 0 }));
    }
    turns
}

/// The order of the run.
///
/// # Errors
/// The positions of steps that wait for each other, each for the next and the last for the first.
pub(super) fn arrange(steps: &[Step]) -> Result<Vec<usize>, Vec<usize>> {
    let positions: HashMap<&str, usize> = steps.iter().enumerate().map(|(position, step)| (step.id.as_str(), position)).collect();
    let awaited: Vec<Vec<usize>> = steps
        .iter()
        .map(|step| {
            let ids = step.directives.after.iter().chain(&step.directives.needs);
            let known = ids.filter_map(|id| positions.get(id.as_str()).copied());
            // One of another role comes before or after it anyway.
            known.filter(|other| steps[*other].directives.role == step.directives.role).collect()
        })
        .collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); steps.len()];
    let mut open: Vec<usize> = awaited.iter().map(Vec::len).collect();
    for (position, awaited) in awaited.iter().enumerate() {
        awaited.iter().for_each(|other| followers[*other].push(position));
    }
    let turns = turns(steps);
    let turn = |position: usize| Reverse((turns[position], position));
    let mut ready: BinaryHeap<Reverse<((u8, usize), usize)>> = (0..steps.len()).filter(|position| open[*position] == 0).map(turn).collect();
    let mut order = Vec::with_capacity(steps.len());
    while let Some(Reverse((_, position))) = ready.pop() {
        order.push(position);
        for follower in &followers[position] {
            open[*follower] -= 1;
            if open[*follower] == 0 {
                ready.push(turn(*follower));
            }
        }
    }
    if order.len() == steps.len() { Ok(order) } else { Err(circle(&awaited, &open)) }
}

/// Walks from a step that never had its turn to one that it waits for, until one comes again.
fn circle(awaited: &[Vec<usize>], open: &[usize]) -> Vec<usize> {
    let mut path: Vec<usize> = Vec::new();
    let mut places: HashMap<usize, usize> = HashMap::new();
    let mut next = open.iter().position(|open| *open > 0);
    while let Some(position) = next {
        if let Some(start) = places.insert(position, path.len()) {
            return path.split_off(start);
        }
        path.push(position);
        next = awaited[position].iter().copied().find(|other| open[*other] > 0);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::{Companions, parse};

    /// The ids in the order of the run, of steps that are written `id keys`.
    #[track_caller]
    fn check(steps: &[&str], expected: &str) {
        let text: String = steps.iter().map(|keys| format!("<!-- docent: name={keys} -->\n```bash\n:\n```\n\n")).collect();
        let (runbook, _) = parse("x.md", text.as_bytes(), &Companions::default());
        let ids: Vec<&str> = order(&runbook).into_iter().map(|position| runbook.steps[position].id.as_str()).collect();
        assert_eq!(ids.join(" "), expected);
    }

    #[test]
    fn steps_run_as_they_stand_unless_they_come_after_another() {
        check(&["a", "b cleanup", "c", "d setup", "e"], "d a c e b");
        check(&["a", "b after=d", "c", "d", "e"], "a c d b e");
        check(&["a after=c", "b needs=a", "c"], "c a b");
        check(&["a", "b after=a,c", "c after=a"], "a c b");
        check(&["a after=s", "s setup", "c cleanup after=a"], "s a c");
    }

    #[test]
    fn a_document_cleans_up_before_those_that_it_builds_on() {
        let text = "<!-- docent: name=ID-1 cleanup -->\n```bash\n:\n```\n\n<!-- docent: name=ID-2 -->\n```bash\n:\n```\n\n\
                    <!-- docent: name=ID-3 cleanup -->\n```bash\n:\n```\n";
        let one = |id: &str| parse(&format!("{id}.md"), text.replace("ID", id).as_bytes(), &Companions::default()).0;
        let mut runbook = one("c");
        runbook.before = vec![std::sync::Arc::new(one("a")), std::sync::Arc::new(one("b"))];
        let flat = crate::runbook::flatten(&runbook);
        let ids: Vec<&str> = order(&flat).into_iter().map(|position| flat.steps[position].id.as_str()).collect();
        assert_eq!(ids.join(" "), "a/a-2 b/b-2 c-2 c-1 c-3 b/b-1 b/b-3 a/a-1 a/a-3");
    }

    #[test]
    fn steps_that_wait_for_each_other_are_found_and_stay() {
        check(&["a", "b after=c", "c after=d", "d after=b", "e"], "a b c d e");
        let step = |id: &str, after: &str| Step {
            id: id.into(),
            directives: crate::runbook::StepDirectives { after: vec![after.into()], ..Default::default() },
            ..blank()
        };
        assert_eq!(arrange(&[step("a", "b"), step("b", "c"), step("c", "b")]), Err(vec![1, 2]));
    }

    fn blank() -> Step {
        parse("x.md", b"```bash\n:\n```\n", &Companions::default()).0.steps.remove(0)
    }
}
