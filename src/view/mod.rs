//! Views: other readings of a text, in which rules look besides the text itself. One file each, one line in [`VIEWS`].
//!
//! A view is a bounded transducer: it sees the text in pieces and says which of its bytes stand for which text, in
//! [`Shown`]. What it says depends on the text alone, never on the pieces. It knows nothing of rules; the engine scans
//! what it shows and takes findings back to the text's own bytes by a [`Map`].

mod apart;
mod base32;
mod base64;
mod encoded;
mod escapes;
mod folded;
mod hex;
mod leet;
mod lookalikes;
mod map;
mod markup;
mod morse;
mod table;
mod tags;

use std::fmt;
use std::ops::Range;

pub use folded::composed;
pub use map::Map;

/// A kind of view.
pub struct ViewKind {
    /// For people who read docs and code.
    pub name: &'static str,
    /// Ends the sentence "seen …" in verdicts.
    pub why: &'static str,
    /// What it shows.
    pub shape: Shape,
    /// For whom.
    pub readers: Readers,
    /// A view of a text from this byte on, before which it shows the text itself.
    pub make: fn(usize) -> Box<dyn View>,
    /// Whether there is something in this piece that it may show, of views of the whole differently; and whether the text
    /// ends with the piece. Until then, and as far as it looks back no further than to the last character, the view need
    /// not be there.
    pub wakes: fn(&str, bool) -> bool,
}

/// Every view that this version has.
pub const VIEWS: &[ViewKind] = &[
    folded::KIND,
    base64::KIND,
    escapes::KIND,
    lookalikes::KIND,
    base32::KIND,
    hex::KIND,
    leet::KIND,
    apart::KIND,
    markup::KIND,
    morse::KIND,
    tags::KIND,
];

/// Which rules read a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// All that read views.
    All,
    /// Those that ask for it: it shows what ordinary text may be taken for, too.
    Asking,
}

/// What a view shows of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// All of it, with some characters spelled differently. It costs nothing while nothing is.
    Whole,
    /// Texts of their own that stand inside it, encoded.
    Inside,
}

/// Makes the tables that views read, so that no text waits for them.
pub fn prepare() {
    composed();
    folded::prepare();
    lookalikes::prepare();
    apart::prepare();
}

/// One view of one text.
pub trait View: fmt::Debug + Send + Sync {
    /// Sees the next piece, whole characters, and shows what can be told by now.
    fn feed(&mut self, piece: &str, shown: &mut Shown);

    /// The text has ended.
    fn finish(&mut self, shown: &mut Shown);

    /// Nothing that is shown from now on stands for bytes before this one.
    fn open(&self) -> usize;

    /// The same view at the same place.
    fn copy(&self) -> Box<dyn View>;

    /// Of views of the whole: whether `next` has nothing to do with what came before it.
    fn begins(&self, _next: char) -> bool {
        true
    }

    /// Of views of the whole: all that is open, if that is one character that stands for itself unless what follows makes
    /// it one of [`composed`].
    fn plain(&self) -> Option<char> {
        None
    }
}

impl Clone for Box<dyn View> {
    fn clone(&self) -> Box<dyn View> {
        self.copy()
    }
}

/// What a view shows of one piece.
#[derive(Clone, Debug, Default)]
pub struct Shown {
    steps: Vec<Step>,
    units: Vec<Units>,
    text: String,
}

/// Something that a view shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A text inside the text begins.
    Begin,
    /// These bytes stand for themselves.
    Same(Range<usize>),
    /// These of the shown units come next, and this of the shown text. Units may come before all of their text does.
    Units(Range<usize>, Range<usize>),
    /// The text inside has ended.
    End,
}

/// Units of an encoding that are of one size and stand directly one behind the other: bytes of the text, and how many
/// bytes of the view stand for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Units {
    /// Bytes of the text, of all of them.
    pub from: Range<usize>,
    /// Number of bytes of the text in each.
    pub size: usize,
    /// Number of bytes of the view for each.
    pub len: usize,
}

