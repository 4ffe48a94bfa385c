//! What of a document's words an output has: each word, and which words stand beside each other.

use super::index::Index;
use super::words::{ABOUT_OTHER, CLASSES, Counts, Word};

/// The words of a document, and how often what they ask for was found in an output.
pub(super) struct Bag {
    words: Index,
    /// For each word of the document its number.
    numbers: Vec<u32>,
    /// How many words of each class the output has; those of a language are not counted.
    classes: [u32; CLASSES],
    /// What ids and URLs are about.
    about: Counts,
    /// How many of those, and of other words of no language, do not tell.
    untold: u32,
    pairs: Index,
    /// For each two neighbours in the document their number.
    pair_numbers: Vec<Option<u32>>,
    /// The neighbours on both sides of each name within its line, where another one may stand.
    holes: Index,
    /// How many words the output has.
    pub count: usize,
}

impl Bag {
    /// Looks for the words of a document, but for the times among them, in those of an output, which `printed` shows in order.
    pub(super) fn new(shown: &[Word], printed: impl FnOnce(&mut dyn FnMut(Word))) -> Self {
        let mut words = Index::new(shown.len());
        let mut pairs = Index::new(shown.len());
        let mut holes = Index::new(shown.iter().filter(|word| word.is_name()).count());
        let numbers = shown.iter().map(|word| words.ask(word.exact)).collect();
        let is_pair = |pair: &[Word]| !pair[0].is_gap() && !pair[1].is_gap();
        let pair_numbers = shown.windows(2).map(|pair| is_pair(pair).then(|| pairs.ask(neighbours(&pair[0], &pair[1])))).collect();
        for at in (0..shown.len()).filter(|at| shown[*at].is_name()) {
            if let Some(hole) = hole_at(shown, at) {
                holes.ask(hole);
            }
        }
        let mut bag =
            Self { words, numbers, classes: [0; CLASSES], about: Counts::default(), untold: 0, pairs, pair_numbers, holes, count: 0 };
        let mut read =
            Read { bag: &mut bag, words: Vec::with_capacity(READ_MAX), pairs: Vec::with_capacity(READ_MAX), last: None, before: None };
        printed(&mut |word| read.word(word));
        read.end();
        bag
    }

    /// Takes a word of the document by its place, exactly as it is.
    pub(super) fn take(&mut self, at: usize) -> bool {
        self.numbers.get(at).is_some_and(|number| self.words.take(*number))
    }

    /// Takes one that looks like this one.
    pub(super) fn take_alike(&mut self, word: &Word) -> bool {
        self.classes.get_mut(word.class()).is_some_and(take)
    }

    /// Takes one that is about the same, or about nothing that it tells.
    pub(super) fn take_about(&mut self, word: &Word) -> bool {
        word.about <= ABOUT_OTHER || self.about.get_mut(&word.about).is_some_and(take) || take(&mut self.untold)
    }

    /// Takes each two neighbours in the document, in order; whether the output has them.
    pub(super) fn take_pairs(&mut self) -> Vec<bool> {
        let pairs = &mut self.pairs;
        self.pair_numbers.iter().map(|number| number.is_some_and(|number| pairs.take(number))).collect()
    }

    /// Takes the neighbours of a name.
    pub(super) fn take_hole(&mut self, shown: &[Word], at: usize) -> bool {
        hole_at(shown, at).is_some_and(|hole| {
            let number = self.holes.ask(hole);
            self.holes.take(number)
        })
    }
}

/// How many words are read before they are looked for.
const READ_MAX: usize = 512;

/// An output that is being read.
struct Read<'a> {
    bag: &'a mut Bag,
    /// Words that were read and not yet looked for: many in a row, so that the machine waits for its memory only once.
    words: Vec<u64>,
    pairs: Vec<u64>,
    /// The word before, and the one before that.
    last: Option<Word>,
    before: Option<Word>,
}

impl Read<'_> {
    fn word(&mut self, word: Word) {
        self.bag.count += 1;
        self.words.push(word.exact);
        if word.is_free() {
            let class = &mut self.bag.classes[word.class()];
            *class = class.saturating_add(1);
            // One that does not tell what it is about may be about anything.
            let about = if word.about == 0 { &mut self.bag.untold } else { self.bag.about.entry(word.about).or_default() };
            *about = about.saturating_add(1);
        }
        if !word.is_time() {
            if let Some(last) = &self.last {
                self.pairs.push(neighbours(last, &word));
            }
            self.hole(Some(&word));
            self.before = self.last.replace(word);
        }
        if self.words.len() >= READ_MAX {
            self.look();
        }
    }

    fn end(&mut self) {
        self.hole(None);
        self.look();
    }

    /// Counts the neighbours of the last word, of which `next` is one.
    fn hole(&mut self, next: Option<&Word>) {
        if self.bag.holes.is_empty() {
            return;
        }
        if let Some(last) = self.last.filter(|last| last.is_name() || last.is_plain())
            && let Some(hole) = hole(self.before.as_ref(), &last, next)
        {
            self.bag.holes.count(hole);
        }
    }

    fn look(&mut self) {
        let (words, pairs) = (&mut self.bag.words, &mut self.bag.pairs);
        self.words.drain(..).for_each(|word| words.count(word));
        self.pairs.drain(..).for_each(|pair| pairs.count(pair));
    }
}

fn take(count: &mut u32) -> bool {
    let has = *count > 0;
    *count -= u32::from(has);
    has
}

fn neighbours(left: &Word, right: &Word) -> u64 {
    left.symbol().rotate_left(23).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ right.symbol()
}

fn hole_at(words: &[Word], at: usize) -> Option<u64> {
    hole(at.checked_sub(1).and_then(|at| words.get(at)), &words[at], words.get(at + 1))
}

/// The neighbours of a word within its line; none unless one of them is a word that must be found.
fn hole(left: Option<&Word>, word: &Word, right: Option<&Word>) -> Option<u64> {
    let beside = |other: Option<&Word>| other.filter(|other| other.line == word.line).copied();
    let (left, right) = (beside(left), beside(right));
    let anchored = left.is_some_and(|word| word.is_plain()) || right.is_some_and(|word| word.is_plain());
    let side = |word: Option<Word>| word.map_or(1, |word| word.symbol());
    anchored.then(|| side(left).rotate_left(31).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ side(right))
}

#[cfg(test)]
mod tests {
    use super::{Bag, Word};
    use crate::score::words::words;

    fn bag(shown: &[Word], printed: &str) -> Bag {
        Bag::new(shown, |found| words(printed, false).into_iter().for_each(found))
    }

    #[test]
    fn each_word_and_each_two_neighbours_are_taken_as_often_as_the_output_has_them() {
        let shown = words("the pod is up the pod web-1 fell", false);
        let mut found = bag(&shown, "a pod is up\nsomebody fell");
        let taken: Vec<bool> = (0..shown.len()).map(|at| found.take(at)).collect();
        assert_eq!(taken, [false, true, true, true, false, false, false, true]);
        assert_eq!(found.take_pairs(), [false, true, true, false, false, false, false]);
        assert_eq!(found.count, 6);
    }

    #[test]
    fn another_name_stands_between_the_same_neighbours() {
        let shown = words("deleted web-1 now", false);
        for (printed, stands) in
            [("deleted db now", true), ("deleted\ndb\nnow", false), ("deleted 12:00:01 db now", true), ("deleted now", false)]
        {
            assert_eq!(bag(&shown, printed).take_hole(&shown, 1), stands, "{printed}");
        }
    }

    #[test]
    fn words_of_a_shape_are_taken_by_it_and_by_what_they_are_about() {
        let shown = words("https://a.vault.azure.net/ 10", false);
        let mut found = bag(&shown, "https://b.blob.core.windows.net/ 20 30");
        assert!(found.take_alike(&shown[0]) && !found.take_alike(&shown[0]));
        // Both numbers are about nothing that they tell.
        assert_eq!([(); 3].map(|()| found.take_about(&shown[0])), [true, true, false]);
        assert!(found.take_alike(&shown[1]) && found.take_alike(&shown[1]) && !found.take_alike(&shown[1]));
    }
}