impl Shown {
    /// Forgets everything, keeps the memory.
    pub fn clear(&mut self) {
        self.steps.clear();
        self.units.clear();
        self.text.clear();
    }

    /// What was shown, in order.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Units of a step.
    pub fn units(&self, range: Range<usize>) -> &[Units] {
        self.units.get(range).unwrap_or_default()
    }

    /// Text of a step.
    pub fn text(&self, range: Range<usize>) -> &str {
        self.text.get(range).unwrap_or_default()
    }

    /// Whether the view shows nothing but the text itself.
    pub fn is_same(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Step::Same(_)))
    }

    fn begin(&mut self) {
        self.steps.push(Step::Begin);
    }

    fn end(&mut self) {
        self.steps.push(Step::End);
    }

    fn same(&mut self, range: Range<usize>) {
        match self.steps.last_mut() {
            _ if range.is_empty() => {}
            Some(Step::Same(last)) if last.end == range.start => last.end = range.end,
            _ => self.steps.push(Step::Same(range)),
        }
    }

    /// A unit, and as much text as is complete with it.
    fn unit(&mut self, from: Range<usize>, len: usize, text: &str) {
        let size = from.len();
        self.row(Units { from, size, len }, text);
    }

    /// Units in a row, and as much text as is complete with them.
    fn row(&mut self, row: Units, text: &str) {
        self.text.push_str(text);
        let end = self.text.len();
        let Some(Step::Units(last, shown)) = self.steps.last_mut() else {
            self.units.push(row);
            let units = self.units.len();
            return self.steps.push(Step::Units(units - 1..units, end - text.len()..end));
        };
        if !self.units.last_mut().is_some_and(|last| last.goes_on(&row)) {
            self.units.push(row);
        }
        (last.end, shown.end) = (self.units.len(), end);
    }
}

impl Units {
    /// Takes units in that come directly behind these, if they are of the same size.
    fn goes_on(&mut self, next: &Units) -> bool {
        let goes_on = (self.from.end, self.size, self.len) == (next.from.start, next.size, next.len);
        if goes_on {
            self.from.end = next.from.end;
        }
        goes_on
    }

    /// The bytes of the text of each.
    pub fn each(&self) -> impl Iterator<Item = Range<usize>> + use<> {
        let size = self.size;
        self.from.clone().step_by(size.max(1)).map(move |at| at..at + size)
    }
}

/// By which views a text is seen, the outermost first. Empty: as it stands. The shorter way comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Path([u8; MAX_DEPTH + 1]);

impl Path {
    /// Whether this is the text as it stands.
    pub fn is_text(self) -> bool {
        self == Path::default()
    }

    /// The way on through the view with this index. `None`: too deep.
    pub fn then(self, view: usize) -> Option<Path> {
        let mut path = self;
        let inner = VIEWS.get(view)?.shape == Shape::Inside;
        let decoded = self.views().filter(|view| view.shape == Shape::Inside).count();
        let end = path.0.iter_mut().find(|step| **step == 0).filter(|_| !inner || decoded < MAX_DEPTH)?;
        *end = u8::try_from(view + 1).ok()?;
        Some(path)
    }

    /// Whether only rules read on this way that ask for it.
    pub fn is_asked_for(self) -> bool {
        self.views().any(|view| view.readers == Readers::Asking)
    }

    /// Whether this way begins with all of another one.
    pub fn starts_with(self, other: Path) -> bool {
        self.0.iter().zip(other.0).all(|(own, other)| other == 0 || *own == other)
    }

    /// The views on the way.
    pub fn views(self) -> impl Iterator<Item = &'static ViewKind> {
        self.0.into_iter().filter_map(|step| VIEWS.get(usize::from(step).checked_sub(1)?))
    }
}

/// How often a text inside a text is taken for one that may hold texts itself. What is deeper is over the limit.
pub const MAX_DEPTH: usize = 3;

/// Characters that show nothing: Unicode's `Default_Ignorable_Code_Point`, and the annotation marks.
fn is_invisible(char: char) -> bool {
    matches!(char,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
pub(crate) mod tests;
#[cfg(test)]
pub(crate) use tests::{encode, in_escapes};
